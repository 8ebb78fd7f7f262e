"""Pytest's way into the house: a template database made once for each set of migrations, cloned for every run.

Tests work as the application's role, which neither owns the tables nor bypasses their policies.
"""

import hashlib
import os
import secrets
from pathlib import Path

import pytest

from maru.core.embedded.lock import FolderLock
from maru.core.embedded.server import APP_ROLE, OWNER_ROLE, EmbeddedPostgres
from maru.core.embedded.testing import test_cluster

PACKAGE = Path(__file__).resolve().parent.parent
_database = ""


def _fingerprint() -> str:
    """Changes with every migration and with what migrations import."""
    digest = hashlib.sha256()
    for path in sorted([*PACKAGE.glob("*/migrations/*.py"), *PACKAGE.glob("core/tenancy/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def use_database(cluster: EmbeddedPostgres, name: str, environment: dict[str, str] | os._Environ[str]) -> None:
    """Point ``environment`` at one database of the test cluster."""
    environment["DATABASE_URL"] = cluster.url(OWNER_ROLE, name)
    environment["MARU_APP_DATABASE_URL"] = cluster.url(APP_ROLE, name)


def template_database(cluster: EmbeddedPostgres) -> str:
    """A migrated, empty database, made when the migrations have changed; several runs share it."""
    name = f"template_{_fingerprint()}"
    ready = cluster.data / f"{name}.ready"
    with FolderLock(cluster.data / "template.lock", wait=True):
        if not ready.exists():
            import subprocess
            import sys

            cluster.drop_database(name)
            cluster.create_database(name)
            environment = dict(os.environ, DJANGO_SETTINGS_MODULE="maru.config.settings")
            use_database(cluster, name, environment)
            command = [sys.executable, "-m", "django", "migrate", "--database", "owner", "--verbosity", "0"]
            subprocess.run(command, check=True, env=environment)
            ready.touch()
    return name


def clone_database(cluster: EmbeddedPostgres, prefix: str = "test") -> str:
    """A fresh database of its own; drop it when done."""
    name = f"{prefix}_{os.getpid()}_{secrets.token_hex(3)}"
    with FolderLock(cluster.data / "clone.lock", wait=True):
        cluster.create_database(name, template=template_database(cluster))
    return name


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Runs before pytest-django reads the settings."""
    global _database
    scratch = Path(early_config.rootpath) / ".cache" / "test-data"
    scratch.mkdir(parents=True, exist_ok=True)
    os.environ["MARU_DATA"] = str(scratch)
    os.environ["MARU_SECRET_KEY"] = "only-for-tests-" + "0" * 40
    os.environ["DJANGO_SETTINGS_MODULE"] = "maru.config.settings"
    cluster = test_cluster()
    _database = clone_database(cluster)
    use_database(cluster, _database, os.environ)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _database:
        from django.db import connections

        connections.close_all()
        test_cluster().drop_database(_database)
