"""What stories share."""

import pytest

from maru.testing.house import House
from tests.stories.test_live import company

__all__ = ["company"]


@pytest.fixture(autouse=True)
def cool_down() -> None:
    """Each story begins with no attempts counted."""
    for house in House.open:
        house.cool_down()
