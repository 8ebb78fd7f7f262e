"""Pages of tickets: one statement for the page, names from the directory, never a join."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from maru.core.actors import Actor, Permission
from maru.core.ids import show_ticket_number
from maru.tickets.models import Priority, Status
from maru.tickets.queries.directory import Directory, Person, status_name
from maru.tickets.queries.filters import Condition, Filter, conditions, held_by

PAGE = 50
COLUMNS = (
    "id, number, title, status, stage_id, is_spam, priority, channel, category_id, category_name, group_id, assignee_id, "
    "requester_name, requester_email, requester_company, created_at, updated_at, updated_by_name, last_comment, "
    "last_customer_at, last_agent_at, answer_due_at, close_due_at, last_message_id"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SIGNS = {status.value: status_name(status) for status in Status}
_PRIORITIES = {priority.value: priority.name.lower() for priority in Priority}
# Sort key, direction, what the order needs besides the filter.
_ORDERS = {
    "updated": ("updated_at", "desc", ""),
    "customer": ("last_customer_at", "desc", "last_customer_at is not null"),
    "due": ("answer_due_at", "asc", "answer_due_at is not null"),
}


class Row(NamedTuple):
    """One ticket as lists and cards show it. The columns come first, in the order of :data:`COLUMNS`."""

    id: int
    number: str
    title: str
    status: int
    stage_id: int
    is_spam: bool
    priority_value: int
    channel_value: str
    category_id: int | None
    category_name: str
    group_id: int | None
    assignee_id: int | None
    requester_name: str
    requester_email: str
    company: str
    created_at: datetime
    updated_at: datetime
    updated_by: str
    last_comment: str
    last_customer_at: datetime | None
    last_agent_at: datetime | None
    answer_due_at: datetime | None
    close_due_at: datetime | None
    last_message_id: int | None
    assignee: Person | None = None
    stage_name: str = ""
    stage_colour: str = ""

    @property
    def shown_number(self) -> str:
        return show_ticket_number(self.number)

    @property
    def sign(self) -> str:
        return "spam" if self.is_spam else _SIGNS[self.status]

    @property
    def priority(self) -> str:
        return _PRIORITIES[self.priority_value]

    @property
    def channel(self) -> str:
        return "agent" if self.channel_value == "staff" else self.channel_value

    @property
    def requester(self) -> str:
        return self.requester_name or self.requester_email

    @property
    def is_waiting(self) -> bool:
        """The customer spoke last and nobody has answered yet."""
        if self.status >= Status.RESOLVED or self.last_customer_at is None:
            return False
        return self.last_agent_at is None or self.last_customer_at > self.last_agent_at

    @property
    def due_at(self) -> datetime | None:
        return self.answer_due_at if self.status < Status.RESOLVED and self.status != Status.PENDING else None


@dataclass(frozen=True, slots=True)
class Page:
    """``next`` is the cursor of the following page, empty on the last."""

    rows: list[Row]
    next: str = ""


def list_tickets(
    actor: Actor,
    wanted: Filter,
    names: Directory,
    *,
    cursor: str = "",
    limit: int = PAGE,
    further: Sequence[Condition] = (),
) -> Page:
    """One page of what ``wanted`` shows, newest first by its sort.

    ``further`` holds conditions that no filter can say. A cursor that makes no sense starts at the beginning. Free
    text is not looked at here (``find_tickets``).
    :raises Forbidden: no permission to see tickets.
    """
    actor.require(Permission.TICKET_VIEW)
    where = [*conditions(wanted, actor, names), *further]
    order = _order(wanted.sort, cursor, where)
    rows = _fetch_page(actor, where, order, limit + 1, held_by(wanted, actor))
    page = rows[:limit]
    following = _cursor(wanted.sort, page[-1]) if len(rows) > limit else ""
    return Page(with_names(page, names), following)


def _order(sort: str, cursor: str, where: list[Condition]) -> str:
    before = _read_cursor(cursor)
    if sort == "created":
        if before:
            where.append(("id < %s", [before[1]]))
        return "id desc"
    column, direction, needed = _ORDERS.get(sort, _ORDERS["updated"])
    if needed:
        where.append((needed, []))
    if before:
        sign = "<" if direction == "desc" else ">"
        where.append((f"({column}, id) {sign} (%s, %s)", [_EPOCH + timedelta(microseconds=before[0]), before[1]]))
    return f"{column} {direction}, id {direction}"


def _cursor(sort: str, row: Row) -> str:
    moments = {"customer": row.last_customer_at, "due": row.answer_due_at, "created": row.created_at}
    moment = moments.get(sort) or row.updated_at
    return f"{(moment - _EPOCH) // timedelta(microseconds=1)}-{row.id}"


def _read_cursor(cursor: str) -> tuple[int, int] | None:
    moment, _dash, row_id = cursor.partition("-")
    if not (moment.isdecimal() and row_id.isdecimal() and len(moment) <= 16 and len(row_id) <= 18):
        return None
    return int(moment), int(row_id)


def fetch_rows(
    actor: Actor, where: Sequence[Condition], tail: str = "", params: Sequence[Any] = (), before: Condition = ("", [])
) -> list[Row]:
    """Rows of the actor's organization under ``where``; ``tail`` is order and limit. Names are not filled in.

    ``before`` holds common tables that ``where`` speaks of.
    """
    phrase = " and ".join(text for text, _params in where) or "true"
    values = [*before[1], actor.organization_id, *(value for _text, given in where for value in given), *params]
    with connection.cursor() as cursor:
        cursor.execute(
            f"{before[0]} select {COLUMNS} from tickets_ticket where organization_id = %s and {phrase} {tail}", values
        )
        return [Row(*row) for row in cursor.fetchall()]


def _fetch_page(actor: Actor, where: Sequence[Condition], order: str, limit: int, before: Condition) -> list[Row]:
    """The first rows in an order. Somebody's own tickets are looked for in the index alone, then read.

    The index of open tickets holds who has each; reading every colleague's ticket on the way costs five times as much.
    """
    if not any("held" in text for text, _params in where):
        return fetch_rows(actor, where, f"order by {order} limit %s", [limit], before)
    phrase = " and ".join(text for text, _params in where)
    values = [*before[1], actor.organization_id, *(value for _text, given in where for value in given), limit]
    page = f"select id from tickets_ticket where organization_id = %s and {phrase} order by {order} limit %s"
    with_page = (f"{before[0]}, page as materialized ({page})", values)
    return fetch_rows(actor, [("id = any(array(select id from page))", [])], f"order by {order}", [], with_page)


def with_names(rows: list[Row], names: Directory) -> list[Row]:
    """The rows with assignee, stage and category named in the viewer's language."""
    names.know([row.assignee_id for row in rows])
    named = []
    for row in rows:
        stage, category = names.stages.get(row.stage_id), names.categories.get(row.category_id or 0)
        named.append(
            row._replace(
                assignee=names.person(row.assignee_id),
                category_name=category.name if category else row.category_name,
                stage_name=stage.name if stage else "",
                stage_colour=stage.colour if stage else "",
            )
        )
    return named


def rows_by_id(actor: Actor, ticket_ids: Sequence[int], names: Directory) -> list[Row]:
    """Rows for ids, in the order given; what is not there is left out."""
    if not ticket_ids:
        return []
    found = {row.id: row for row in fetch_rows(actor, [("id = any(%s)", [list(ticket_ids)])])}
    return with_names([found[i] for i in ticket_ids if i in found], names)
