"""Processes die at random while mail and requests come in; nothing is lost, nothing comes twice."""

import hashlib
import random
import smtplib
import subprocess
import sys
import threading
import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from maru.channels.kinds.mail.tests.dovecot import PASSWORD, USER, Dovecot
from tests.torture.running import Running

PARTS = ("web", "worker", "mail", "postgres")

ADD_MAILBOX = """
import sys, django; django.setup()
from maru.core.encryption import encrypt
from maru.core.tenancy import tenant
from maru.inboxes.models import Mailbox, secret_place
from maru.organizations.models import Organization, Service
port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
organization = Organization.objects.get(slug="ab")
with tenant(organization.id):
    row = Mailbox(service=Service.objects.get(), address=user, host="127.0.0.1", port=port, security="none", user_name=user)
    row.save()
    row.secret = encrypt(organization.id, secret_place(row.id, "secret"), password)
    row.save()
"""


def add_mailbox(running: Running, server: Dovecot) -> None:
    """Let the house fetch from an outside mailbox. Tried again: the database may just have been killed."""
    command = [sys.executable, "-c", ADD_MAILBOX, str(server.port), USER, PASSWORD]
    deadline = time.monotonic() + 120
    while (done := subprocess.run(command, env=running.env, capture_output=True, text=True)).returncode != 0:
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.5)


def letters(count: int, seed: int) -> dict[str, bytes]:
    """Mails by Message-ID, of different sizes and languages."""
    chance = random.Random(seed)
    made: dict[str, bytes] = {}
    for number in range(count):
        mail = EmailMessage()
        key = f"<torture-{seed}-{number}@sender.example>"
        mail["From"] = f"Sender {number} <sender{number}@sender.example>"
        mail["To"] = "help@ab.maru.localhost"
        mail["Subject"] = chance.choice(["환불해주세요", "返金をお願いします", "Please help"]) + f" {number}"
        mail["Message-ID"] = key
        mail.set_content("본문 テキスト text\n" * chance.randint(1, 200))
        if chance.random() < 0.2:
            mail.add_attachment(chance.randbytes(20_000), maintype="image", subtype="png", filename="그림.png")
        made[key] = mail.as_bytes(policy=SMTP)
    return made


def send_until_taken(port: int, raw: bytes, deadline: float) -> None:
    """What every mail server does: try again until somebody says 250. Raises TimeoutError."""
    while time.monotonic() < deadline:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=10) as door:
                door.sendmail("sender@sender.example", ["help@ab.maru.localhost"], raw)
                return
        except (OSError, smtplib.SMTPException):
            time.sleep(0.3)
    raise TimeoutError("nobody took the mail")


def send_all(running: Running, mails: dict[str, bytes], seconds: float, senders: int = 4) -> list[Exception]:
    waiting, lock, failures = list(mails.values()), threading.Lock(), []
    deadline = time.monotonic() + seconds

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                raw = waiting.pop()
            try:
                send_until_taken(running.smtp_port, raw, deadline)
            except Exception as problem:
                failures.append(problem)
                return

    threads = [threading.Thread(target=work) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def wait_until_done(running: Running, count: int, seconds: float) -> dict[str, int]:
    deadline = time.monotonic() + seconds
    status: dict[str, int] = {}
    while time.monotonic() < deadline:
        try:
            status = running.mail_status()
        except Exception:
            time.sleep(1)
            continue
        if status["received"] >= count and status["pending"] == 0:
            break
        time.sleep(0.5)
    return status


@pytest.mark.row("EML-02", "EML-07")
def test_mail_survives_random_kills(running: Running, large: bool, seed: int) -> None:
    count, kills = (500, 20) if large else (120, 6)
    mails = letters(count, seed)
    chance = random.Random(seed + 1)
    stop = threading.Event()
    killed: list[str] = []

    def killer() -> None:
        while len(killed) < kills and not stop.wait(chance.uniform(0.8, 2.5)):
            part = chance.choice(PARTS)
            if running.kill(part):
                killed.append(part)

    thread = threading.Thread(target=killer)
    thread.start()
    with Dovecot() as outside:
        add_mailbox(running, outside)
        keys = list(mails)
        # A third comes by way of an outside mailbox, while its reader is being killed too.
        fetched = {key: mails.pop(key) for key in keys[::3]}
        hand_in = threading.Thread(target=lambda: [outside.append(raw) for raw in fetched.values()])
        hand_in.start()
        failures = send_all(running, mails, 600)
        hand_in.join()
        thread.join(300)
        stop.set()
        thread.join()
        assert not failures, failures
        running.wait_ready(120)
        status = wait_until_done(running, count, 300)
    mails |= fetched
    print(f"killed {killed}; {len(fetched)} fetched by IMAP; {status}")
    assert len(killed) == kills
    assert status["pending"] == 0
    assert status["quarantined"] == 0
    with running.connect() as connection:
        rows = connection.execute("select raw, sha256, ticket_id from channels_rawmail").fetchall()
        kept = {hashlib.sha256(bytes(raw)).hexdigest(): ticket for raw, _sha, ticket in rows}
        tickets = connection.execute("select count(*) from tickets_ticket").fetchone()
        messages = connection.execute(
            "select count(*), count(distinct header_id) from tickets_message where kind = 'customer'"
        ).fetchone()
    sent = {hashlib.sha256(raw).hexdigest() for raw in mails.values()}
    assert len(rows) == count
    assert set(kept) == sent
    assert all(sha == hashlib.sha256(bytes(raw)).hexdigest() for raw, sha, _ticket in rows)
    assert None not in kept.values()
    assert tickets == (count,)
    assert messages == (count, count)


@pytest.mark.row("EML-07")
def test_everything_killed_at_once_and_started_again(running: Running) -> None:
    with running.connect() as connection:
        before = connection.execute("select count(*) from tickets_message").fetchone()
    running.kill_everything()
    running.start()
    with running.connect() as connection:
        after = connection.execute("select count(*) from tickets_message").fetchone()
    assert after == before
