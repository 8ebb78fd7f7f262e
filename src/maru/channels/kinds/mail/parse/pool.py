"""The parent's side of reading mail: a few waiting children, killed and replaced when a mail is too much for them."""

from __future__ import annotations

import atexit
import json
import signal
import struct
import subprocess
import threading
from queue import Empty, SimpleQueue
from typing import Any

from maru.channels.kinds.mail.parse.limits import scan
from maru.channels.kinds.mail.parse.model import ParsedMail, Quarantine
from maru.core import confined

WALL_SECONDS = 10.0
#: A child is replaced after so many mails, so that its memory cannot creep.
MAILS_PER_CHILD = 500


class _Child:
    def __init__(self) -> None:
        self.mails = 0
        self.timed_out = False
        self.process = confined.start("maru.channels.kinds.mail.parse.worker")

    def ask(self, raw: bytes, options: dict[str, Any], wall: float) -> ParsedMail | Quarantine:
        """One mail; raises `EOFError` or `OSError` when the child died over it."""
        self.mails += 1
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        timer = threading.Timer(wall, self._late)
        timer.daemon = True
        timer.start()
        try:
            encoded = json.dumps(options).encode()
            stdin.write(struct.pack("!I", len(encoded)) + encoded + struct.pack("!Q", len(raw)))
            stdin.write(raw)
            stdin.flush()
            data = json.loads(self._read(struct.unpack("!I", self._read(4))[0]))
            if "quarantine" in data:
                return Quarantine(*data["quarantine"])
            contents = [self._read(item["content"]) for item in data["mail"]["attachments"]]
            return ParsedMail.from_json(data["mail"], contents)
        finally:
            timer.cancel()

    def _read(self, length: int) -> bytes:
        assert self.process.stdout is not None
        return confined.read_exactly(self.process.stdout, length)

    def _late(self) -> None:
        self.timed_out = True
        self.process.kill()

    def cause(self) -> Quarantine:
        """Why the child died."""
        try:
            code = self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if self.timed_out:
            return Quarantine("timeout", f"{WALL_SECONDS:g} s")
        if code == -signal.SIGXCPU:
            return Quarantine("cpu")
        return Quarantine("crash", f"exit {code}")

    def close(self) -> None:
        """Ends the child, politely first."""
        confined.close_pipes(self.process)
        try:
            self.process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class ParserPool:
    """Up to `size` children, started when first needed. Safe to use from several threads."""

    def __init__(self, size: int = 2, wall: float = WALL_SECONDS) -> None:
        self.wall = wall
        self._idle: SimpleQueue[_Child] = SimpleQueue()
        self._slots = threading.BoundedSemaphore(size)
        self._closed = False

    def parse(self, raw: bytes, *, envelope_from: str | None = None, authserv_id: str = "") -> ParsedMail | Quarantine:
        """Reads a mail in a child with 5 s of CPU, 512 MB and 10 s in all. Never raises for anything a mail holds.

        A child that dies of something other than a limit gets one more try with a fresh one, for the mail before may
        have been to blame, or somebody killed it.
        """
        refused = scan(raw)
        if refused is not None:
            return refused
        options = {"envelope_from": envelope_from, "authserv_id": authserv_id}
        with self._slots:
            result = self._ask(raw, options)
            if isinstance(result, Quarantine) and result.reason == "crash":
                result = self._ask(raw, options)
            return result

    def warm(self) -> None:
        """Starts one child ahead of the first mail."""
        with self._slots:
            self._idle.put(self._take())

    def close(self) -> None:
        """Ends all idle children."""
        self._closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _take(self) -> _Child:
        while True:
            try:
                child = self._idle.get_nowait()
            except Empty:
                return _Child()
            if child.process.poll() is None:
                return child
            child.close()

    def _ask(self, raw: bytes, options: dict[str, Any]) -> ParsedMail | Quarantine:
        child = self._take()
        try:
            result = child.ask(raw, options, self.wall)
        except (EOFError, OSError, ValueError):
            cause = child.cause()
            child.close()
            return cause
        worn = child.mails >= MAILS_PER_CHILD or (
            isinstance(result, Quarantine) and result.reason in ("memory", "unreadable")
        )
        if worn or self._closed:
            child.close()
        else:
            self._idle.put(child)
        return result


_pool: ParserPool | None = None
_guard = threading.Lock()


def pool() -> ParserPool:
    """The pool of this process."""
    global _pool
    with _guard:
        if _pool is None:
            _pool = ParserPool()
            atexit.register(_pool.close)
        return _pool


def parse(raw: bytes, *, envelope_from: str | None = None, authserv_id: str = "") -> ParsedMail | Quarantine:
    """Reads a mail with the pool of this process; see `ParserPool.parse`."""
    return pool().parse(raw, envelope_from=envelope_from, authserv_id=authserv_id)
