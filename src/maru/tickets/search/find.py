"""Asking: ticket ids for what somebody typed, newest first."""

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from maru.core.ids import read_ticket_number
from maru.core.tenancy import tenant
from maru.tickets.search.idents import wanted_idents
from maru.tickets.search.plan import plan

LONGEST_MS = 2_000
"""After this the older part of the texts is left out of an answer."""
MOST = 1_000

_NUMBER = """
select id from tickets_ticket where organization_id = %s and number = %s and (%s::bigint is null or id < %s::bigint)
"""
_IDENT = """
select distinct ticket_id from ticket_ident
 where organization_id = %s and value ^@ %s and (%s::bigint is null or ticket_id < %s::bigint)
 order by ticket_id desc limit %s
"""


def search(organization_id: int, q: str, *, before_id: int | None = None, limit: int = 50) -> list[int]:
    """Ids of the tickets of one organization that hold all words of ``q``, newest first.

    Whole words of a query may be ticket numbers, mail addresses, phones (the last four digits are enough) or order
    numbers. ``before_id``: only older tickets than this, for the next page. At most 1,000 at once.
    """
    limit = max(1, min(limit, MOST))
    with tenant(organization_id), connection.cursor() as cursor:
        number = read_ticket_number(q) if len(q) < 40 else None
        if number is not None:
            cursor.execute(_NUMBER, [organization_id, number, before_id, before_id])
            found = [row[0] for row in cursor.fetchall()]
            if found or before_id is not None:
                return found
        ids: set[int] = set()
        for value in wanted_idents(q):
            cursor.execute(_IDENT, [organization_id, value, before_id, before_id, limit])
            ids.update(row[0] for row in cursor.fetchall())
        pieces = ["|".join(piece) for piece in plan(q)]
        if pieces:
            ids.update(_in_texts(pieces, before_id, limit))
        return sorted(ids, reverse=True)[:limit]


def _in_texts(pieces: list[str], before_id: int | None, limit: int) -> list[int]:
    try:
        return _ask(pieces, before_id, limit, deep=True)
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
    # A word that was in nearly every text long ago and is in none of the newest: answer from the newest alone.
    return _ask(pieces, before_id, limit, deep=False)


def _ask(pieces: list[str], before_id: int | None, limit: int, *, deep: bool) -> list[int]:
    # Rolled back in any case: nothing is written, and the time limit ends with it.
    mark = transaction.savepoint()
    try:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', %s, true)", [str(LONGEST_MS)])
            cursor.execute("select find_tickets(%s::text[], %s::bigint, %s::int, %s)", [pieces, before_id, limit, deep])
            return [int(row[0]) for row in cursor.fetchall()]
    finally:
        transaction.savepoint_rollback(mark)
