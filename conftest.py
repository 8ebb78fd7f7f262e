"""Fixtures for every test, wherever it lies."""

from maru.testing.fixtures import *  # noqa: F403
