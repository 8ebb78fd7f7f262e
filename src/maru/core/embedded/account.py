"""Under which system user the embedded PostgreSQL runs.

PostgreSQL refuses to work as root, for good reason. Started by a person, it runs as that person. Started by root
(a container, a fresh machine), it runs as the system user ``maru``, which is created when it is missing.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maru.core.embedded.errors import DatabaseProblem
from maru.core.terminal_words import _

SYSTEM_USER = "maru"
# Where no user can be created (a minimal image), these exist nearly everywhere and own nothing of worth.
STAND_INS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """The user the server runs as."""

    uid: int
    gid: int
    switched: bool

    def process_options(self) -> dict[str, Any]:
        """Keyword arguments for ``subprocess`` that start a process as this user."""
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make this user the owner of one path."""
        if self.switched:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def give_tree(self, folder: Path) -> None:
        """Make this user the owner of a folder and all in it, when it belongs to another one."""
        if not self.switched or folder.stat().st_uid == self.uid:
            return
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                self.give(Path(parent, name))
        # The folder itself last: when this is cut off, the next start begins anew.
        self.give(folder)

    def data_argument(self, data: Path) -> str:
        """What to pass as ``-D``; the process has to be started with ``data`` as its working directory.

        The data folder may lie below a directory the system user may not enter (``/root/maru/var``). The process
        gets there nevertheless because root sets its working directory before switching users, and
        ``/proc/self/cwd`` leads to that place without walking the parents. So nobody's directories are loosened.
        PostgreSQL itself uses paths relative to its data folder only.
        """
        return "/proc/self/cwd" if self.switched else str(data)


def server_account() -> ServerAccount:
    """The user for the server: ourselves, or a system user when we are root.

    :raises DatabaseProblem: we are root and there is no user to switch to.
    """
    if os.geteuid() != 0:
        return ServerAccount(os.geteuid(), os.getegid(), switched=False)
    if not sys.platform.startswith("linux"):
        raise DatabaseProblem(_("The embedded database cannot run as root here."), _("Start Maru as an ordinary user."))
    entry = _find_user(SYSTEM_USER) or _create_user() or next(filter(None, map(_find_user, STAND_INS)), None)
    if entry is None:
        raise DatabaseProblem(
            _("The embedded database cannot run as root, and the system user “maru” could not be created."),
            _("Create it (useradd --system maru) or start Maru as an ordinary user."),
        )
    return ServerAccount(entry.pw_uid, entry.pw_gid, switched=True)


def _find_user(name: str) -> pwd.struct_passwd | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return entry if entry.pw_uid != 0 else None


def _create_user() -> pwd.struct_passwd | None:
    tool = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if tool is None:
        return None
    subprocess.run(
        [
            *(tool, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"),
            *("--shell", "/usr/sbin/nologin", SYSTEM_USER),
        ],
        capture_output=True,
        check=False,
    )
    return _find_user(SYSTEM_USER)
