"""PostgreSQL goes away and comes back: streams go on by themselves and miss nothing."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection

from maru.core.embedded import testing
from maru.core.embedded.server import APP_ROLE, OWNER_ROLE, EmbeddedPostgres
from maru.core.embedded.urls import django_database
from maru.notifications.tests.streaming import (
    PATIENCE,
    Server,
    happen,
    make_company,
    make_person,
    sign_in,
    soon_enough,
)
from maru.testing.plugin import PACKAGE, use_database


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A database server of this test alone, for it is going to be killed."""
    own = EmbeddedPostgres(tmp_path / "cluster", durable=False)
    own.ensure_started()
    yield own
    own.stop()


@pytest.fixture
def lonely(cluster: EmbeddedPostgres, tmp_path: Path, django_db_blocker: Any) -> Iterator[Server]:
    """A web server on that database server, and this process working in it."""
    environment = {"DATABASE_URL": cluster.url(OWNER_ROLE), "MARU_APP_DATABASE_URL": cluster.url(APP_ROLE)}
    command = [sys.executable, "-m", "django", "migrate", "--database", "owner", "--verbosity", "0"]
    subprocess.run(command, check=True, env=dict(os.environ, **environment), cwd=PACKAGE)
    before = dict(connection.settings_dict)
    own = django_database(environment["MARU_APP_DATABASE_URL"])
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict.update({key: own[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")})
        try:
            with Server(tmp_path, environment) as server:
                yield server
        finally:
            connection.close()
            connection.settings_dict.update(before)


def _happen_when_back(company: Any) -> int:
    deadline = time.monotonic() + 60
    while True:
        try:
            return happen(company)
        except OperationalError:
            connection.close()
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_restart_of_the_database(cluster: EmbeddedPostgres, lonely: Server) -> None:
    company = make_company()
    session = sign_in(make_person(company).account)
    page = lonely.page(company, session)
    first = happen(company)
    page.wait_for(first)
    connection.close()
    cluster.stop()
    refused = lonely.get(f"/desk/{company.slug}/live?poll=1", str(session.session_key))
    assert refused.status == 503
    assert "psycopg" not in refused.body.decode()
    # A stream that cannot start ends at once instead of failing: an EventSource never comes back after an error.
    ends = lonely.page(company, session, last=str(first))
    assert ends.status == 200
    assert ends.ended.wait(PATIENCE)
    cluster.ensure_started()
    second = _happen_when_back(company)
    page.wait_for(second)
    assert page.numbers == [first, second]
    answer = lonely.get(f"/desk/{company.slug}/live?poll=1&after={first}", str(session.session_key))
    assert [event["id"] for event in json.loads(answer.body)["events"]] == [second]
    page.close()


def test_connections_ended_by_the_administrator(server: Server, written: None, live_database: str) -> None:
    company = make_company()
    page = server.page(company, sign_in(make_person(company).account))
    first = happen(company)
    page.wait_for(first)
    with psycopg.connect(testing.test_cluster().superuser_url, autocommit=True) as administrator:
        administrator.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = %s and application_name in ('maru live', 'maru listen')",
            [live_database],
        )
    second = happen(company)
    page.wait_for(second)
    assert page.numbers == [first, second]
    page.close()


def test_open_pages_do_not_hold_up_a_stop(tmp_path: Path, live_database: str, written: None) -> None:
    environment: dict[str, str] = {}
    use_database(testing.test_cluster(), live_database, environment)
    company = make_company()

    def until_stopped() -> float:
        with Server(tmp_path, environment) as server:
            page = server.page(company, sign_in(make_person(company).account))
            page.wait(lambda page: bool(page.told))
            asked = time.monotonic()
            server.process.terminate()
            server.process.wait(PATIENCE)
            took = time.monotonic() - asked
            assert page.ended.wait(PATIENCE)
            killed = "Killing" in server.log.read_text()
            server.log.unlink()
        # Two seconds later the server would kill a worker that still answers somebody.
        return took + 2 * killed

    soon_enough(until_stopped, 1.5)
