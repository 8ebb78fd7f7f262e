"""``maru backup`` and ``maru restore``: everything of a house in one tar file.

The file holds ``manifest.json`` (what it is, with a checksum of each member), ``database.dump`` (pg_dump's custom
format), ``secret-key`` and ``files/``. Whoever has the file has everything, so it is readable by its owner only.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO, Any

from maru.cli import dump, preparation
from maru.cli.database import house_lock, running_database
from maru.cli.terminal import CommandProblem, say
from maru.core.embedded.server import EmbeddedPostgres
from maru.core.environment import Environment
from maru.core.terminal_words import _

FORMAT = 1
MANIFEST, DATABASE, SECRET_KEY, FILES = "manifest.json", "database.dump", "secret-key", "files"
CHUNK = 1024 * 1024


def backup(environment: Environment, asked: argparse.Namespace) -> int:
    """Write the archive; the house may keep running.

    The database is dumped first, at one moment; files are never changed once written, so every file it names is
    there when they are copied afterwards.
    """
    target = Path(asked.file).absolute()
    if not target.parent.is_dir():
        raise CommandProblem(_("The folder %(folder)s does not exist.") % {"folder": target.parent})
    if target.is_dir():
        raise CommandProblem(_("%(file)s is a folder; name the file to write in it.") % {"file": target})
    with running_database(environment), _unfinished(target) as unfinished:
        with tempfile.TemporaryDirectory(prefix=".maru-backup-", dir=target.parent) as folder:
            database = Path(folder, DATABASE)
            about = dump.write(environment, database)
            _write_archive(environment, unfinished, database, about)
    size = target.stat().st_size / 1_000_000
    say(_("Backup written: %(file)s (%(size)s MB)") % {"file": target, "size": f"{size:,.1f}"})
    return 0


def restore(environment: Environment, asked: argparse.Namespace) -> int:
    """Bring an archive back into an empty house, or into any with ``--force``; checks the archive wholly first."""
    source = Path(asked.file).absolute()
    if not source.is_file():
        raise CommandProblem(_("There is no file %(file)s.") % {"file": source})
    with house_lock(environment):
        environment.data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".maru-restore-", dir=environment.data) as name:
            folder = Path(name)
            manifest = _unpack(source, folder)
            key = (folder / SECRET_KEY).read_text(encoding="ascii").strip()
            if environment.given_secret_key not in {None, key}:
                raise CommandProblem(_("MARU_SECRET_KEY is not the key of this backup; unset it or set the old one."))
            server = EmbeddedPostgres(environment.data) if environment.embedded else None
            if server is not None:
                server.ensure_started()
            try:
                _replace(environment, folder, manifest, force=asked.force)
            finally:
                if server is not None:
                    server.stop()
    say(_("Restored from %(file)s. Start Maru with “maru run”.") % {"file": source})
    return 0


# ---- writing -----------------------------------------------------------------------------------------------------


def _write_archive(environment: Environment, unfinished: Path, database: Path, about: dict[str, Any]) -> None:
    checksums: dict[str, str] = {}
    with tarfile.open(unfinished, "w", format=tarfile.PAX_FORMAT) as archive:
        _add_file(archive, database, DATABASE, checksums)
        _add_bytes(archive, SECRET_KEY, (environment.secret_key + "\n").encode("ascii"), checksums)
        for file in _files_of(environment.files):
            name = f"{FILES}/{file.relative_to(environment.files).as_posix()}"
            _add_file(archive, file, name, checksums)
        manifest = {
            "format": FORMAT,
            "maru": version("maru"),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "database": about,
            "sha256": checksums,
        }
        # Last, for only now the checksums are known.
        _add_bytes(archive, MANIFEST, json.dumps(manifest, indent=1).encode(), {})


def _files_of(folder: Path) -> Iterator[Path]:
    for parent, _folders, names in os.walk(folder):
        for name in sorted(names):
            file = Path(parent, name)
            if file.is_file() and not file.is_symlink():
                yield file


def _add_file(archive: tarfile.TarFile, file: Path, name: str, checksums: dict[str, str]) -> None:
    # A file removed since it was listed went together with the row that named it.
    with contextlib.suppress(FileNotFoundError), open(file, "rb") as opened:
        checksums[name] = hashlib.file_digest(opened, "sha256").hexdigest()
        opened.seek(0)
        archive.addfile(_member(name, os.fstat(opened.fileno()).st_size), opened)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes, checksums: dict[str, str]) -> None:
    checksums[name] = hashlib.sha256(content).hexdigest()
    archive.addfile(_member(name, len(content)), io.BytesIO(content))


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o600
    member.mtime = int(datetime.now(UTC).timestamp())
    return member


@contextlib.contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A private file that gets the wanted name only when it is whole."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        yield unfinished
        with open(unfinished, "rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


# ---- reading -----------------------------------------------------------------------------------------------------


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Unpack into a folder and check everything against the manifest.

    :raises CommandProblem: it is no backup of ours, it is damaged, or it is newer than this Maru.
    """
    found: dict[str, str] = {}
    try:
        with tarfile.open(source, "r:") as archive:
            for member in archive:
                _check_member(member)
                content = archive.extractfile(member)
                if content is not None:
                    found[member.name] = _copy_out(content, folder / member.name)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    except (tarfile.TarError, OSError, ValueError) as problem:
        raise CommandProblem(
            _("%(file)s is not a complete backup of Maru: %(problem)s") % {"file": source, "problem": problem}
        ) from problem
    if manifest.get("format") != FORMAT:
        raise CommandProblem(
            _("This backup was written by a newer Maru (%(version)s).") % {"version": manifest.get("maru")}
        )
    found.pop(MANIFEST)
    damaged = sorted(name for name in {*manifest["sha256"], *found} if manifest["sha256"].get(name) != found.get(name))
    if damaged or DATABASE not in found or SECRET_KEY not in found:
        raise CommandProblem(
            _("The backup is damaged: %(names)s. Nothing was changed.") % {"names": ", ".join(damaged[:5]) or DATABASE}
        )
    return manifest


