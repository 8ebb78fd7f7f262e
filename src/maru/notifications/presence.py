"""Who has a ticket open right now, and who is typing. Nothing of this goes into the log."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from maru.accounts.models import Member
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.notifications.live.hub import PRESENCE_CHANNEL
from maru.notifications.live.reading import PRESENT_SECONDS
from maru.tickets.models import Presence
from maru.tickets.queries import get_ticket_for

_UPSERT = """
insert into tickets_presence (organization_id, ticket_id, member_id, is_typing, seen_at)
values (%(organization)s, %(ticket)s, %(member)s, %(typing)s, now())
on conflict (organization_id, ticket_id, member_id) do update set is_typing = excluded.is_typing, seen_at = now()
"""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody else at the same ticket. ``picture`` is his avatar."""

    member: int
    name: str
    picture: str
    typing: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def viewers_of(actor: Actor, *, number: str) -> list[Viewer]:
    """Who else looks at the ticket. Raises NotFound."""
    return _viewers(actor, get_ticket_for(actor, number).id)


@command
def look(actor: Actor, *, number: str, is_typing: bool = False) -> list[Viewer]:
    """Say "I am here"; to be repeated, for it holds 30 seconds. Returns who else is.

    Others are told only when something has changed. Raises NotFound, Forbidden.
    """
    actor.require(Permission.TICKET_VIEW)
    ticket_id = get_ticket_for(actor, number).id
    mine = Presence.objects.filter(ticket_id=ticket_id, member_id=actor.member_id).first()
    values = {
        "organization": actor.organization_id,
        "ticket": ticket_id,
        "member": actor.member_id,
        "typing": is_typing,
    }
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, values)
    if mine is None or mine.is_typing != is_typing or mine.seen_at < _oldest():
        Presence.objects.filter(ticket_id=ticket_id, seen_at__lt=_oldest()).delete()
        _tell(actor, ticket_id)
    return _viewers(actor, ticket_id)


@command
def leave(actor: Actor, *, number: str) -> None:
    """Say "I am gone". Raises NotFound."""
    ticket_id = get_ticket_for(actor, number).id
    gone, _rows = Presence.objects.filter(ticket_id=ticket_id, member_id=actor.member_id).delete()
    if gone:
        _tell(actor, ticket_id)


def _oldest() -> Any:
    return timezone.now() - timedelta(seconds=PRESENT_SECONDS)


def _viewers(actor: Actor, ticket_id: int) -> list[Viewer]:
    here = dict(
        Presence.objects.filter(ticket_id=ticket_id, seen_at__gt=_oldest())
        .exclude(member_id=actor.member_id)
        .values_list("member_id", "is_typing")
    )
    people = Member.objects.filter(id__in=here).order_by("name", "id") if here else []
    return [Viewer(person.id, person.name, person.avatar, here[person.id]) for person in people]


def _tell(actor: Actor, ticket_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, %s)", [PRESENCE_CHANNEL, f"{actor.organization_id}:{ticket_id}"])
