"""What the torture tests share."""

from collections.abc import Iterator

import pytest

from tests.torture.running import Running


@pytest.fixture(scope="module")
def large(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--torture") == "large")


@pytest.fixture(scope="module")
def seed(request: pytest.FixtureRequest) -> int:
    number = int(request.config.getoption("--seed"))
    print(f"seed {number}")
    return number


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("torture")) as started:
        yield started
