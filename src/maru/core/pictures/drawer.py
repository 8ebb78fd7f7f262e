"""The parent's side of drawing pictures: one child, killed and replaced when a picture is too much for it."""

from __future__ import annotations

import struct
import subprocess
import threading
from types import TracebackType
from typing import Self

from maru.core import confined

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
        confined.close_pipes(child)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.close()
        self._child = confined.start("maru.core.pictures.worker")
        return self._child


def _ask(child: subprocess.Popen[bytes], content: bytes) -> bytes:
    """One picture; raises EOFError or OSError when the child died over it."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(struct.pack("!I", len(content)) + content)
    child.stdin.flush()
    length = struct.unpack("!I", confined.read_exactly(child.stdout, 4))[0]
    return confined.read_exactly(child.stdout, length)
