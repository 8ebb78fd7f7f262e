"""Fixtures for every test, wherever it lies."""

import pytest

from maru.testing.fixtures import *  # noqa: F403


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--torture", choices=["small", "large"], default="small", help="size of the torture tests")
    parser.addoption("--seed", type=int, default=20261122, help="seed of the torture tests; printed on failure")
