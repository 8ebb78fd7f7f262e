"""The database for the length of one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from maru.core.embedded.lock import FolderLock
from maru.core.embedded.server import EmbeddedPostgres
from maru.core.environment import Environment


def house_lock(environment: Environment) -> FolderLock:
    """The lock whoever runs the house holds."""
    return FolderLock(environment.data / "lock")


@contextmanager
def running_database(environment: Environment) -> Iterator[None]:
    """Inside, the database runs: the embedded one is started for this time when it does not run yet.

    :raises FolderInUse: somebody else is just starting or restoring it.
    """
    if not environment.embedded:
        yield
        return
    server = EmbeddedPostgres(environment.data)
    if server.status().ready:
        yield
        return
    with house_lock(environment):
        server.ensure_started()
        try:
            yield
        finally:
            server.stop()


def set_up_django() -> None:
    """Load Django with Maru's settings."""
    import os

    os.environ["DJANGO_SETTINGS_MODULE"] = "maru.config.settings"
    import django

    django.setup()
