"""Worlds to walk through."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from maru.core.embedded.server import APP_ROLE, OWNER_ROLE
from maru.core.embedded.testing import test_cluster
from maru.testing.plugin import clone_database, use_database

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tenant:
    """One of two committed worlds: its organization and the id of one row of each model."""

    organization: int
    rows: dict[str, int]


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


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    name = clone_database(test_cluster(), "isolation")
    environment = dict(os.environ)
    use_database(test_cluster(), name, environment)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.isolation.populate"],
            env=environment,
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            timeout=120,
        )
        victim, attacker = (Tenant(**each) for each in json.loads(done.stdout.splitlines()[-1]))
        yield Database(name, victim, attacker)
    finally:
        test_cluster().drop_database(name)
