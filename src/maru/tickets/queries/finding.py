"""Search: words go through the text index, everything else is looked at on what it found."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from maru.core.actors import Actor, Permission
from maru.core.numbers import whole
from maru.tickets.queries.directory import Directory
from maru.tickets.queries.filters import Condition, Filter, conditions, held_by
from maru.tickets.queries.lists import PAGE, Page, Row, fetch_rows, with_names
from maru.tickets.search import search

BATCH = 500
SPARE = 10
MOST_BATCHES = 6


def find_tickets(
    actor: Actor,
    wanted: Filter,
    names: Directory,
    *,
    cursor: str = "",
    limit: int = PAGE,
    further: Sequence[Condition] = (),
) -> Page:
    """One page of the tickets that hold all words of ``wanted`` and meet its criteria, newest first.

    ``cursor`` is the id of the last ticket of the page before. After :data:`MOST_BATCHES` batches of found texts with
    too few tickets among them the page ends early; its ``next`` goes on from there.
    """
    actor.require(Permission.TICKET_VIEW)
    before = whole(cursor)
    found: list[Row] = []
    where = [*conditions(wanted, actor, names), *further]
    for batch in range(MOST_BATCHES):
        # Most searches ask for words alone: a short first batch lets a frequent word stop among the newest tickets.
        size = BATCH if batch else limit + SPARE
        ids = search(actor.organization_id, wanted.words, before_id=before, limit=size)
        if not ids:
            return Page(with_names(found, names))
        rows = fetch_rows(actor, [("id = any(%s)", [ids]), *where], "order by id desc", before=held_by(wanted, actor))
        found += [row for row in rows if _meets(row, wanted)]
        if len(found) > limit:
            found = found[:limit]
            return Page(with_names(found, names), str(found[-1].id))
        before = ids[-1]
        if len(ids) < size:
            return Page(with_names(found, names))
    return Page(with_names(found, names), str(before))


def _meets(row: Row, wanted: Filter) -> bool:
    """Whether words asked of the title, the name or the address stand just there."""
    return (
        _has(row.title, wanted.title)
        and _has(row.requester_name, wanted.name)
        and _has(row.requester_email, wanted.email)
    )


def _has(text: str, words: str) -> bool:
    folded = fold(text)
    return all(word in folded for word in fold(words).split())


def fold(text: str) -> str:
    """The form in which texts are compared: NFKC without case."""
    return unicodedata.normalize("NFKC", text).casefold()
