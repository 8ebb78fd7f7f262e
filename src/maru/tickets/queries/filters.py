"""What a list shows: a named view, refined by criteria. Read from an address, kept in a saved view, turned into SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from maru.core.actors import Actor
from maru.core.ids import read_ticket_number
from maru.core.numbers import whole
from maru.tickets.models import Channel, Priority, Status
from maru.tickets.queries.directory import Directory
from maru.tickets.trees import HANDLING

VIEWS = ("open", "all", "unassigned", "groups", "mine", "hold", "resolved", "closed", "involved", "waiting", "spam")
SORTS = ("updated", "created", "due", "customer")
DEFAULT_VIEW = "open"

_OPEN = "status < 6 and not is_spam"
# What a member helps with besides his own is read once per statement, however many columns ask (``held_by``).
_HELD = "(assignee_id = %s or id in (select ticket_id from held))"

Condition = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Filter:
    """All texts as typed; numbers that name nothing simply find nothing.

    ``view`` is one of :data:`VIEWS`; ``done`` lets finished tickets into views that show open ones.
    ``assignee`` is a member's id, ``me`` or ``none``.
    """

    view: str = DEFAULT_VIEW
    saved: int | None = None
    sort: str = "updated"
    q: str = ""
    title: str = ""
    number: str = ""
    status: tuple[int, ...] = ()
    priority: tuple[int, ...] = ()
    channel: tuple[str, ...] = ()
    group: int | None = None
    assignee: str = ""
    category: int | None = None
    handling: int | None = None
    stage: int | None = None
    created_from: date | None = None
    created_to: date | None = None
    customer: int | None = None
    name: str = ""
    email: str = ""
    phone: str = ""
    user_key: str = ""
    done: bool = False

    @property
    def words(self) -> str:
        """Everything that goes through the text search, as one query."""
        return " ".join(part for part in (self.q, self.title, self.name, self.email, self.phone) if part)

    @property
    def is_refined(self) -> bool:
        """Whether anything beyond the view narrows the list."""
        return any(
            getattr(self, f.name) != f.default for f in fields(self) if f.name not in ("view", "saved", "sort", "done")
        )

    @property
    def spam(self) -> bool:
        return self.view == "spam"

    def query(self, **changed: Any) -> str:
        """The address's query part, starting with ``?``; what stands at its default is left out."""
        pairs = pairs_of(replace(self, **changed) if changed else self)
        return f"?{urlencode(pairs)}" if pairs else ""


def pairs_of(wanted: Filter) -> list[tuple[str, str]]:
    """The filter as name and text, several pairs for several values."""
    pairs: list[tuple[str, str]] = []
    for f in fields(wanted):
        value = getattr(wanted, f.name)
        if value == f.default:
            continue
        if isinstance(value, tuple):
            pairs += [(f.name, str(item)) for item in value]
        elif isinstance(value, bool):
            pairs.append((f.name, "1"))
        else:
            pairs.append((f.name, value.isoformat() if isinstance(value, date) else str(value)))
    return pairs


def read_filter(given: Mapping[str, Any] | Any, *, view: str = DEFAULT_VIEW) -> Filter:
    """A filter from an address (``QueryDict``) or a saved view (plain mapping); what makes no sense is ignored."""

    def many(name: str) -> list[str]:
        found = given.getlist(name) if hasattr(given, "getlist") else given.get(name, [])
        return [str(v) for v in (found if isinstance(found, (list, tuple)) else [found])]

    def one(name: str) -> str:
        values = many(name)
        return values[-1].strip()[:200] if values else ""

    chosen = one("view")
    sort = one("sort")
    return Filter(
        view=chosen if chosen in VIEWS else view,
        saved=whole(one("saved")),
        sort=sort if sort in SORTS else "updated",
        q=one("q"),
        title=one("title"),
        number=one("number"),
        status=tuple(_among(many("status"), Status.values)),
        priority=tuple(_among(many("priority"), Priority.values)),
        channel=tuple(v for v in many("channel") if v in Channel.values),
        group=whole(one("group")),
        assignee=one("assignee") if re.fullmatch(r"me|none|\d{1,18}", one("assignee")) else "",
        category=whole(one("category")),
        handling=whole(one("handling")),
        stage=whole(one("stage")),
        created_from=_day(one("created_from")),
        created_to=_day(one("created_to")),
        customer=whole(one("customer")),
        name=one("name"),
        email=one("email"),
        phone=one("phone"),
        user_key=one("user_key"),
        done=one("done") in ("1", "on", "true", "True"),
    )


def _among(texts: Iterable[str], allowed: Iterable[int]) -> list[int]:
    known = set(allowed)
    return list(dict.fromkeys(int(t) for t in texts if t.isdecimal() and len(t) < 4 and int(t) in known))


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # The first and last years cannot be told in every time zone.
    return day if 1 < day.year < 9999 else None


