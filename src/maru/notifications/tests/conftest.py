from collections.abc import Iterator
from pathlib import Path

import pytest

from maru.core.embedded.testing import test_cluster
from maru.notifications.tests.streaming import Server, committed_to
from maru.testing.plugin import clone_database, use_database


@pytest.fixture(scope="session")
def live_database() -> Iterator[str]:
    """A database of its own, because another process must see what is written."""
    name = clone_database(test_cluster(), "live")
    yield name
    test_cluster().drop_database(name)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, live_database: str) -> Iterator[Server]:
    environment: dict[str, str] = {}
    use_database(test_cluster(), live_database, environment)
    folder: Path = tmp_path_factory.mktemp("live")
    with Server(folder, environment) as running:
        yield running


@pytest.fixture
def written(live_database: str, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """What the test writes is committed to the database of ``server``."""
    with django_db_blocker.unblock(), committed_to(live_database):  # type: ignore[attr-defined]
        yield
