"""Throwing away what nobody took on: uploads of abandoned forms, bytes of transactions that never committed."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from maru.core.files.store import delete_file, path_of
from maru.core.models import StoredFile
from maru.core.tenancy import tenant

KEPT_SECONDS = 86_400
_BATCH = 500


def sweep_files(kept_seconds: int = KEPT_SECONDS) -> int:
    """Remove files of all organizations that are older than ``kept_seconds`` and that nothing has taken on.

    Safe to run twice. Returns how many went.
    """
    return sum(_sweep_rows(organization_id, kept_seconds) for organization_id, _folder in _folders())


def sweep_strays(kept_seconds: int = KEPT_SECONDS) -> int:
    """Remove bytes that no row knows: their transaction never committed. Walks all folders, so run it once a day."""
    return sum(_sweep_strays(organization_id, folder, kept_seconds) for organization_id, folder in _folders())


def _folders() -> list[tuple[int, Path]]:
    """Every organization that ever stored a file has a folder, so no list of organizations is needed."""
    root: Path = settings.ENVIRONMENT.files
    if not root.is_dir():
        return []
    return [(int(path.name), path) for path in sorted(root.iterdir()) if path.name.isdigit() and path.is_dir()]


def _sweep_rows(organization_id: int, kept_seconds: int) -> int:
    before = timezone.now() - timedelta(seconds=kept_seconds)
    with tenant(organization_id):
        # A form that takes a file on at this very moment holds its row: it is left alone.
        rows = StoredFile.objects.filter(attached=False, created_at__lt=before).select_for_update(skip_locked=True)
        old = list(rows.order_by("id")[:_BATCH])
        for stored in old:
            delete_file(stored)
    return len(old)


def _sweep_strays(organization_id: int, folder: Path, kept_seconds: int) -> int:
    before = time.time() - kept_seconds
    removed = 0
    for names in _batches(folder, before):
        with tenant(organization_id):
            keys = {name.split(".")[0] for name in names}
            known = set(StoredFile.objects.filter(key__in=keys).values_list("key", flat=True))
        for name in names:
            if name.split(".")[0] not in known:
                path_of(organization_id, name.split(".")[0]).with_name(name).unlink(missing_ok=True)
                removed += 1
    return removed


def _batches(folder: Path, before: float) -> Iterator[list[str]]:
    batch: list[str] = []
    for path in folder.glob("??/??/*"):
        try:
            if path.stat().st_mtime < before:
                batch.append(path.name)
        except FileNotFoundError:
            continue
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
