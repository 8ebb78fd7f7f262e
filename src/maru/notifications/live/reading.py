"""What the stream tells, read from the database: events with their notes, and who is present on a ticket.

Only ids, kinds, ticket numbers and names of the ones who acted leave here; texts stay in the pages that check rights.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from maru.core.actors import Permission
from maru.notifications.live.database import Connection
from maru.notifications.live.frames import Frame

REPLAY_LIMIT = 1000
PRESENT_SECONDS = 30

# Subjects that pages are told of, and what one must be allowed to hear it. What is not here is not sent.
SUBJECTS: dict[str, Permission] = {
    "ticket": Permission.TICKET_VIEW,
    "group": Permission.TICKET_VIEW,
    "member": Permission.MEMBERS_MANAGE,
}
PERSONAL = "box"
_SAFE_DATA = (
    "message_id",
    "member_id",
    "member_ids",
    "group_id",
    "stage_id",
    "from_stage_id",
    "to_stage_id",
    "to_status",
    "is_spam",
    "outcome",
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A frame and who may have it: those with ``permission`` but not ``others_than``, or one member alone.

    ``number`` is its place in the log, also for frames that carry none themselves; 0 for what is not in the log.
    """

    frame: Frame
    encoded: bytes
    number: int = 0
    permission: Permission | None = None
    member_id: int | None = None
    others_than: frozenset[int] = frozenset()

    def suits(self, member_id: int, permissions: frozenset[Permission]) -> bool:
        if self.member_id is not None and self.member_id != member_id:
            return False
        if member_id in self.others_than:
            return False
        return self.permission is None or self.permission in permissions


@dataclass(frozen=True, slots=True)
class Batch:
    """A piece of the log: what to deliver, and the number of its last row whether delivered or not."""

    deliveries: list[Delivery]
    last: int
    rows: int


