"""The numbered log of what happened. Everything that reacts, reacts to a row of this log."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from django.db import connection

from maru.core.actors import Actor
from maru.core.tenancy import current_organization_id

EVENT_CHANNEL = "maru_events"
_LOCK_SPACE = 7041
# One statement, for every command passes here: the lock is taken before the row can draw its number.
_APPEND = """
with turn as materialized (select pg_advisory_xact_lock(%s, %s)),
logged as (
  insert into core_event (organization_id, kind, subject_type, subject_id, actor_kind, actor_id, actor_name, data)
  select %s, %s, %s, %s, %s, %s, %s, %s::jsonb from turn returning id
)
select id, pg_notify(%s, %s) from logged
"""


@dataclass(frozen=True, slots=True)
class DomainEvent:
    """Base of all events: frozen, past tense, ids only. ``subject`` names the thing it happened to."""

    kind: ClassVar[str] = ""
    subject_type: ClassVar[str] = ""

    subject_id: int

    def data(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(self).items() if k != "subject_id"}


@dataclass(frozen=True, slots=True)
class Published:
    """An event as it stands in the log."""

    id: int
    actor: Actor
    event: DomainEvent


Subscriber = Callable[[Published], None]
_subscribers: dict[str, list[Subscriber]] = {}
_early: dict[str, list[Subscriber]] = {}
_kinds: dict[str, type[DomainEvent]] = {}


def subscribe(event: type[DomainEvent], subscriber: Subscriber, *, early: bool = False) -> None:
    """Let ``subscriber`` run in the transaction of each such event; slow work belongs in a task it defers.

    ``early``: before the event draws its number (``Published.id`` is 0 then). From there until the commit all other
    writers of the organization wait, so what takes long and needs no number comes first.
    Called in ``maru.config.wiring`` only, so that one file tells who listens to what.
    """
    listeners = (_early if early else _subscribers).setdefault(event.kind, [])
    if subscriber not in listeners:
        listeners.append(subscriber)


def event_fields(event: type[DomainEvent]) -> list[str]:
    """Names of what an event carries besides its subject."""
    return [f.name for f in fields(event) if f.name != "subject_id"]


def publish(actor: Actor, event: DomainEvent) -> Published:
    """Append ``event`` to the log of the actor's organization and tell those who react.

    Numbers are drawn before commit, so writers of one organization queue on an advisory lock: a reader that has
    seen number N can never miss a smaller one (docs/concepts/live-pages.md).
    """
    for subscriber in _early.get(event.kind, []):
        subscriber(Published(0, actor, event))
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND,
            [
                _LOCK_SPACE,
                actor.organization_id % 2**31,
                actor.organization_id,
                event.kind,
                event.subject_type,
                event.subject_id,
                actor.kind.value,
                actor.member_id or actor.customer_id,
                actor.name[:200],
                json.dumps(event.data()),
                EVENT_CHANNEL,
                str(actor.organization_id),
            ],
        )
        number = int(cursor.fetchone()[0])
    published = Published(number, actor, event)
    for subscriber in _subscribers.get(event.kind, []):
        subscriber(published)
    return published


def newest_number() -> int:
    """The number of the current organization's last event, 0 before the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(max(id), 0) from core_event where organization_id = %s", [current_organization_id()]
        )
        return int(cursor.fetchone()[0])