def _check_member(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    allowed = member.name in {MANIFEST, DATABASE, SECRET_KEY} or path.parts[0] == FILES
    if not member.isfile() or path.is_absolute() or ".." in path.parts or not allowed:
        raise ValueError(_("unexpected content “%(name)s”") % {"name": member.name})


def _copy_out(content: IO[bytes], target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _replace(environment: Environment, folder: Path, manifest: dict[str, Any], *, force: bool) -> None:
    house_is_empty = dump.is_empty(environment) and not any(_files_of(environment.files))
    if not house_is_empty and not force:
        raise CommandProblem(
            _("There is something in this house already. Restoring replaces all of it."),
            _("Add --force if that is what you want; make a backup first."),
        )
    say(_("Restoring the backup of %(when)s …") % {"when": _shown(manifest["made_at"])})
    dump.read(environment, folder / DATABASE, manifest["database"])
    if not environment.given_secret_key:
        _put_secret_key(environment, folder)
    # The application role's password may hang on the key that was just put back.
    preparation.grant(environment)
    shutil.rmtree(environment.files, ignore_errors=True)
    restored = folder / FILES
    if restored.is_dir():
        restored.rename(environment.files)
    preparation.forget(environment)


def _put_secret_key(environment: Environment, folder: Path) -> None:
    kept = environment.data / SECRET_KEY
    if kept.exists() and kept.read_bytes() != (folder / SECRET_KEY).read_bytes():
        # Not lost, should somebody have restored the wrong file.
        kept.replace(kept.with_name(f"{SECRET_KEY}.before-restore"))
    (folder / SECRET_KEY).replace(kept)


def _shown(moment: str) -> str:
    return re.sub(r"[^0-9T:+\-]", "", moment).replace("T", " ")