async def newest(connection: Connection, organization_id: int) -> int:
    """The number of the organization's last event, 0 before the first."""
    cursor = await connection.execute(
        "select coalesce(max(id), 0) from core_event where organization_id = %s", [organization_id]
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def read_batch(connection: Connection, organization_id: int, after: int, limit: int) -> Batch:
    """Events after number ``after`` in order, at most ``limit``, each followed by the notes it caused."""
    cursor = await connection.execute(
        "select id, kind, subject_type, subject_id, actor_id, actor_kind, actor_name, data from core_event "
        "where organization_id = %s and id > %s order by id limit %s",
        [organization_id, after, limit],
    )
    events = await cursor.fetchall()
    if not events:
        return Batch([], after, 0)
    notes = await _notes(connection, organization_id, [row[0] for row in events])
    deliveries: list[Delivery] = []
    for number, kind, subject_type, subject_id, *actor, data in events:
        ticket = data.get("number", "") if subject_type == "ticket" else ""
        # Notes say the number of their event; it is the event's own frame, after them, that moves a page forward.
        deliveries += [_note(note, number, ticket) for note in notes.get(number, ())]
        if subject_type == PERSONAL:
            unread = (await _unread(connection, organization_id, [subject_id])).get(subject_id, 0)
            frame = Frame(kind, {"id": number, "unread": unread}, number)
            deliveries.append(Delivery(frame, frame.encoded(), number, member_id=subject_id))
        elif subject_type in SUBJECTS:
            told = {"id": number, f"{subject_type}_id": subject_id, **_actor(*actor)}
            told |= {"ticket": ticket} if ticket else {}
            told |= {key: data[key] for key in _SAFE_DATA if key in data}
            frame = Frame(kind, told, number)
            deliveries.append(Delivery(frame, frame.encoded(), number, SUBJECTS[subject_type]))
    return Batch(deliveries, events[-1][0], len(events))


def _actor(actor_id: int | None, kind: str, name: str) -> dict[str, Any]:
    return {"actor": name, "by": actor_id if kind == "member" else None}


@dataclass(frozen=True, slots=True)
class _Note:
    id: int
    recipient_id: int
    kind: str
    has_ticket: bool
    unread: int


async def _notes(connection: Connection, organization_id: int, numbers: Sequence[int]) -> dict[int, list[_Note]]:
    cursor = await connection.execute(
        "select event_id, id, recipient_id, kind, ticket_id is not null from notifications_note "
        "where organization_id = %s and event_id = any(%s) order by id",
        [organization_id, list(numbers)],
    )
    rows = await cursor.fetchall()
    counts = await _unread(connection, organization_id, {row[2] for row in rows}) if rows else {}
    found: dict[int, list[_Note]] = {}
    for event_id, note_id, recipient_id, kind, has_ticket in rows:
        note = _Note(note_id, recipient_id, kind, has_ticket, counts.get(recipient_id, 0))
        found.setdefault(event_id, []).append(note)
    return found


def _note(note: _Note, number: int, ticket: str) -> Delivery:
    told = {"id": number, "note": note.id, "unread": note.unread, "ticket": ticket}
    frame = Frame(f"note.{note.kind}", told)
    permission = Permission.TICKET_VIEW if note.has_ticket else None
    return Delivery(frame, frame.encoded(), number, permission, note.recipient_id)


async def _unread(connection: Connection, organization_id: int, members: Iterable[int]) -> dict[int, int]:
    cursor = await connection.execute(
        "select recipient_id, count(*) from notifications_note "
        "where organization_id = %s and recipient_id = any(%s) and read_at is null group by recipient_id",
        [organization_id, list(members)],
    )
    return dict(await cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Present:
    """Who has a ticket open, and in how many seconds the first of them counts as gone (``None``: nobody there)."""

    deliveries: list[Delivery]
    seconds: float | None


async def read_presence(connection: Connection, organization_id: int, tickets: Sequence[int]) -> dict[int, Present]:
    """For each ticket of the organization that exists, who is there now."""
    cursor = await connection.execute(
        "select id, number from tickets_ticket where organization_id = %s and id = any(%s)",
        [organization_id, list(tickets)],
    )
    numbers: dict[int, str] = dict(await cursor.fetchall())
    cursor = await connection.execute(
        "select p.ticket_id, m.id, m.name, m.avatar, p.is_typing, "
        "extract(epoch from p.seen_at - now() + make_interval(secs => %s))::float8 "
        "from tickets_presence p left join accounts_member m "
        "on m.organization_id = p.organization_id and m.id = p.member_id "
        "where p.organization_id = %s and p.ticket_id = any(%s) "
        "and p.seen_at > now() - make_interval(secs => %s) order by p.id",
        [PRESENT_SECONDS, organization_id, list(tickets), PRESENT_SECONDS],
    )
    rows = await cursor.fetchall()
    found: dict[int, Present] = {}
    for ticket_id, number in numbers.items():
        here = [row for row in rows if row[0] == ticket_id]
        left = min((row[5] for row in here), default=None)
        found[ticket_id] = Present(_presence(ticket_id, number, [row[1:5] for row in here]), left)
    return found


def _presence(ticket_id: int, number: str, here: list[tuple[Any, ...]]) -> list[Delivery]:
    """One frame for all who are elsewhere, and one for each who is there, in which he does not see himself."""

    def told(without: int | None) -> Frame:
        viewers = [
            {"member": member, "name": name, "picture": avatar, "typing": typing}
            for member, name, avatar, typing in here
            if member != without
        ]
        return Frame("presence", {"ticket": number, "ticket_id": ticket_id, "viewers": viewers})

    members = frozenset(row[0] for row in here)
    common = told(None)
    deliveries = [Delivery(common, common.encoded(), 0, Permission.TICKET_VIEW, None, members)]
    for member in members:
        own = told(member)
        deliveries.append(Delivery(own, own.encoded(), 0, Permission.TICKET_VIEW, member))
    return deliveries
