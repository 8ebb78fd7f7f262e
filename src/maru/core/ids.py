"""Unguessable names for people and machines."""

import re
import secrets
import unicodedata

from maru.core.html.invisible import strip_invisible

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1"})
_TICKET = re.compile(r"T[0-9A-HJKMNP-TV-Z]{12}")


def new_ticket_number() -> str:
    """A ticket number in stored form: ``T`` and 12 characters of Crockford base 32, 60 random bits."""
    return "T" + "".join(secrets.choice(CROCKFORD) for _ in range(12))


def show_ticket_number(number: str) -> str:
    """``T1234ABCD5678`` as people see it: ``T-1234-ABCD-5678``."""
    return f"T-{number[1:5]}-{number[5:9]}-{number[9:13]}"


def read_ticket_number(typed: str) -> str | None:
    """The stored form of what somebody typed, in any case, with or without dashes; O/0 and I/L/1 are forgiven.

    ``None`` when it cannot be a ticket number.
    """
    # Wide letters and long-vowel marks come from Japanese keyboards, zero-width spaces from chat windows.
    plain = unicodedata.normalize("NFKC", strip_invisible(typed[:200]))
    compact = re.sub(r"[\s\-‐-―−ー]", "", plain).upper()
    if len(compact) != 13 or not compact.startswith("T"):
        return None
    number = "T" + compact[1:].translate(_FORGIVEN)
    return number if _TICKET.fullmatch(number) else None


def new_company_code() -> str:
    """``CP`` and 8 random digits; uniqueness is the database's business."""
    return f"CP{secrets.randbelow(10**8):08d}"


def new_token(bits: int = 256) -> str:
    """A URL-safe random secret."""
    return secrets.token_urlsafe(bits // 8)
