"""The parent's side of drawing pictures: one child, killed and replaced when a picture is too much for it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from types import TracebackType
from typing import Self

WALL_SECONDS = 10.0


class Drawer:
    """Draws pictures anew, one after the other; a context manager that ends its child. Safe to use from threads."""

    def __init__(self, wall: float = WALL_SECONDS) -> None:
        self.wall = wall
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def draw(self, content: bytes) -> bytes | None:
        """The picture as WebP of at most 1600 × 1600 pixels; ``None`` when it is no PNG, JPEG, GIF or WebP, is over
        24 megapixels, or takes more than 4 s of CPU, 512 MB or 10 s in all. Never raises for what a picture holds."""
        with self._turn:
            child = self._running()
            timer = threading.Timer(self.wall, child.kill)
            timer.daemon = True
            timer.start()
            try:
                drawn = _ask(child, content)
            except (EOFError, OSError):
                self.close()
                return None
            finally:
                timer.cancel()
        return drawn or None

    def close(self) -> None:
        """Ends the child, whatever it is doing."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            try:
                if stream:
                    stream.close()
            except OSError:
                continue

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.close()
        environment = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LC_ALL", "HOME")}
        # The child gets no secrets of ours, only the way to the same code.
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "maru.core.pictures.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        return self._child


def _ask(child: subprocess.Popen[bytes], content: bytes) -> bytes:
    """One picture; raises EOFError or OSError when the child died over it."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(struct.pack("!I", len(content)) + content)
    child.stdin.flush()
    head = child.stdout.read(4)
    if len(head) < 4:
        raise EOFError
    length = struct.unpack("!I", head)[0]
    drawn = child.stdout.read(length)
    if len(drawn) < length:
        raise EOFError
    return drawn
