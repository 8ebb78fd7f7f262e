"""Outside mailboxes against a real Dovecot: each message once, nothing written, clear words when it fails."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from maru.channels.kinds.mail import imap
from maru.channels.kinds.mail.imap_connection import Access, ImapError, access_token, checked_address, connect
from maru.channels.kinds.mail.imap_connection import test_connection as try_connection
from maru.channels.kinds.mail.tests.conftest import letter
from maru.channels.kinds.mail.tests.dovecot import PASSWORD, USER, Dovecot
from maru.channels.models import RawMail
from maru.core.encryption import CannotDecrypt, decrypt, encrypt
from maru.core.tenancy import tenant
from maru.inboxes.models import Mailbox, secret_place

pytestmark = [pytest.mark.django_db, pytest.mark.row("EML-02")]


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with Dovecot() as running:
        yield running


@pytest.fixture(autouse=True)
def empty(server: Dovecot) -> None:
    server.clear()


@pytest.fixture
def mailbox(server: Dovecot, organization: Any, service: Any) -> Mailbox:
    with tenant(organization.id):
        row = Mailbox(
            service=service,
            address=USER,
            host="127.0.0.1",
            port=server.port,
            security=Mailbox.Security.NONE,
            user_name=USER,
        )
        row.save()
        row.secret = encrypt(organization.id, secret_place(row.id, "secret"), PASSWORD)
        row.save(update_fields=["secret"])
        row.refresh_from_db()
    return row


@pytest.fixture
def look(mailbox: Mailbox) -> Callable[[], int]:
    """One look into the mailbox with a fresh connection and the stored cursor; returns how many were new."""

    def run() -> int:
        with tenant(mailbox.organization_id):
            current = Mailbox.objects.get(id=mailbox.id)
        client = connect(current)
        try:
            return imap.fetch_new(client, current, client.select_folder(current.folder, readonly=True))
        finally:
            client.logout()

    return run


def rows(mailbox: Mailbox) -> list[RawMail]:
    with tenant(mailbox.organization_id):
        return list(RawMail.objects.order_by("id"))


def raw(number: int) -> bytes:
    return letter(subject=f"mail {number}", message_id=f"{number}@x").replace("\n", "\r\n").encode()


def test_each_message_is_taken_in_once_and_nothing_is_written(server: Dovecot, mailbox: Mailbox, look: Any) -> None:
    server.append(raw(1))
    server.append(raw(2))
    assert look() == 2
    assert look() == 0
    server.append(raw(3))
    assert look() == 1
    assert [bytes(row.raw) for row in rows(mailbox)] == [raw(1), raw(2), raw(3)]
    assert all(b"Seen" not in flags for flags in server.flags())
    with tenant(mailbox.organization_id):
        assert Mailbox.objects.get(id=mailbox.id).last_uid == imap_uid(rows(mailbox)[-1])


def imap_uid(row: RawMail) -> int:
    return int(row.dedupe_key.rpartition(":")[2])


def test_a_lost_cursor_doubles_nothing(server: Dovecot, mailbox: Mailbox, look: Any) -> None:
    server.append(raw(1))
    look()
    with tenant(mailbox.organization_id):
        Mailbox.objects.update(last_uid=0)
    assert look() == 0
    assert len(rows(mailbox)) == 1


def test_new_numbers_double_nothing(server: Dovecot, mailbox: Mailbox, look: Any) -> None:
    server.append(raw(1))
    server.append(raw(2))
    assert look() == 2
    server.renumber()
    server.append(raw(3))
    assert look() == 1
    assert len(rows(mailbox)) == 3


def test_what_somebody_has_read_before_is_left_alone(server: Dovecot, mailbox: Mailbox, look: Any) -> None:
    server.append(raw(1))
    with server.client() as connection:
        connection.store("1", "+FLAGS", "\\Seen")
    server.append(raw(2))
    assert look() == 1


def test_good_news_in_words(server: Dovecot) -> None:
    assert "IDLE" not in try_connection(access(server))
    assert "0" in try_connection(access(server))


def access(server: Dovecot, **changes: Any) -> Access:
    return replace(Access("127.0.0.1", server.port, "none", "password", USER, PASSWORD), **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secret": "wrong"}, "refused the user name or the password"),
        ({"folder": "Nowhere"}, "no folder"),
        ({"host": "no-such-host.invalid"}, "no server named"),
        ({"port": 1}, "Nothing listens"),
        ({"security": "tls"}, "encrypted connection"),
        ({"security": "tls", "port": 0}, "certificate"),
        ({"security": "starttls"}, "certificate"),
    ],
)
def test_bad_news_in_clear_words(server: Dovecot, changes: dict[str, Any], words: str) -> None:
    if changes.get("port") == 0:
        changes = {**changes, "port": server.tls_port}
    with pytest.raises(ImapError, match=words):
        try_connection(access(server, **changes))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "100.64.0.1", "64:ff9b::7f00:1"]
)
def test_a_public_house_reaches_no_private_servers(host: str, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, host="192.0.2.1")
    with pytest.raises(ImapError, match="public internet"):
        checked_address(host, 993)


def test_secrets_open_only_in_their_place(organization: Any, other_organization: Any) -> None:
    sealed = encrypt(organization.id, "inboxes.mailbox.secret:1", "open sesame")
    assert b"sesame" not in sealed
    assert decrypt(organization.id, "inboxes.mailbox.secret:1", sealed) == "open sesame"
    for owner, place in (
        (other_organization.id, "inboxes.mailbox.secret:1"),
        (organization.id, "inboxes.mailbox.secret:2"),
    ):
        with pytest.raises(CannotDecrypt):
            decrypt(owner, place, sealed)


class _Tokens(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append(body)
        good = "refresh_token=good" in body
        self.send_response(200 if good else 400)
        self.end_headers()
        self.wfile.write(json.dumps({"access_token": "fresh", "expires_in": 3600} if good else {"error": "x"}).encode())

    def log_message(self, *_words: object) -> None:
        """Quiet."""


def test_a_refresh_token_becomes_an_access_token(settings: Any) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), _Tokens)
    settings.OUTBOUND_ALLOWED, settings.OUTBOUND_PORTS = ["127.0.0.1/32"], [server.server_port]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/token"
    good = Access("x", 1, "tls", "google", "a@b.example", "good", "client", "secret")
    assert access_token(good, url) == "fresh"
    assert access_token(good, url) == "fresh"
    assert len(_Tokens.asked) == 1
    with pytest.raises(ImapError, match="expired"):
        access_token(replace(good, secret="bad"), url)
    server.shutdown()
