"""Numbers as people type, paste and read them out."""

import pytest

from maru.core.ids import new_ticket_number, read_ticket_number, show_ticket_number


@pytest.mark.row("TKT-01")
@pytest.mark.parametrize(
    "typed",
    [
        "T-10AB-CD0E-1FGH",
        "t10abcd0e1fgh",
        " t-1oab-cdOe-lfgh ",
        "T IOAB CDOE LFGH",
        "Ｔ－１０ＡＢ－ＣＤ０Ｅ－１ＦＧＨ",
        "Tー10ABーCD0Eー1FGH",
        "T–10AB—CD0E−1FGH",
        "\u200bT-10AB-\u2060CD0E-1FGH\ufeff",
    ],
)
def test_one_number_in_many_spellings(typed: str) -> None:
    assert read_ticket_number(typed) == "T10ABCD0E1FGH"


@pytest.mark.parametrize(
    "typed", ["", "T", "T-10AB-CD0E-1FG", "T-10AB-CD0E-1FGHJ", "X10ABCD0E1FGH", "T10ABCD0E1FGU", "T" * 10_000]
)
def test_what_is_no_number(typed: str) -> None:
    assert read_ticket_number(typed) is None


def test_shown_numbers_are_read_back() -> None:
    number = new_ticket_number()
    assert read_ticket_number(show_ticket_number(number)) == number
