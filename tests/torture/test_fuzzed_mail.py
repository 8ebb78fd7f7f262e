"""Broken mail of every kind: no worker dies, none is lost, each within its limits of time and memory."""

import random
import re
import resource
import time
from pathlib import Path

import psutil
import pytest

from maru.channels.kinds.mail.parse import ParserPool, Quarantine
from maru.channels.kinds.mail.parse.pool import WALL_SECONDS

FIXTURES = Path(__file__).resolve().parents[2] / "src/maru/channels/kinds/mail/tests"
PIECES = [
    b"\r\n\r\n",
    b"--x\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Type: text/html; charset=iso-2022-jp\r\n",
    b"=?euc-kr?B?" + b"A" * 70 + b"?=",
    b"\x00",
    b"\xff\xfe",
    b"To: ((((((((",
    b"Message-ID: <[[[[>\r\n",
    b"<div>" * 300,
    b"begin 644 x\r\n",
    b"\x1b$B",
]


def seeds() -> list[bytes]:
    found = [path.read_bytes() for path in sorted(FIXTURES.rglob("*.eml"))]
    assert len(found) >= 10
    return found


def mutate(raw: bytes, chance: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0:
                data[at:at] = chance.choice(PIECES) * chance.choice([1, 1, 1, 5, 50])
            case 1:
                del data[at : at + chance.randrange(1, 400)]
            case 2:
                data[at:at] = chance.randbytes(chance.randrange(1, 60))
            case 3:
                piece = data[at : at + 300]
                data[at:at] = piece * chance.choice([1, 3, 40])
            case _:
                for _ in range(20):
                    if data:
                        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data[:2_000_000]) or b"x"


def readers() -> tuple[float, float]:
    """Of the reading children: most memory one has ever held, in MB, and processor time of all, in seconds."""
    most = used = 0.0
    for child in psutil.Process().children():
        try:
            if any("parse.worker" in word for word in child.cmdline()):
                status = Path(f"/proc/{child.pid}/status").read_text()
                most = max(most, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024)  # type: ignore[index]
                used += sum(child.cpu_times()[:2])
        except (psutil.NoSuchProcess, OSError, TypeError):
            continue
    # Those that ended, collected by us.
    return most, used + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


@pytest.mark.row("EML-07")
def test_a_thousand_fuzzed_mails(large: bool, seed: int) -> None:
    chance = random.Random(seed)
    originals = seeds()
    read = quarantined = 0
    slowest = peak = dearest = 0.0
    pool = ParserPool()
    used_before = readers()[1]
    for number in range(10_000 if large else 1_000):
        raw = mutate(chance.choice(originals), chance)
        begun = time.monotonic()
        result = pool.parse(raw)
        slowest = max(slowest, time.monotonic() - begun)
        held, used = readers()
        peak, dearest, used_before = max(peak, held), max(dearest, used - used_before), used
        if isinstance(result, Quarantine):
            assert result.reason, number
            assert result.reason != "crash", (number, result)
            quarantined += 1
        else:
            read += 1
    pool.close()
    print(
        f"{read} read, {quarantined} quarantined, slowest {slowest:.2f} s, dearest {dearest:.2f} s of CPU, largest child {peak:.0f} MB"
    )
    assert read + quarantined == (10_000 if large else 1_000)
    assert read > quarantined
    # Starting a child is in it too. How long it all lasts is up to what else the machine does, within the pool's limit for each try.
    assert dearest < 6.5
    assert slowest < 3 * WALL_SECONDS
    assert peak < 600
