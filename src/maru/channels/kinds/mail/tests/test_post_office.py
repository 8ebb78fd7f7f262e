"""The running mail process: real SMTP, a real relay, a real mailbox, `kill -9` in between."""

import hashlib
import json
import os
import smtplib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from maru.channels.kinds.mail.tests.conftest import letter
from maru.channels.kinds.mail.tests.dovecot import PASSWORD, USER, Dovecot
from maru.channels.kinds.mail.tests.nasty import NastyServer
from maru.testing.house import House

SET_UP = """
import django; django.setup()
from maru.testing.makers import make_organization
print(make_organization("ab", "AB Company").id)
"""
ADD_MAILBOX = """
import sys, django; django.setup()
from maru.core.encryption import encrypt
from maru.core.tenancy import tenant
from maru.inboxes.models import Mailbox, secret_place
from maru.organizations.models import Service
organization_id, port, user, password = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
with tenant(organization_id):
    row = Mailbox(service=Service.objects.get(), address=user, host="127.0.0.1", port=port, security="none", user_name=user)
    row.save()
    row.secret = encrypt(organization_id, secret_place(row.id, "secret"), password)
    row.save()
"""

# Seconds anything may take on a machine that does much else.
PATIENCE = 60.0


class Office:
    """A house with the mail process only, one organization ``ab``, a relay that may be nasty."""

    def __init__(self, folder: Path, relay: NastyServer) -> None:
        self.relay = relay
        certificate, key = folder / "cert.pem", folder / "key.pem"
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=maru.localhost",
        ]
        subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        self.house = House(
            folder,
            parts=(),
            MARU_RELAY_URL=f"smtp://127.0.0.1:{relay.port}",
            MARU_SMTP_CERTIFICATE=str(certificate),
            MARU_SMTP_CERTIFICATE_KEY=str(key),
        )
        self.organization_id = int(self.run(SET_UP))

    def run(self, code: str, *arguments: str) -> str:
        environment = {**self.house.env, "DJANGO_SETTINGS_MODULE": "maru.config.settings"}
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.house.env["MARU_APP_DATABASE_URL"], autocommit=True) as connection:
            connection.execute("select set_config('maru.organization_id', %s, false)", [str(self.organization_id)])
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def wait(self, query: str, wanted: Callable[[Any], bool], seconds: float = PATIENCE) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            found = self.rows(query)
            value = found[0][0] if found else None
            if wanted(value):
                return value
            assert time.monotonic() < deadline, f"{query}: {value}\n{self.house.log('mail')[-2000:]}"
            time.sleep(0.05)

    def until_ticket(self, sender: str, by: bytes | Dovecot) -> float:
        """Seconds from handing over a mail, to us or to the outside mailbox, until its sender has a ticket."""
        if isinstance(by, Dovecot):
            by.append(wire(letter(sender, message_id=f"idle-{sender}")))
            started = time.monotonic()
        else:
            with self.client() as client:
                started = time.monotonic()
                client.sendmail(sender, ["help@ab.maru.localhost"], by)
        self.wait(f"select count(*) from tickets_ticket where requester_email = '{sender}'", bool)
        return time.monotonic() - started

    def client(self, seconds: float = PATIENCE) -> smtplib.SMTP:
        deadline = time.monotonic() + seconds
        while True:
            try:
                return smtplib.SMTP("127.0.0.1", self.house.smtp_port, timeout=30)
            except OSError:
                assert time.monotonic() < deadline, self.house.log("mail")[-2000:]
                time.sleep(0.05)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with NastyServer() as relay:
        made = Office(tmp_path_factory.mktemp("office"), relay)
        with made.house:
            made.house.start("mail")
            yield made


def wire(mail: str) -> bytes:
    return f"{mail}\n".replace("\n", "\r\n").encode()


def test_what_is_refused_at_the_door(office: Office) -> None:
    with office.client() as client:
        client.ehlo()
        assert client.has_extn("smtputf8")
        assert client.has_extn("8bitmime")
        assert client.esmtp_features["size"] == str(35 * 1024 * 1024)
        client.mail("a@b.example")
        assert client.rcpt("nobody@ab.maru.localhost")[0] == 550
        assert client.rcpt("help@elsewhere.example")[0] == 550
        assert client.rcpt("help@no-such.maru.localhost")[0] == 550
        assert client.rcpt("HELP@AB.Maru.Localhost")[0] == 250
        assert client.rcpt("help+shop@ab.maru.localhost")[0] == 250
        client.putcmd("DATA")
        assert client.getreply()[0] == 354
        client.send(b"Subject: x\r\n\r\nsmuggled\n.\nMAIL FROM:<x@y>\r\n.\r\n")
        assert client.getreply()[0] == 554
        assert client.mail("a@b.example", ["SIZE=99999999"])[0] == 552
        client.mail("a@b.example")
        answers = [client.rcpt(f"help+{number}@ab.maru.localhost")[0] for number in range(51)]
        assert answers == [250] * 50 + [452]


def test_the_line_can_be_encrypted(office: Office) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with office.client() as client:
        assert client.starttls(context=context)[0] == 220
        client.ehlo()
        assert client.noop()[0] == 250


