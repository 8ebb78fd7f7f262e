"""Mail that goes out: right in real programs, nothing can be smuggled into a header."""

from dataclasses import replace
from email import message_from_bytes, policy

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from maru.channels.kinds.mail import address
from maru.channels.kinds.mail.compose import (
    ComposeError,
    DkimKey,
    File,
    HeaderInjection,
    InvalidAddress,
    Outgoing,
    TooLarge,
    compose,
    encode_words,
    envelope_address,
)
from maru.channels.kinds.mail.parse import ParsedMail
from maru.channels.kinds.mail.parse.headers import decode_words
from maru.channels.kinds.mail.parse.reader import read_mail

KEY = address.keys_from(["k" * 40])[0]
SUBJECT = "Re: 환불 문의에 대한 답변을 드립니다 お問い合わせの件 " * 3 + "#[T-1111-2222-3333]"
MAIL = Outgoing(
    sender="help@ab.maru.localhost",
    sender_name='AB 회사, (주) "고객"센터',
    recipient="kim@customer.example",
    recipient_name="김철수",
    subject=SUBJECT,
    text="안녕하세요.\n답변입니다.",
    html='<p>안녕하세요.<img src="cid:shot@x"></p>',
    message_id=address.message_id(KEY, 1, "T111122223333", "kim@customer.example", "ab.maru.localhost"),
    reply_to=address.reply_address(KEY, 1, "T111122223333", "kim@customer.example", "ab.maru.localhost"),
    in_reply_to="b@customer.example",
    references=["a@customer.example", "b@customer.example"],
    automatic="auto-replied",
    files=[File("한글 이름.pdf", "application/pdf", b"%PDF"), File("shot.png", "image/png", b"png", "shot@x")],
)
BREAKS = ["\r", "\n", "\r\nBcc: x@y.example", "\x0b", "\x0c", "\u2028", "\u2029", "\x85", "\0", "\x1c"]
FIELDS = ["subject", "sender_name", "recipient_name", "sender", "recipient", "reply_to", "message_id", "in_reply_to"]


def test_other_programs_read_what_we_wrote() -> None:
    raw = compose(MAIL)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()
    stdlib = message_from_bytes(raw, policy=policy.default)
    assert stdlib["subject"] == SUBJECT
    assert stdlib["from"].addresses[0].display_name == MAIL.sender_name
    assert stdlib["to"].addresses[0].addr_spec == MAIL.recipient
    assert [part.get_filename() for part in stdlib.walk() if part.get_filename()] == ["shot.png", "한글 이름.pdf"]
    ours = read_mail(raw)
    assert isinstance(ours, ParsedMail)
    assert (ours.subject, ours.sender.name, ours.auto_kind) == (SUBJECT, MAIL.sender_name, "auto-replied")
    assert ours.references == list(MAIL.references)
    assert ours.sender_verified_syntax


@pytest.mark.row("EML-07")
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("breaking", BREAKS)
def test_no_header_can_be_injected(field: str, breaking: str) -> None:
    value: str = getattr(MAIL, field)
    with pytest.raises(ComposeError):
        compose(replace(MAIL, **{field: f"{value[:3]}{breaking}{value[3:]}"}))


def test_extra_headers_are_checked_too() -> None:
    for headers in ({"X-A": "b\r\nBcc: x"}, {"X A": "b"}, {"X-A:": "b"}, {"Bcc\n": "b"}):
        with pytest.raises(HeaderInjection):
            compose(replace(MAIL, headers=headers))


@pytest.mark.parametrize(
    "bad",
    ["", "x", "a@", "@b", "a b@c.d", "a@b c.d", "<a@b.c>", "a@b..c", "a@b.c>", "a\n@b.c", "가@b.c", "a" * 65 + "@b.c"],
)
def test_envelope_addresses_are_plain(bad: str) -> None:
    with pytest.raises(InvalidAddress):
        envelope_address(bad)


def test_other_letters_in_a_domain_become_ascii() -> None:
    assert envelope_address("a@한국.kr") == "a@xn--3e0b707e.kr"


def test_too_large_is_said() -> None:
    with pytest.raises(TooLarge):
        compose(replace(MAIL, files=[File("x.zip", "application/zip", bytes(23 * 1024 * 1024))]))


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\x85"), max_size=300))
def test_any_words_survive_a_header(words: str) -> None:
    encoded = encode_words(words)
    assert encoded.isascii()
    assert decode_words(encoded.replace("\r\n ", " ")).split() == words.split()


def test_dkim_signs_what_others_can_verify() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    raw = compose(MAIL, DkimKey("maru", "maru.localhost", pem))
    import base64

    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: record)
    assert not dkim.verify(raw.replace(b"Subject: ", b"Subject: x"), dnsfunc=lambda name, timeout=5: record)
