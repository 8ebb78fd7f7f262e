"""What people change about themselves."""

import io
import struct
import zlib

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from maru.accounts import links
from maru.accounts.models import Account
from maru.accounts.tests.conftest import PASSWORD, Mail

PROFILE = {"name": "김하늘", "nickname": "", "language": "ko", "time_zone": "Asia/Seoul"}


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 400)) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, kind, exif=b"Exif\0\0secret place") if kind == "JPEG" else Image.new(
        "RGB", size, "teal"
    ).save(target, kind)
    return target.getvalue()


@pytest.mark.row("ACC-01")
def test_name_nickname_language_and_zone(account: Account, signed_in: Client) -> None:
    answer = signed_in.post(
        "/account", {"name": "이 하늘\u200b", "nickname": "하늘", "language": "ja", "time_zone": "Asia/Tokyo"}
    )
    assert answer.status_code == 302
    assert answer.cookies["maru_language"].value == "ja"
    account.refresh_from_db()
    assert (account.name, account.shown_name, account.time_zone) == ("이 하늘", "하늘", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "\u200b\u202e"), ("name", "x" * 101), ("language", "xx"), ("time_zone", "Moon/Sea")],
)
def test_bad_input_is_shown_beside_its_field(account: Account, signed_in: Client, field: str, value: str) -> None:
    answer = signed_in.post("/account", PROFILE | {field: value})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    account.refresh_from_db()
    assert account.name == "김하늘"


@pytest.mark.row("ACC-01")
def test_a_new_password_ends_all_other_sessions(account: Account, signed_in: Client, mails: list[Mail]) -> None:
    other = Client()
    other.post("/sign-in", {"email": account.email, "password": PASSWORD})
    assert other.get("/account").status_code == 200
    answer = signed_in.post("/account/password", {"current": PASSWORD, "password": "another horse 43"})
    assert answer.status_code == 302
    assert signed_in.get("/account").status_code == 200
    assert other.get("/account").status_code == 302
    assert mails[0].purpose == "security"


def test_the_current_password_is_asked_for_and_slowed_down(account: Account, signed_in: Client) -> None:
    for _try in range(5):
        answer = signed_in.post("/account/password", {"current": "wrong", "password": "another horse 43"})
        assert answer.status_code == 422
    answer = signed_in.post("/account/password", {"current": PASSWORD, "password": "another horse 43"})
    assert answer.status_code == 422
    account.refresh_from_db()
    assert account.check_password(PASSWORD)


@pytest.mark.row("ACC-01")
def test_a_new_address_is_proven_by_mail_and_the_old_one_told(
    account: Account, signed_in: Client, mails: list[Mail]
) -> None:
    answer = signed_in.post("/account/mail", {"email": "New@Example.com", "current": PASSWORD})
    assert answer.status_code == 302
    assert [(mail.recipient, mail.purpose) for mail in mails] == [
        ("new@example.com", "mail_change"),
        ("kim@example.com", "mail_change_notice"),
    ]
    path, stranger = mails[0].path, Client()
    assert stranger.get(path).status_code == 200
    account.refresh_from_db()
    assert account.email == "kim@example.com", "looking at the link changes nothing"
    assert stranger.post(path).status_code == 302
    account.refresh_from_db()
    assert account.email == "new@example.com"
    assert account.email_confirmed_at is not None
    assert stranger.post(path).status_code == 410, "once only"


def test_a_taken_address_is_not_told_and_not_taken(account: Account, signed_in: Client, mails: list[Mail]) -> None:
    Account.objects.create_user("lee@example.com", PASSWORD, name="Lee")
    assert signed_in.post("/account/mail", {"email": "lee@example.com", "current": PASSWORD}).status_code == 302
    assert mails == []
    path = links.mail_link(account, "lee@example.com").split("/", 3)[-1]
    assert signed_in.post(f"/{path}").status_code == 409


def test_a_forged_address_link(db: None, visitor: Client) -> None:
    assert visitor.get("/account/mail/abc:def:ghi").status_code == 410


@pytest.mark.row("ACC-02")
def test_an_emoji_of_the_set_becomes_the_avatar(account: Account, signed_in: Client) -> None:
    signed_in.post("/account/avatar", {"avatar": "🦊"})
    account.refresh_from_db()
    assert account.avatar == "🦊"
    signed_in.post("/account/avatar", {"avatar": "<b>"})
    account.refresh_from_db()
    assert account.avatar == "🦊"
    signed_in.post("/account/avatar", {"avatar": ""})
    account.refresh_from_db()
    assert account.avatar == ""


@pytest.mark.row("ACC-02")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_is_made_anew_small_and_square(account: Account, signed_in: Client, kind: str) -> None:
    signed_in.post("/account/avatar", {"picture": SimpleUploadedFile("me.svg", picture(kind))})
    account.refresh_from_db()
    answer = Client().get(account.avatar)
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "image/webp"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert Image.open(io.BytesIO(body)).size == (256, 256)
    assert b"secret" not in body


def test_the_former_picture_is_thrown_away(
    account: Account, signed_in: Client, django_capture_on_commit_callbacks: object
) -> None:
    signed_in.post("/account/avatar", {"picture": SimpleUploadedFile("me.png", picture())})
    account.refresh_from_db()
    first = account.avatar
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        signed_in.post("/account/avatar", {"avatar": "🦊"})
    assert Client().get(first).status_code == 404
    assert not default_storage.exists(f"avatars/{first.rsplit('/', 1)[-1]}")


def bomb() -> bytes:
    """A PNG of some kilobytes that says it has 30,000 × 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 90_001))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n", bomb(), b"x" * 5_300_000],
)
def test_what_is_no_picture_is_refused_in_words(account: Account, signed_in: Client, content: bytes) -> None:
    answer = signed_in.post("/account/avatar", {"picture": SimpleUploadedFile("me.png", content)}, follow=True)
    assert answer.status_code == 200
    account.refresh_from_db()
    assert account.avatar == ""


def test_pages_ask_for_sign_in(db: None, visitor: Client) -> None:
    for path in (
        "/account",
        "/account/security",
        "/account/devices",
        "/account/security/app",
        "/account/security/passkey",
    ):
        answer = visitor.get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in")
