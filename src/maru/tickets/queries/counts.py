"""Live counts of the side menu: one scan of the open tickets, finished ones counted up to a cap."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import connection

from maru.core.actors import Actor, Permission
from maru.tickets.queries.directory import Directory
from maru.tickets.queries.filters import conditions, read_filter

CAP = 1000
VIEW_CAP = 99
COUNTED_VIEWS = 12

# ``mine`` is read once as an array, so that the scan of open tickets stays index-only and has no subquery per row.
_OPEN = """
with mine as materialized (
  select ticket_id from tickets_assignment where organization_id = %(org)s and member_id = %(me)s
)
select group_id, category_id, grouping(group_id, category_id), count(*),
  count(*) filter (where assignee_id is null),
  count(*) filter (where group_id = any(%(groups)s)),
  count(*) filter (where status <> 3 and (assignee_id = %(me)s or id in (select ticket_id from mine))),
  count(*) filter (where status = 3 and (assignee_id = %(me)s or id in (select ticket_id from mine))),
  count(*) filter (where created_by_id = %(me)s or assignee_id = %(me)s or id in (select ticket_id from mine))
from tickets_ticket where organization_id = %(org)s and status < 6 and not is_spam
group by grouping sets ((), (group_id), (category_id))
"""
_MINE = "(assignee_id = %(me)s or id in (select ticket_id from tickets_assignment where organization_id = %(org)s and member_id = %(me)s))"
_CAPPED = f"""
select
  (select count(*) from (select 1 from tickets_ticket where organization_id = %(org)s and status >= 6 and status = 6
     and not is_spam and {_MINE} limit %(cap)s) a),
  (select count(*) from (select 1 from tickets_ticket where organization_id = %(org)s and status >= 6 and status = 7
     and not is_spam and {_MINE} limit %(cap)s) b),
  (select count(*) from (select 1 from tickets_ticket where organization_id = %(org)s and is_spam limit %(cap)s) c),
  (select count(*) from (select 1 from tickets_ticket where organization_id = %(org)s and not is_spam limit %(cap)s) d),
  (select count(*) from (select 1 from tickets_ticket where organization_id = %(org)s and status < 6 and not is_spam
     and last_agent_at is not null and last_customer_at > last_agent_at limit %(cap)s) e)
"""


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
    params = {"org": actor.organization_id, "me": actor.member_id or 0, "groups": names.my_group_ids, "cap": CAP + 1}
    views: dict[str, int] = {}
    groups: dict[int, int] = {}
    categories: dict[int, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, params)
        for group_id, category_id, level, total, *rest in cursor.fetchall():
            if level == 3:
                views = dict(zip(("open", "unassigned", "groups", "mine", "hold", "involved"), (total, *rest), strict=True))
            elif level == 1 and group_id is not None:
                groups[group_id] = total
            elif level == 2 and category_id is not None:
                categories[category_id] = total
        cursor.execute(_CAPPED, params)
        views |= zip(("resolved", "closed", "spam", "all", "waiting"), cursor.fetchone(), strict=True)
    return Counts(views, groups, categories, _saved(actor, names))


def _saved(actor: Actor, names: Directory) -> dict[int, int]:
    """Counts of the first saved views, in one statement; views with free text are not counted."""
    parts: list[str] = []
    values: list[object] = []
    counted: list[int] = []
    for view in names.views[:COUNTED_VIEWS]:
        wanted = read_filter(view.query)
        if wanted.words:
            continue
        where = conditions(wanted, actor, names)
        phrase = " and ".join(text for text, _params in where)
        parts.append(
            f"(select count(*) from (select 1 from tickets_ticket where organization_id = %s and {phrase} limit {VIEW_CAP + 1}) v)"
        )
        values += [actor.organization_id, *(value for _text, given in where for value in given)]
        counted.append(view.id)
    if not parts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(parts)}", values)
        return dict(zip(counted, cursor.fetchone(), strict=True))
