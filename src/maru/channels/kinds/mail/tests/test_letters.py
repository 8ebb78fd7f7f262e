"""Mail as Korean, Japanese and English programs write it: read whole, and only the reply in sight."""

from pathlib import Path

import pytest

from maru.channels.kinds.mail.parse.model import ParsedMail
from maru.channels.kinds.mail.parse.reader import read_mail

LETTERS = Path(__file__).parent / "letters"

REPLIES = {
    "gmail-ko": (
        "이서윤",
        "Re: 로그인이 안 돼요",
        "ko",
        "네, 알려 주신 방법으로 다시 로그인해 보니 잘 됩니다.\n빠르게 도와주셔서 고맙습니다.",
    ),
    "gmail-ja": (
        "田中美咲",
        "Re: 配送について",
        "ja",
        "早速のご返信ありがとうございます。\n明日の午前中に届けば問題ありません。",
    ),
    "gmail-en": ("Kate Miller", "Re: Page stays empty", "en", "That fixed it, thank you!"),
    "outlook-ko-ksc5601": (
        "박지훈",
        "RE: 세금계산서 발행일 문의",
        "ko",
        "확인했습니다. 세금계산서는 이번 달 말일 자로 발행해 주세요.",
    ),
    "outlook-ko-html": ("최민지", "회신: 프린터 문의", "ko", "첨부해 주신 설명서대로 하니 인쇄가 됩니다.\n감사합니다."),
    "outlook-ja-iso2022jp": (
        "鈴木 一郎",
        "RE: 請求書の送付先",
        "ja",
        "ご確認ありがとうございます。\n請求書は①経理部宛てにお送りください。㈱サンプルの鈴木です。",
    ),
    "apple-ko": ("윤하늘", "Re: 앱 오류", "ko", "업데이트 후에는 괜찮아졌어요."),
    "apple-ja": ("森 さくら", "Re: アプリの不具合", "ja", "更新したら直りました。"),
    "naver-html": ("정우성", "RE: 배송지 확인", "ko", "주소는 그대로 두시면 됩니다.\n\n감사합니다."),
    "daum-text": ("오세훈", "Re: 결제 오류", "ko", "카드를 바꾸니 결제가 되었습니다."),
    "thunderbird-ko-below": ("문가영", "Re: 용량 문의", "ko", "네, 10GB로 늘려 주세요."),
}

CHARSETS = {
    "docomo-sjis": ("キャンセルしたい", "ｷｬﾝｾﾙをお願いします。\n髙橋です。"),
    "iso2022jp-unlabelled": ("hello", "注文番号を間違えました。変更をお願いします。"),
    "iso2022kr": ("설치 문의", "프로그램 설치가 끝나지 않습니다."),
    "euckr-raw-headers": ("환불은 언제 되나요?", "지난주에 신청한 환불이 아직 안 들어왔습니다."),
    "euckr-labelled-utf8": ("order", "주문을 취소하고 싶습니다. 확인 부탁드립니다."),
    "utf8-labelled-euckr": ("order", "배송지를 바꾸고 싶습니다. 가능한가요?"),
    "subject-cut-inside-character": ("제목이 글자 가운데에서 잘린 메일입니다", "본문입니다."),
}


def letter(name: str) -> ParsedMail:
    mail = read_mail((LETTERS / f"{name}.eml").read_bytes())
    assert isinstance(mail, ParsedMail)
    return mail


@pytest.mark.row("EML-09")
@pytest.mark.parametrize("name", REPLIES)
def test_only_the_reply_is_in_sight(name: str) -> None:
    mail = letter(name)
    sender, subject, language, visible = REPLIES[name]
    assert (mail.sender.name, mail.subject, mail.language, mail.visible_text) == (sender, subject, language, visible)
    assert mail.quoted_text
    assert mail.sender_verified_syntax
    assert "help@ab.maru.localhost" not in mail.html_visible


@pytest.mark.parametrize("name", CHARSETS)
def test_words_survive_their_character_set(name: str) -> None:
    mail = letter(name)
    assert (mail.subject, mail.visible_text) == CHARSETS[name]


@pytest.mark.row("EML-09")
def test_a_ruled_box_of_contacts_is_a_signature() -> None:
    mail = letter("ja-ruled-signature")
    assert mail.visible_text == "お世話になっております。\n納期を来週金曜日に変更できますでしょうか。"
    assert "TEL 03-1234-5678" in mail.signature


@pytest.mark.row("EML-11")
@pytest.mark.parametrize(
    ("name", "original"), [("forward-ko", "buyer@shop.example"), ("forward-ja", "okyaku@shop.example")]
)
def test_a_forward_names_its_original_sender_and_keeps_his_words(name: str, original: str) -> None:
    mail = letter(name)
    assert mail.forwarded_from is not None
    assert mail.forwarded_from.address == original
    assert original in mail.visible_text
    assert mail.quoted_text == ""


@pytest.mark.row("EML-07")
def test_out_of_office_is_known() -> None:
    mail = letter("out-of-office-ko")
    assert (mail.auto_kind, mail.out_of_office, mail.suppress_reply) == ("auto-replied", True, True)


@pytest.mark.row("EML-07")
def test_bounces_are_read_by_standard_and_by_words() -> None:
    standard, words = letter("bounce-dsn").bounce, letter("bounce-ko-words").bounce
    assert standard is not None
    assert words is not None
    assert (standard.recipients, standard.status, standard.permanent) == (["gone@example.kr"], "5.1.1", True)
    assert standard.original_message_id == "maru.original@ab.maru.localhost"
    assert words.recipients == ["nobody@portal.example"]
    assert words.original_message_id == "maru.words@ab.maru.localhost"


def test_attachment_names_of_both_standards() -> None:
    assert [file.name for file in letter("attachment-names").attachments] == ["계약서 최종.pdf", "견적서.hwp"]


def test_inline_pictures_stay_and_everything_active_goes() -> None:
    mail = letter("inline-and-hostile")
    assert [(file.content_id, file.inline) for file in mail.attachments] == [("shot@example.kr", True)]
    assert 'src="cid:shot@example.kr"' in mail.html_safe
    assert mail.remote_images == ["https://tracker.example/p.gif"]
    assert "tracker.example" not in mail.html_safe
    assert "alert" not in mail.html_safe
    assert "onerror" not in mail.html_safe
