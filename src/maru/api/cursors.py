"""Cursors: where a page ended, opaque to callers."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from maru.core.errors import Invalid

_MOST = 2**63 - 1


def write_cursor(*place: datetime | int) -> str:
    """A cursor that names the last row of a page: ``(id,)`` or ``(time, id)``."""
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in place]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    """The id a cursor names. Raises Invalid when it is not one of ours."""
    return _number(_parts(cursor, 1)[0])


def read_timed_cursor(cursor: str) -> tuple[datetime, int]:
    """The time and id a cursor names. Raises Invalid when it is not one of ours."""
    written, number = _parts(cursor, 2)
    try:
        moment = datetime.fromisoformat(written)
        return moment.astimezone(UTC) if moment.tzinfo else _refuse(), _number(number)
    except (ValueError, TypeError, OverflowError):
        return _refuse()


def _parts(cursor: str, count: int) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        plain = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError, binascii.Error):
        return _refuse()
    return plain if isinstance(plain, list) and len(plain) == count else _refuse()


def _number(value: Any) -> int:
    return value if type(value) is int and 0 <= value <= _MOST else _refuse()


def _refuse() -> Any:
    raise Invalid({"cursor": _("This cursor is not valid. Please start from the first page.")})
