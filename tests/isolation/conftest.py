"""Worlds to walk through."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from maru.core.embedded.server import APP_ROLE, OWNER_ROLE
from maru.core.embedded.testing import test_cluster
from maru.testing.plugin import clone_database, use_database

if TYPE_CHECKING:
    from tests.isolation.world import World

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tenant:
    """One of two committed worlds: its organization, the id of one row of each model, and its founder's session."""

    organization: int
    slug: str
    rows: dict[str, int]
    session: str
    secret: str
    number: str


@dataclass(frozen=True)
class Database:
    """A database of its own with two worlds in it."""

    name: str
    victim: Tenant
    attacker: Tenant

    def as_app(self) -> psycopg.Connection[Any]:
        """A plain connection as the application's role, with no organization set."""
        return psycopg.connect(test_cluster().url(APP_ROLE, self.name))

    def as_owner(self) -> psycopg.Connection[Any]:
        return psycopg.connect(test_cluster().url(OWNER_ROLE, self.name))

    def as_superuser(self) -> psycopg.Connection[Any]:
        return psycopg.connect(test_cluster().superuser_url, dbname=self.name)


def populate(environment: dict[str, str], *slugs: str) -> list[Tenant]:
    """Worlds in the database of ``environment``, made by a process of its own and committed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.isolation.populate", *slugs],
        env=environment,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        timeout=120,
    )
    return [Tenant(**each) for each in json.loads(done.stdout.splitlines()[-1])]


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    name = clone_database(test_cluster(), "isolation")
    environment = dict(os.environ)
    use_database(test_cluster(), name, environment)
    try:
        victim, attacker = populate(environment, "iso-a", "iso-b")
        yield Database(name, victim, attacker)
    finally:
        test_cluster().drop_database(name)


@pytest.fixture
def worlds(db: None, settings: Any) -> "tuple[World, World]":
    """The victim and the attacker, in a transaction that is taken back."""
    from tests.isolation.world import World

    # Two dozen accounts: their passwords need not be hard to guess.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return World("iso-a"), World("iso-b")
