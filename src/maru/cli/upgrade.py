"""``maru upgrade-database``: bring the embedded database from an older major version of PostgreSQL to ours.

The old cluster is started once more with the programs that wrote it and copied, as a back-up and a restore would, into
a new one beside it, which takes its place only when it is whole and every table has its rows. No row of the old one is
changed, though its server writes to its own files as at any start, and it is kept, so that there is a way back. Cut off
at any point, the command is simply run again.
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path

from maru.cli import dump
from maru.cli.database import house_lock
from maru.cli.terminal import CommandProblem, say
from maru.core.embedded.binaries import older_binaries, wheel_binaries
from maru.core.embedded.older import OlderPostgres
from maru.core.embedded.server import EmbeddedPostgres
from maru.core.environment import Environment
from maru.core.terminal_words import _

# The new cluster and, compressed, what is under way, in parts of the old one's size.
ROOM = 1.6
MEGABYTE = 1024 * 1024


def upgrade(environment: Environment, asked: argparse.Namespace) -> int:
    """Bring the data over; does nothing when they are ours already."""
    if not environment.embedded:
        raise CommandProblem(
            _("DATABASE_URL names a PostgreSQL of your own; upgrade it with its own tools."),
            _("Maru works with any version from 15 on."),
        )
    with house_lock(environment):
        server = EmbeddedPostgres(environment.data)
        found, ours = server.status().version, wheel_binaries().major
        # A finished copy counts only once the old cluster has been set aside: before, somebody may have gone on with that.
        if server.exists or not server.upgraded.is_dir():
            if found is None:
                raise CommandProblem(
                    _("There is no database in %(folder)s yet.") % {"folder": environment.data},
                    _("“maru run” makes it."),
                )
            if found == ours:
                say(_("The database is of PostgreSQL %(version)s already.") % {"version": ours})
                return 0
            if found > ours:
                raise CommandProblem(
                    _("The database is of PostgreSQL %(found)s, newer than this Maru's %(ours)s.")
                    % {"found": found, "ours": ours},
                    _("There is no way back but a backup."),
                )
            _copy(server, found, Path(asked.programs).absolute() if asked.programs else None)
        _clear(_work(server))
        kept = _put_in_place(server)
    say(_("The database is of PostgreSQL %(version)s now. Start Maru with “maru run”.") % {"version": ours})
    if kept is not None:
        say(_("The old one is kept in %(folder)s; remove it when all is well.") % {"folder": kept})
    return 0


def _copy(server: EmbeddedPostgres, version: int, programs: Path | None) -> None:
    """Leave a whole copy in ``server.upgraded``; the old cluster keeps its rows and its place."""
    older = OlderPostgres(server.data, older_binaries(version, programs))
    work = _work(server)
    # What an attempt that was cut off has left takes room, and the old cluster may hold newer rows since.
    _clear(work)
    if server.upgraded.exists():
        shutil.rmtree(server.upgraded)
    _require_room(server)
    fresh = EmbeddedPostgres(work)
    work.mkdir(mode=0o700)
    # The same passwords: only the folder changes hands at the end.
    shutil.copy2(server.data / "postgres-passwords.json", work)
    say(_("Copying the database from PostgreSQL %(old)s …") % {"old": version})
    try:
        older.ensure_started()
        fresh.ensure_started()
        dump.copy(older.superuser_url, fresh.superuser_url, work / "database.dump")
    except BaseException:
        fresh.stop(immediately=True)
        shutil.rmtree(work, ignore_errors=True)
        raise
    finally:
        older.stop()
    fresh.stop()
    own = server.folder / "local.conf"
    if own.is_file():
        # Settings of the person's own; the new server says so when it does not know one.
        shutil.copyfile(own, fresh.folder / own.name)
    fresh.folder.rename(server.upgraded)


def _work(server: EmbeddedPostgres) -> Path:
    """Where the copy comes into being, with a dump of everything and the passwords."""
    return server.data / "postgres-upgrade"


def _clear(work: Path) -> None:
    """Remove it, and end the server that may still be running there."""
    if work.exists():
        EmbeddedPostgres(work).stop(immediately=True)
        shutil.rmtree(work)


def _put_in_place(server: EmbeddedPostgres) -> Path | None:
    """Swap the two; between the steps there is no cluster, and ``maru run`` refuses to make an empty one."""
    kept = None
    if server.exists:
        kept = server.folder.with_name(f"postgres-{server.status().version}")
        while kept.exists():
            kept = kept.with_name(f"{kept.name}-old")
        server.folder.rename(kept)
    server.upgraded.rename(server.folder)
    descriptor = os.open(server.data, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return kept


def _require_room(server: EmbeddedPostgres) -> None:
    files = (Path(parent, name) for parent, _folders, names in os.walk(server.folder) for name in names)
    needed = int(sum(file.stat().st_size for file in files) * ROOM)
    free = shutil.disk_usage(server.data).free
    if free < needed:
        raise CommandProblem(
            _("The disk of %(folder)s has %(free)s MB free, and the upgrade needs %(needed)s MB.")
            % {"folder": server.data, "free": f"{free // MEGABYTE:,}", "needed": f"{needed // MEGABYTE:,}"},
            _("Make room, or move the data folder to a larger disk."),
        )