def test_a_mail_is_a_ticket_within_two_seconds_and_its_receipt_leaves(office: Office) -> None:
    raw = wire(letter("Park <park@customer.example>", message_id="speed@x"))
    times = [office.until_ticket("park@customer.example", raw)]
    while times[-1] >= 2:
        # The promise is made for a machine that does nothing else.
        assert len(times) < 5, times
        sender = f"park{len(times)}@outside.example"
        times.append(office.until_ticket(sender, wire(letter(sender, message_id=sender))))
    ((digest, size),) = office.rows("select sha256, size from channels_rawmail where header_id = 'speed@x'")
    assert (digest, size) == (hashlib.sha256(raw).hexdigest(), len(raw))
    office.wait(
        "select state from channels_outgoingmail where recipient = 'park@customer.example'", lambda s: s == "sent"
    )
    receipts = [recipient for _sender, recipient, _raw in office.relay.accepted if "outside" not in recipient]
    assert receipts == ["park@customer.example"]


def test_the_same_bytes_again_are_the_same_mail(office: Office) -> None:
    raw = wire(letter("Choi <choi@customer.example>", message_id="again@x"))
    for _ in range(3):
        with office.client() as client:
            client.sendmail("choi@customer.example", ["help@ab.maru.localhost"], raw)
    office.wait("select count(*) from tickets_ticket where requester_email = 'choi@customer.example'", bool)
    assert office.rows("select count(*) from channels_rawmail where header_id = 'again@x'") == [(1,)]
    alarm = wire("From: Sensor <sensor@customer.example>\nSubject: alarm\n\nhot")
    for _ in range(2):
        with office.client() as client:
            client.sendmail("sensor@customer.example", ["help@ab.maru.localhost"], alarm)
    office.wait(
        "select count(*) from tickets_ticket where requester_email = 'sensor@customer.example'", lambda n: n == 2
    )


@pytest.mark.row("EML-11")
def test_two_ways_at_the_same_moment_are_one_message(office: Office) -> None:
    total, ways = 15, ("help@ab.maru.localhost", "help+list@ab.maru.localhost")
    raws = [wire(letter(f"Yun <yun{n}@customer.example>", message_id=f"ways{n}@x")) for n in range(total)]

    def send(way: str) -> None:
        with office.client() as client:
            for raw in raws:
                client.sendmail("yun@customer.example", [way], raw)

    threads = [threading.Thread(target=send, args=(way,)) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    came = "select count(*) from channels_rawmail where header_id like 'ways%' and state in ('done', 'ignored')"
    office.wait(came, lambda n: n == 2 * total)
    assert office.rows("select count(*) from tickets_ticket where requester_email like 'yun%'") == [(total,)]


def test_status_counts_everything(office: Office) -> None:
    office.wait("select count(*) from channels_rawmail where state = 'received'", lambda n: n == 0)
    counted = json.loads(office.house.run("mail", "status", "--json"))
    total = office.rows("select count(*) from channels_rawmail")[0][0]
    assert counted == {"received": total, "done": total, "quarantined": 0, "pending": 0}


@pytest.mark.row("EML-07")
def test_kills_lose_and_double_nothing(office: Office) -> None:
    total, senders = 60, 3
    acknowledged: list[int] = []
    guard = threading.Lock()

    def send(numbers: range) -> None:
        for number in numbers:
            raw = wire(letter(f"Lee <lee{number}@customer.example>", message_id=f"kill{number}@x", body=f"글 {number}"))
            while True:
                try:
                    with office.client() as client:
                        client.sendmail("lee@customer.example", ["help@ab.maru.localhost"], raw)
                    break
                except (smtplib.SMTPException, OSError):
                    time.sleep(0.05)
            with guard:
                acknowledged.append(number)

    threads = [threading.Thread(target=send, args=(range(start, total, senders),)) for start in range(senders)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        time.sleep(0.7)
        office.house.kill("mail")
        office.house.start("mail")
    for thread in threads:
        thread.join(180)
    assert sorted(acknowledged) == list(range(total))
    counted = "select count(*) from tickets_ticket where requester_email like 'lee%@customer.example'"

    def all_there(count: int) -> bool:
        # A mail claimed by a killed process is taken up again when its lease has run out: now.
        office.rows("update channels_rawmail set due_at = now() where state = 'received' and attempts > 0")
        return count == total

    office.wait(counted, all_there, 120)
    assert office.rows(
        "select count(distinct requester_email) from tickets_ticket where requester_email like 'lee%'"
    ) == [(total,)]
    assert office.rows("select count(*) from channels_rawmail where header_id like 'kill%'") == [(total,)]


@pytest.mark.row("EML-02")
def test_a_mailbox_is_watched(office: Office) -> None:
    with Dovecot() as server:
        office.run(ADD_MAILBOX, str(office.organization_id), str(server.port), USER, PASSWORD)
        office.wait("select last_success_at is not null from inboxes_mailbox", bool)
        times = [office.until_ticket("jung@customer.example", server)]
        while times[-1] >= 5:
            # Told by the server, not found at the next look half a minute later; a busy machine may be slow once.
            assert len(times) < 5, times
            times.append(office.until_ticket(f"jung{len(times)}@customer.example", server))
        office.house.kill("mail")
        server.append(wire(letter("Jang <jang@customer.example>", message_id="dead@x")))
        office.house.start("mail")
        office.wait("select count(*) from tickets_ticket where requester_email = 'jang@customer.example'", bool)
        assert all(b"Seen" not in flags for flags in server.flags())
    office.wait("select last_error from inboxes_mailbox", bool)


def test_a_stop_is_clean(office: Office) -> None:
    process = office.house.processes["mail"]
    with office.client():
        process.terminate()
        assert process.wait(PATIENCE) == 0
    children = subprocess.run(["ps", "--ppid", str(process.pid), "-o", "pid="], capture_output=True, text=True)
    assert children.stdout.strip() == ""
    assert os.path.exists(office.house.folder)
