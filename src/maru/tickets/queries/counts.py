"""Live counts of the side menu: one scan of the open tickets, finished ones counted up to a cap."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from django.db import connection

from maru.core.actors import Actor, Permission
from maru.tickets.queries.directory import Directory
from maru.tickets.queries.filters import conditions, held_by, read_filter

CAP = 1000
SECONDS = 10
KEPT = 2000
VIEW_CAP = 99
COUNTED_VIEWS = 12

# One index-only scan of the open tickets. ``offset 0`` keeps the look into ``held`` from being repeated per count.
_OPEN = """
with held as materialized (
  select ticket_id from tickets_assignment where organization_id = %(org)s and member_id = %(me)s and is_helper
)
select group_id, category_id, count(*),
  count(*) filter (where assignee_id is null),
  count(*) filter (where status <> 3 and is_mine),
  count(*) filter (where status = 3 and is_mine),
  count(*) filter (where created_by_id = %(me)s or is_mine)
from (
  select group_id, category_id, assignee_id, created_by_id, status,
    (assignee_id = %(me)s or id in (select ticket_id from held)) is true as is_mine
  from tickets_ticket where organization_id = %(org)s and status < 6 and not is_spam offset 0
) t group by group_id, category_id
"""
_TICKETS = "(select 1 from tickets_ticket where organization_id = %(org)s and"
# Of finished tickets the first assignee's own are counted by his index; those he only helps with just below the cap.
_HELPED = """(select 1 from tickets_assignment a where a.organization_id = %(org)s and a.member_id = %(me)s and a.is_helper
  and exists (select 1 from tickets_ticket t where t.organization_id = %(org)s and t.id = a.ticket_id and t.status = {0}
    and not t.is_spam) limit %(cap)s)"""
_FINISHED = (
    "(select count(*) from {0} assignee_id = %(me)s and status = {1} and status >= 6 and not is_spam limit %(cap)s) x)"
)
_CAPPED = f"""
with own as materialized (
  select {_FINISHED.format(_TICKETS, 6)} as resolved, {_FINISHED.format(_TICKETS, 7)} as closed
)
select
  case when resolved > {CAP} then resolved else resolved + (select count(*) from {_HELPED.format(6)} y) end,
  case when closed > {CAP} then closed else closed + (select count(*) from {_HELPED.format(7)} z) end,
  (select count(*) from {_TICKETS} is_spam limit %(cap)s) c),
  (select count(*) from {_TICKETS} not is_spam limit %(cap)s) d),
  (select count(*) from {_TICKETS} status < 6 and not is_spam and last_agent_at is not null
     and last_customer_at > last_agent_at limit %(cap)s) e)
from own
"""
_COLUMNS = ("open", "unassigned", "mine", "hold", "involved")


@dataclass(frozen=True, slots=True)
class Counts:
    """``views`` by the name of the view; ``groups`` and ``categories`` by id, open tickets only."""

    views: Mapping[str, int]
    groups: Mapping[int, int] = field(default_factory=dict)
    categories: Mapping[int, int] = field(default_factory=dict)
    saved: Mapping[int, int] = field(default_factory=dict)

    def shown(self, view: str) -> str:
        """A count as written: empty for none, ``1000+`` at the cap."""
        return shown_count(self.views.get(view, 0))


def shown_count(count: int, cap: int = CAP) -> str:
    return f"{cap}+" if count > cap else str(count or "")


def count_tickets(actor: Actor, names: Directory) -> Counts:
    """All counts of the side menu for this member. Two statements."""
    actor.require(Permission.TICKET_VIEW)
    params = {"org": actor.organization_id, "me": actor.member_id or 0, "cap": CAP + 1}
    views = dict.fromkeys(_COLUMNS, 0)
    groups: dict[int, int] = {}
    categories: dict[int, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, params)
        for group_id, category_id, *numbers in cursor.fetchall():
            for name, number in zip(_COLUMNS, numbers, strict=True):
                views[name] += number
            groups[group_id or 0] = groups.get(group_id or 0, 0) + numbers[0]
            categories[category_id or 0] = categories.get(category_id or 0, 0) + numbers[0]
        views["groups"] = sum(groups.get(group_id, 0) for group_id in names.my_group_ids)
        cursor.execute(_CAPPED, params)
        views |= zip(("resolved", "closed", "spam", "all", "waiting"), cursor.fetchone(), strict=True)
    return Counts(views, groups, categories, _saved(actor, names))


_remembered: OrderedDict[tuple[Any, ...], tuple[float, Counts]] = OrderedDict()


def remembered_counts(actor: Actor, names: Directory, event_number: int) -> Counts:
    """The same, remembered until something happens in the organization, for :data:`SECONDS` at most.

    ``event_number`` is the newest number of the log, read before: counts taken later can only be fresher. The time
    limit is for views that ask about time and for settings that write no event.
    """
    saved = tuple((view.id, repr(view.query)) for view in names.views[:COUNTED_VIEWS])
    key = (actor.organization_id, actor.member_id, event_number, tuple(names.my_group_ids), saved)
    moment = monotonic()
    found = _remembered.get(key)
    if found is not None and moment - found[0] < SECONDS:
        return found[1]
    actor.require(Permission.TICKET_VIEW)
    counted = count_tickets(actor, names)
    _remembered[key] = (moment, counted)
    while len(_remembered) > KEPT:
        _remembered.popitem(last=False)
    return counted


def _saved(actor: Actor, names: Directory) -> dict[int, int]:
    """Counts of the first saved views, in one statement; views with free text are not counted."""
    parts: list[str] = []
    values: list[Any] = []
    counted: list[int] = []
    for view in names.views[:COUNTED_VIEWS]:
        wanted = read_filter(view.query)
        if wanted.words:
            continue
        where = conditions(wanted, actor, names)
        phrase = " and ".join(text for text, _params in where)
        held, held_values = held_by(wanted, actor)
        counted_rows = f"select 1 from tickets_ticket where organization_id = %s and {phrase} limit {VIEW_CAP + 1}"
        parts.append(f"({held} select count(*) from ({counted_rows}) v)")
        values += [*held_values, actor.organization_id, *(value for _text, given in where for value in given)]
        counted.append(view.id)
    if not parts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(parts)}", values)
        return dict(zip(counted, cursor.fetchone(), strict=True))
