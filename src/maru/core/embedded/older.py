"""A cluster an older Maru left, started once more with the programs that wrote it, to be read."""

from __future__ import annotations

from pathlib import Path

from maru.core.embedded.account import ServerAccount
from maru.core.embedded.binaries import Binaries, within_reach
from maru.core.embedded.private import make_socket_folder
from maru.core.embedded.server import EmbeddedPostgres


class OlderPostgres(EmbeddedPostgres):
    """Its settings stay as they are: ours may be unknown to it."""

    def __init__(self, data: Path, programs: Binaries) -> None:
        super().__init__(data)
        self._older = programs

    def _programs(self, account: ServerAccount) -> Binaries:
        return within_reach(self._older, account)

    def _configure(self, account: ServerAccount) -> None:
        if self.socket_folder != self.folder:
            make_socket_folder(self.socket_folder, account)

    def _arguments(self) -> list[str]:
        # The folder may have been moved since; the socket has to be where we look for it.
        own = self.socket_folder == self.folder
        return ["-c", f"unix_socket_directories={'.' if own else self.socket_folder}"]
