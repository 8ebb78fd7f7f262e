"""Character sets: right labels, wrong labels, none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maru.channels.kinds.mail.parse.charsets import codec_name, decode

WORDS = {
    "ko": ["안녕하세요. 배송이 아직 안 왔어요. 환불해 주세요.", "홍길동", "문의", "결제 오류 문의", "김민수"],
    "ja": [
        "お世話になっております。注文した商品が届きません。",
        "東京都",
        "山田太郎",
        "パスワードを忘れました",
        "ﾊﾝｶｸｶﾅ テスト",
    ],
    "zh": ["您好,我想退货,请问怎么办理?谢谢您", "请问"],
    "ru": ["Здравствуйте, где мой заказ?", "Привет"],
    "fr": ["Où est ma commande ? Merci à vous, Hélène", "café", "Grüße aus München"],
}
ENCODINGS = {
    "ko": ["cp949", "iso2022_kr", "utf-8"],
    "ja": ["cp932", "euc_jp", "iso2022_jp_ext", "utf-8"],
    "zh": ["gb18030", "utf-8"],
    "ru": ["cp1251", "utf-8"],
    "fr": ["cp1252", "utf-8"],
}
CASES = [(text, encoding) for language, texts in WORDS.items() for text in texts for encoding in ENCODINGS[language]]


@pytest.mark.parametrize(("text", "encoding"), CASES)
def test_text_is_found_whatever_the_label(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    for label in ("", encoding, "us-ascii", "iso-8859-1", "utf-8"):
        assert decode(data, label)[0] == text, label


def test_nec_and_ibm_characters_of_japanese_mail() -> None:
    assert decode(b"\x1b$B-!-j\x1b(B", "iso-2022-jp")[0] == "①㈱"
    assert decode("髙﨑①".encode("cp932"), "shift_jis")[0] == "髙﨑①"


def test_iso_2022_kr_without_its_designator() -> None:
    data = "설치 문의".encode("iso2022_kr").replace(b"\x1b$)C", b"")
    assert decode(data, "iso-2022-kr")[0] == "설치 문의"


@pytest.mark.parametrize(
    "label", ["base64", "zip", "rot13", "unicode_escape", "idna", "punycode", "no-such", "../x", "\0"]
)
def test_labels_that_are_no_character_set(label: str) -> None:
    assert codec_name(label) == ""
    assert isinstance(decode(b"\xb0\xa1 abc", label)[0], str)


@given(
    st.binary(max_size=400),
    st.sampled_from(["", "euc-kr", "iso-2022-jp", "iso-2022-kr", "utf-7", "utf-16", "hz", "big5", "euc-jp", "johab"]),
)
def test_no_bytes_are_ever_an_error(data: bytes, label: str) -> None:
    text, _codec, _defect = decode(data, label)
    assert isinstance(text, str)
