"""The child process: kept on a short leash, replaced when a mail is too much for it."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from maru.channels.kinds.mail.parse import ParsedMail, ParserPool, Quarantine
from maru.channels.kinds.mail.parse.pool import WALL_SECONDS, _Child

PLAIN = b"From: a@b.c\r\nSubject: hi\r\n\r\nhello"


@pytest.fixture
def pool() -> Iterator[ParserPool]:
    made = ParserPool(1)
    yield made
    made.close()


def test_a_child_is_used_again(pool: ParserPool) -> None:
    pool.parse(PLAIN)
    first = pool._idle.get()
    pool._idle.put(first)
    for _ in range(50):
        assert isinstance(pool.parse(PLAIN), ParsedMail)
    assert pool._idle.get() is first
    assert first.mails == 51
    first.close()


def test_the_child_knows_neither_django_nor_our_secrets() -> None:
    code = (
        "import sys, maru.channels.kinds.mail.parse.worker;"
        "print([name for name in ('django', 'psycopg', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    os.environ["MARU_SECRET_PROBE"] = "must-not-be-seen"
    child = _Child()
    try:
        with open(f"/proc/{child.process.pid}/environ", "rb") as environment:
            assert b"must-not-be-seen" not in environment.read()
    finally:
        child.close()
        del os.environ["MARU_SECRET_PROBE"]


@pytest.mark.row("EML-07")
def test_a_killed_child_costs_one_more_try_only(pool: ParserPool) -> None:
    pool.parse(PLAIN)
    child = pool._idle.get()
    pool._idle.put(child)
    os.kill(child.process.pid, signal.SIGKILL)
    assert isinstance(pool.parse(PLAIN), ParsedMail)


@pytest.mark.row("EML-07")
def test_a_mail_that_takes_too_long_is_quarantined() -> None:
    pool = ParserPool(1)
    try:
        pool.parse(PLAIN)
        child = pool._idle.get()
        pool._idle.put(child)
        os.kill(child.process.pid, signal.SIGSTOP)
        pool.wall = 0.3
        started = time.monotonic()
        result = pool.parse(PLAIN)
        assert isinstance(result, Quarantine)
        assert result.reason == "timeout"
        assert time.monotonic() - started < WALL_SECONDS
        pool.wall = WALL_SECONDS
        assert isinstance(pool.parse(PLAIN), ParsedMail)
    finally:
        pool.close()


@pytest.mark.row("EML-07")
def test_memory_is_limited(pool: ParserPool) -> None:
    raw = b"From: a@b.c\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + "가".encode() * (11 * 1024 * 1024)
    result = pool.parse(raw)
    assert isinstance(result, ParsedMail) or result.reason in ("memory", "cpu", "crash")
    assert isinstance(pool.parse(PLAIN), ParsedMail)


def test_threads_share_the_pool() -> None:
    pool = ParserPool(2)
    results: list[object] = []
    threads = [threading.Thread(target=lambda: results.append(pool.parse(PLAIN))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.close()
    assert len(results) == 8
    assert all(isinstance(result, ParsedMail) for result in results)


HOSTILE = {
    "50,000 boundaries": b"From: a@b.c\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 150,
    "short lines": b"From: a@b.c\r\n\r\n" + b"\n" * 2_000_000,
    "quotes": b"From: a@b.c\r\n\r\n" + b"> x\n" * 400_000,
    "attributions": b"From: a@b.c\r\n\r\n" + b"On Mon, Jan 1, 2024 at 10:00 x\n" * 15_000,
    "labels": b"From: a@b.c\r\n\r\n" + b"From: x\n" * 15_000,
    "rules": b"From: a@b.c\r\n\r\n" + b"-" * 300_000,
    "html depth": b"From: a@b.c\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 90_000,
    "html attributes": b"From: a@b.c\r\nContent-Type: text/html\r\n\r\n<a " + b"b=1 " * 100_000,
    "blockquotes": b"From: a@b.c\r\nContent-Type: text/html\r\n\r\n" + b"<blockquote>x</blockquote>" * 18_000,
    "hr": b"From: a@b.c\r\nContent-Type: text/html\r\n\r\n" + b"<hr>x" * 40_000,
    "words": b"From: a@b.c\r\nSubject: " + b"=?utf-8?B?YQ==?= " * 3_500 + b"\r\n\r\nhi",
    "parameters": b"From: a@b.c\r\nContent-Type: text/plain" + b";a=b" * 15_000 + b"\r\n\r\nhi",
}


@pytest.mark.row("EML-07")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_read_or_quarantined_in_time(name: str, pool: ParserPool) -> None:
    pool.parse(PLAIN)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = pool.parse(HOSTILE[name])
    pool.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time of all children it took, for how long that lasts is up to what else the machine does.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 6.5
    assert isinstance(result, ParsedMail) or result.reason in ("cpu", "memory", "timeout"), result
    assert isinstance(pool.parse(PLAIN), ParsedMail)
