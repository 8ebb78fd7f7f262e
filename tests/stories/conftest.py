"""What stories share."""

import pytest

from maru.testing.house import House


@pytest.fixture(autouse=True)
def cool_down() -> None:
    """Each story begins with no attempts counted."""
    for house in House.open:
        house.cool_down()
