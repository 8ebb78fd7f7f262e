"""Whole numbers that arrive as text."""


def whole(text: str | None) -> int | None:
    """The number a form, an address or a cursor holds: 1 to 18 digits, so that the database takes it; ``None`` for
    anything else, be it ``²``, which is a digit to some and no number.
    """
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
