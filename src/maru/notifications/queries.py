"""Reading the message box and the choices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import TypeVar

from django.db.models import QuerySet

from maru.accounts.models import Member
from maru.core.actors import Actor, Permission
from maru.core.errors import NotFound
from maru.core.ids import show_ticket_number
from maru.notifications import words
from maru.notifications.models import Note, NotificationChoice
from maru.tickets.models import Ticket

Row = TypeVar("Row", Ticket, Member)
PAGE = 30
NEWEST = 10


@dataclass(frozen=True, slots=True)
class Line:
    """A note as its reader sees it. ``name`` and ``picture`` are the other one's; ``number`` is a stored number."""

    id: int
    kind: str
    icon: str
    sentence: str
    excerpt: str
    name: str
    picture: str
    title: str
    number: str
    created_at: datetime
    is_unread: bool

    @property
    def shown_number(self) -> str:
        return show_ticket_number(self.number) if self.number else ""


@dataclass(frozen=True, slots=True)
class Box:
    """A page of the message box, newest first. ``before`` continues it, ``None`` at the end."""

    lines: list[Line]
    before: int | None


def _visible(actor: Actor) -> QuerySet[Note]:
    """Notes about tickets are hidden from who may not see tickets any more."""
    notes: QuerySet[Note] = Note.objects.all()
    return notes if actor.can(Permission.TICKET_VIEW) else notes.filter(ticket__isnull=True)


def unread_count(actor: Actor, *, most: int | None = None) -> int:
    """How many received notes wait to be read; counts no further than ``most``, for a bell that says 99+ anyway."""
    return _visible(actor).filter(recipient_id=actor.member_id, read_at__isnull=True)[:most].count()


def received(actor: Actor, *, before: int | None = None, limit: int = PAGE) -> Box:
    """Notes for the actor."""
    return _box(_visible(actor).filter(recipient_id=actor.member_id), before, limit, is_sent=False)


def sent(actor: Actor, *, before: int | None = None, limit: int = PAGE) -> Box:
    """Notes that others got because of what the actor did."""
    return _box(_visible(actor).filter(sender_id=actor.member_id), before, limit, is_sent=True)


def get_note_for(actor: Actor, note_id: int) -> Note:
    """A note the actor has received. Raises NotFound for anybody else's."""
    note = _visible(actor).filter(id=note_id, recipient_id=actor.member_id).first()
    if note is None:
        raise NotFound()
    return note


def line_of(note: Note) -> Line:
    """One received note as a line."""
    return _lines([note], is_sent=False)[0]


def _box(notes: QuerySet[Note], before: int | None, limit: int, *, is_sent: bool) -> Box:
    if before is not None:
        notes = notes.filter(id__lt=before)
    page = list(notes.order_by("-id")[: limit + 1])
    more = len(page) > limit
    page = page[:limit]
    return Box(_lines(page, is_sent=is_sent), page[-1].id if more else None)


def _lines(notes: list[Note], *, is_sent: bool) -> list[Line]:
    # Page first, relations by id: an inner join under row-level security can cost a hundred times more.
    tickets = _by_id(Ticket.objects.only("id", "number", "title"), {note.ticket_id for note in notes})
    others = {note.recipient_id if is_sent else note.sender_id for note in notes}
    people = _by_id(Member.objects.only("id", "name", "avatar"), others)
    lines: list[Line] = []
    for note in notes:
        person = people.get(note.recipient_id if is_sent else note.sender_id or 0)
        name = person.name if person else "" if is_sent else note.sender_name
        ticket = tickets.get(note.ticket_id or 0)
        lines.append(
            Line(
                id=note.id,
                kind=note.kind,
                icon=words.ICONS[note.kind],
                sentence=words.sentence(note.kind, name, is_sent=is_sent),
                excerpt=note.excerpt,
                name=name,
                picture=person.avatar if person else "",
                title=ticket.title if ticket else "",
                number=ticket.number if ticket else "",
                created_at=note.created_at,
                is_unread=not is_sent and note.read_at is None,
            )
        )
    return lines


def _by_id(rows: QuerySet[Row], ids: Iterable[int | None]) -> dict[int, Row]:
    wanted = {one for one in ids if one}
    return {row.id: row for row in rows.filter(id__in=wanted)} if wanted else {}


def choices_of(actor: Actor) -> NotificationChoice:
    """What the actor chose; unsaved defaults when he never did."""
    found = NotificationChoice.objects.filter(member_id=actor.member_id).first()
    return found or NotificationChoice(member_id=actor.member_id or 0)


def is_quiet(choice: NotificationChoice, moment: time) -> bool:
    """Whether ``moment`` (the member's wall clock) lies in the hours in which nothing may open on the desktop."""
    start, end = choice.quiet_from, choice.quiet_until
    if start is None or end is None or start == end:
        return False
    return start <= moment < end if start < end else moment >= start or moment < end