def conditions(wanted: Filter, actor: Actor, names: Directory) -> list[Condition]:
    """SQL over ``tickets_ticket``: fixed phrases with parameters, nothing typed by anybody inside them.

    The phrases about status and spam are literals, for the planner proves the partial indexes from them.
    """
    found: list[Condition] = [_by_view(wanted, actor, names)]
    if wanted.number:
        stored = read_ticket_number(wanted.number)
        found.append(("number = %s", [stored]) if stored else ("number ^@ %s", [_prefix(wanted.number)]))
    if wanted.status:
        found.append(("status = any(%s)", [list(wanted.status)]))
    if wanted.priority:
        found.append(("priority = any(%s)", [list(wanted.priority)]))
    if wanted.channel:
        found.append(("channel = any(%s)", [list(wanted.channel)]))
    if wanted.group is not None:
        found.append(("group_id = %s", [wanted.group]))
    if wanted.stage is not None:
        found.append(("stage_id = %s", [wanted.stage]))
    if wanted.category is not None:
        found.append((f"category_id in ({_ids(names.with_below(wanted.category))})", []))
    if wanted.handling is not None:
        # Said to be there as well: so the planner may take the index that holds handled tickets alone.
        below = _ids(names.with_below(wanted.handling, HANDLING))
        found.append((f"handling_category_id is not null and handling_category_id in ({below})", []))
    if wanted.assignee:
        found.append(_by_assignee(wanted.assignee, wanted.view, actor))
    found += _by_day(wanted) + _by_customer(wanted, actor)
    return found


def held_by(wanted: Filter, actor: Actor) -> Condition:
    """The common table ``held`` that :func:`conditions` may speak of: what the member asked for helps others with."""
    member_id = actor.member_id or 0
    if wanted.assignee.isdecimal() and wanted.view not in _PERSONAL:
        member_id = int(wanted.assignee)
    return (
        "with held as materialized (select ticket_id from tickets_assignment "
        "where organization_id = %s and member_id = %s and is_helper)",
        [actor.organization_id, member_id],
    )


def _ids(ids: Iterable[int]) -> str:
    """Ids as literals: how many there are and how frequent they are is what the planner must know.

    A prepared plan takes an array for ten unknown values, and sorts all tickets of ten categories.
    """
    return ", ".join(str(int(each)) for each in ids) or "null"


_PERSONAL = ("mine", "hold", "resolved", "closed", "involved")


def _by_view(wanted: Filter, actor: Actor, names: Directory) -> Condition:
    me = actor.member_id or 0
    mine: list[Any] = [me]
    shown = "not is_spam" if wanted.done or any(s >= Status.RESOLVED for s in wanted.status) else _OPEN
    match wanted.view:
        case "spam":
            return "is_spam", []
        case "all":
            return "not is_spam", []
        case "unassigned":
            return f"{shown} and assignee_id is null", []
        case "groups":
            return f"{shown} and group_id in ({_ids(names.my_group_ids)})", []
        case "mine":
            unheld = " and status <> 3" if shown == _OPEN else ""
            return f"{shown}{unheld} and {_HELD}", mine
        case "hold":
            return f"{_OPEN} and status = 3 and {_HELD}", mine
        case "resolved":
            return f"status = 6 and status >= 6 and not is_spam and {_HELD}", mine
        case "closed":
            return f"status = 7 and status >= 6 and not is_spam and {_HELD}", mine
        case "involved":
            return f"{shown} and (created_by_id = %s or {_HELD})", [me, *mine]
        case "waiting":
            return f"{_OPEN} and last_agent_at is not null and last_customer_at > last_agent_at", []
        case _:
            return shown, []


def _by_assignee(assignee: str, view: str, actor: Actor) -> Condition:
    if assignee == "none":
        return "assignee_id is null", []
    if assignee != "me" and view in _PERSONAL:
        # Both somebody's own view and another one's tickets: rare, so it costs a look of its own.
        own = "select 1 from tickets_assignment a where a.organization_id = tickets_ticket.organization_id"
        return f"exists ({own} and a.ticket_id = tickets_ticket.id and a.member_id = %s)", [int(assignee)]
    member_id = actor.member_id if assignee == "me" else int(assignee)
    return _HELD, [member_id]


def _by_day(wanted: Filter) -> list[Condition]:
    found: list[Condition] = []
    if wanted.created_from:
        found.append(("created_at >= %s", [_midnight(wanted.created_from)]))
    if wanted.created_to:
        found.append(("created_at < %s", [_midnight(wanted.created_to + timedelta(days=1))]))
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _by_customer(wanted: Filter, actor: Actor) -> list[Condition]:
    found: list[Condition] = []
    if wanted.customer is not None:
        found.append(
            (
                "customer_id = (select id from customers_customer where organization_id = %s and number = %s)",
                [actor.organization_id, min(wanted.customer, 2**31 - 1)],
            )
        )
    if wanted.user_key:
        found.append(
            (
                "customer_id = (select customer_id from customers_identity "
                "where organization_id = %s and kind = 'user_key' and value = %s)",
                [actor.organization_id, wanted.user_key],
            )
        )
    return found


def _prefix(typed: str) -> str:
    return "T" + re.sub(r"[^0-9A-Z]", "", typed.upper()).removeprefix("T").translate(_FORGIVEN)


_FORGIVEN = str.maketrans({"O": "0", "I": "1", "L": "1"})
