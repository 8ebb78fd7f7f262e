"""Whole numbers that arrive as text."""

import pytest

from maru.core.numbers import whole


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("42", 42), ("４２", 42), ("9" * 18, 10**18 - 1)]
    + [(text, None) for text in (None, "", " 1", "-1", "1.5", "²", "x", "9" * 19)],
)
def test_whole_numbers(text: str | None, number: int | None) -> None:
    assert whole(text) == number
