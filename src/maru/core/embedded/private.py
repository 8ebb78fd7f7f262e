"""Files and folders one user alone may read."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from maru.core.embedded.account import ServerAccount
from maru.core.embedded.errors import DatabaseProblem
from maru.core.terminal_words import _


def make_socket_folder(folder: Path, account: ServerAccount) -> None:
    """Make the folder of the socket, or check that the one there is ours.

    :raises DatabaseProblem: it belongs to somebody else.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        account.give(folder)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid not in {account.uid, os.geteuid()}:
        raise DatabaseProblem(
            _("The socket folder %(folder)s belongs to somebody else.") % {"folder": folder},
            _("Set MARU_DATA to a folder with a shorter path."),
        )
    account.give(folder)


def write_private(path: Path, text: str, account: ServerAccount | None = None) -> None:
    """Write a file readable by one user only, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if account is not None:
        account.give(fresh)
    fresh.replace(path)


@contextlib.contextmanager
def readable_by(account: ServerAccount, text: str) -> Iterator[str]:
    """A short-lived file only the server's user can read; below /tmp, for the data folder may be closed to it."""
    with tempfile.TemporaryDirectory(prefix="maru-") as name:
        path = Path(name, "password")
        write_private(path, text + "\n", account)
        account.give(Path(name))
        yield str(path)
