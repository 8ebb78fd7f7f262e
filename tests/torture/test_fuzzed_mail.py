"""Broken mail of every kind: no worker dies, none is lost, each within its limits of time and memory."""

import random
import re
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from maru.channels.kinds.mail.parse import ParserPool, Quarantine
from maru.channels.kinds.mail.parse.pool import WALL_SECONDS, _Child
from maru.channels.kinds.mail.parse.worker import CPU_SECONDS

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


class Watch:
    """What reading children use: processor time for each mail, in seconds, and the most memory one has held, in MB."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dearest = self.peak = 0.0
        self._ask = _Child.ask
        monkeypatch.setattr(_Child, "ask", lambda *given: self._watched(*given))

    def _watched(self, child: Any, raw: bytes, options: dict[str, Any], wall: float) -> Any:
        if not child.mails:
            # Starting is no reading: one that has read something has started.
            self._ask(child, b"Subject: x\r\n\r\nx", options, wall)
        process = psutil.Process(child.process.pid)
        before = sum(process.cpu_times()[:2])
        try:
            return self._ask(child, raw, options, wall)
        finally:
            # It is there even when the mail has ended it, until it is waited for.
            self.dearest = max(self.dearest, sum(process.cpu_times()[:2]) - before)
            held = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
            self.peak = max(self.peak, int(held[1]) / 1024 if held else 0)


@pytest.mark.row("EML-07")
def test_a_thousand_fuzzed_mails(large: bool, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    originals = seeds()
    read = quarantined = 0
    slowest = 0.0
    pool, watch = ParserPool(), Watch(monkeypatch)
    for number in range(10_000 if large else 1_000):
        raw = mutate(chance.choice(originals), chance)
        begun = time.monotonic()
        result = pool.parse(raw)
        slowest = max(slowest, time.monotonic() - begun)
        if isinstance(result, Quarantine):
            assert result.reason, number
            assert result.reason != "crash", (number, result)
            quarantined += 1
        else:
            read += 1
    pool.close()
    print(
        f"{read} read, {quarantined} quarantined, slowest {slowest:.2f} s, dearest {watch.dearest:.2f} s of CPU, largest child {watch.peak:.0f} MB"
    )
    assert read + quarantined == (10_000 if large else 1_000)
    assert read > quarantined
    assert watch.dearest <= CPU_SECONDS == 5
    # How long it all lasts is up to what else the machine does, within the pool's limit for each try.
    assert slowest < 3 * WALL_SECONDS
    assert watch.peak < 600
