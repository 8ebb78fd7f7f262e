"""One Maru per data folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from maru.core.embedded.errors import DatabaseProblem, FolderInUse
from maru.core.terminal_words import _


class FolderLock:
    """A lock on a file that the system gives back by itself when the process dies, however it dies."""

    def __init__(self, path: Path, *, wait: bool = False) -> None:
        self.path = path
        self.wait = wait
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock.

        :raises FolderInUse: another process holds it (only when not told to wait).
        :raises DatabaseProblem: the folder cannot be written.
        """
        descriptor = self._open()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if self.wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise FolderInUse(
                _("Another Maru (process %(pid)s) already works on the data folder %(folder)s.")
                % {"pid": holder or "?", "folder": self.path.parent},
                _("Stop it first, or set MARU_DATA to another folder."),
            ) from problem
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        self._descriptor = descriptor

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as problem:
            raise DatabaseProblem(
                _("The data folder %(folder)s cannot be written: %(problem)s")
                % {"folder": self.path.parent, "problem": problem.strerror},
                _("Give yourself the right to write there, or set MARU_DATA to another folder."),
            ) from problem

    def release(self) -> None:
        """Give the lock back; the file stays, for removing it would let two holders in."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
