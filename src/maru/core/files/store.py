"""Where the bytes lie: ``<files>/<organization>/<aa>/<bb>/<key>``, readable by this user alone."""

import hashlib
import io
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from maru.core.actors import Actor
from maru.core.commands import command
from maru.core.errors import Invalid
from maru.core.files.kinds import KNOWN, FileRules, accepted_words, served_type
from maru.core.files.names import clean_name, extension_of
from maru.core.ids import new_token
from maru.core.models import StoredFile

_CHUNK = 256 * 1024


@command
def store_file(actor: Actor, *, name: str, source: BinaryIO | bytes, allowed: FileRules) -> StoredFile:
    """Keep a file of the actor's organization; it goes away after a day unless something takes it on.

    :param name: as given by the person; cleaned before it is kept.
    :raises Invalid: with the reason in words under ``files``: empty, too big, type not accepted, content and
        extension disagree. Nothing is left behind.
    """
    shown = clean_name(name)
    key = secrets.token_hex(32)
    path = path_of(actor.organization_id, key)
    try:
        size, digest = _write(
            path,
            io.BytesIO(source) if isinstance(source, bytes) else source,
            shown,
            allowed,
        )
        with path.open("rb") as written:
            content_type = served_type(extension_of(shown), written, allowed.checked)
        if content_type is None:
            raise Invalid({"files": _refusal(shown)})
        stored = StoredFile(
            key=key,
            token=new_token(),
            name=shown,
            content_type=content_type,
            size=size,
            sha256=digest,
            created_by_member_id=actor.member_id,
        )
        stored.save()
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return stored


def _refusal(name: str) -> str:
    if extension_of(name) in KNOWN:
        return _("“%(name)s” is not really a file of the type its name says. Please check it and choose it again.") % {
            "name": name
        }
    return _("“%(name)s” is of a type we do not accept. Accepted: %(types)s.") % {
        "name": name,
        "types": accepted_words(),
    }


def open_file(stored: StoredFile) -> BinaryIO:
    """The bytes, opened for reading; the caller closes. Raises FileNotFoundError when the folder lost them."""
    return path_of(stored.organization_id, stored.key).open("rb")


def delete_file(stored: StoredFile) -> None:
    """Forget the row now and the bytes when the transaction has committed."""
    path = path_of(stored.organization_id, stored.key)
    StoredFile.objects.filter(id=stored.id).delete()
    transaction.on_commit(lambda: forget_bytes(path))


def attach_files(file_ids: Iterable[int]) -> None:
    """Something in the current organization now needs these files: they are kept for good."""
    StoredFile.objects.filter(id__in=list(file_ids), attached=False).update(attached=True)


def path_of(organization_id: int, key: str) -> Path:
    """Where the bytes of a file lie."""
    root: Path = settings.ENVIRONMENT.files
    return root / str(organization_id) / key[:2] / key[2:4] / key


def view_path(path: Path) -> Path:
    """Where the picture made from a file for showing it in a page lies."""
    return path.with_name(f"{path.name}.view")


def forget_bytes(path: Path) -> None:
    """Remove a file and what was made from it."""
    path.unlink(missing_ok=True)
    view_path(path).unlink(missing_ok=True)


def _write(path: Path, source: BinaryIO, name: str, allowed: FileRules) -> tuple[int, str]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    size = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > allowed.size:
                raise Invalid(
                    {
                        "files": _("“%(name)s” is too big. A file may have at most %(size)s MB.")
                        % {"name": name, "size": allowed.megabytes}
                    }
                )
            digest.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    if size == 0:
        raise Invalid({"files": _("“%(name)s” is empty.") % {"name": name}})
    for folder in (path.parent, path.parent.parent):
        _sync_folder(folder)
    return size, digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """A new name survives a power cut only when its folder is written too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
