"""The conversation of one ticket: messages with their files, and what happened in between, in order of time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from maru.accounts.models import Member
from maru.core.actors import Actor, Permission
from maru.core.errors import NotFound
from maru.core.models import Event
from maru.tickets.models import Attachment, Draft, Message, MessageKind, Participant, SavedView, Ticket
from maru.tickets.queries.lists import Row, fetch_rows

MESSAGE_PAGE = 30
EVENT_PAGE = 200
_MESSAGE_COLUMNS = (
    "id, kind, channel, author_id, author_name, author_address, author_avatar, html, quoted, language, outcome, "
    "recipients, remote_images, is_automatic, is_unverified, mail_id, created_at, text, mentions"
)


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file of a message; ``content_id`` names pictures that the message shows inside its text."""

    id: int
    token: str
    name: str
    size: int
    content_type: str
    content_id: str
    is_inline: bool

    @property
    def is_picture(self) -> bool:
        return self.content_type in ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif")


class Entry(NamedTuple):
    """One message as the thread shows it; columns first."""

    id: int
    kind: str
    channel: str
    author_id: int | None
    author_name: str
    author_address: str
    author_avatar: str
    html: str
    quoted: str
    language: str
    outcome: str
    recipients: Sequence[Mapping[str, str]]
    remote_images: Sequence[str]
    is_automatic: bool
    is_unverified: bool
    mail_id: int | None
    created_at: datetime
    text: str
    mentions: Sequence[int] = ()
    files: tuple[FileInfo, ...] = ()

    @property
    def is_public(self) -> bool:
        return self.kind in (MessageKind.CUSTOMER, MessageKind.REPLY)


@dataclass(frozen=True, slots=True)
class Happening:
    """A row of the event log about this ticket."""

    id: int
    kind: str
    actor_kind: str
    actor_name: str
    data: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Conversation:
    """``earlier`` tells that older messages were left out."""

    entries: list[Entry]
    happenings: list[Happening] = field(default_factory=list)
    earlier: bool = False

    @property
    def newest_id(self) -> int:
        return self.entries[-1].id if self.entries else 0


def read_conversation(
    actor: Actor,
    ticket: Ticket,
    *,
    after_id: int | None = None,
    before_id: int | None = None,
    limit: int = MESSAGE_PAGE,
) -> Conversation:
    """The newest ``limit`` messages, or those after ``after_id`` / before ``before_id``, with the events among them."""
    actor.require(Permission.TICKET_VIEW)
    where, params = "organization_id = %s and ticket_id = %s", [actor.organization_id, ticket.id]
    if after_id is not None:
        where, params = where + " and id > %s", [*params, after_id]
    if before_id is not None:
        where, params = where + " and id < %s", [*params, before_id]
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {_MESSAGE_COLUMNS} from tickets_message where {where} order by id desc limit %s",
            [*params, limit + 1],
        )
        found = [_entry(row) for row in cursor.fetchall()]
    earlier = len(found) > limit
    entries = with_files(actor, found[:limit][::-1])
    since = entries[0].created_at if entries and (earlier or after_id is not None) else None
    until = entries[-1].created_at if entries and before_id is not None else None
    happenings = read_happenings(ticket.id, since=since, until=until) if entries or after_id is None else []
    return Conversation(entries, happenings, earlier)


def _entry(row: tuple[Any, ...]) -> Entry:
    entry = Entry(*row)
    # A cursor of our own gives JSON columns as text unless the driver decodes them.
    given = {name: getattr(entry, name) for name in ("recipients", "remote_images", "mentions")}
    return entry._replace(**{name: json.loads(value) for name, value in given.items() if isinstance(value, str)})


def read_entry(actor: Actor, ticket: Ticket, message_id: int) -> Entry:
    """One message with its files. Raises NotFound when it is not of this ticket."""
    actor.require(Permission.TICKET_VIEW)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {_MESSAGE_COLUMNS} from tickets_message where organization_id = %s and ticket_id = %s and id = %s",
            [actor.organization_id, ticket.id, message_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound()
    return with_files(actor, [_entry(row)])[0]


def with_files(actor: Actor, entries: Sequence[Entry]) -> list[Entry]:
    """The entries with their files: one statement, a left join on the whole key (an inner one is slow under policies)."""
    if not entries:
        return []
    files: dict[int, list[FileInfo]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select a.message_id, f.id, f.token, f.name, f.size, f.content_type, a.content_id, a.is_inline "
            "from tickets_attachment a left join core_storedfile f "
            "on f.organization_id = a.organization_id and f.id = a.file_id "
            "where a.organization_id = %s and a.message_id = any(%s) order by a.id",
            [actor.organization_id, [entry.id for entry in entries]],
        )
        for message_id, *row in cursor.fetchall():
            if row[0] is not None:
                files.setdefault(message_id, []).append(FileInfo(*row))
    return [entry._replace(files=tuple(files[entry.id])) if entry.id in files else entry for entry in entries]


def read_happenings(
    ticket_id: int, *, since: datetime | None = None, until: datetime | None = None, limit: int = EVENT_PAGE
) -> list[Happening]:
    """The newest rows of the log about a ticket, oldest first."""
    rows = Event.objects.filter(subject_type="ticket", subject_id=ticket_id).order_by("-id")
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    if until is not None:
        rows = rows.filter(created_at__lte=until)
    columns = ("id", "kind", "actor_kind", "actor_name", "data", "created_at")
    return [Happening(*row) for row in rows.values_list(*columns)[:limit]][::-1]


@dataclass(frozen=True, slots=True)
class Seat:
    """An address that takes part."""

    address: str
    name: str
    role: str
    is_confirmed: bool


def seats_of(ticket: Ticket) -> list[Seat]:
    """Who outside takes part in the ticket, the requester first."""
    rows = Participant.objects.filter(ticket_id=ticket.id).order_by("id")
    found = [Seat(*row) for row in rows.values_list("address", "name", "role", "is_confirmed")]
    return sorted(found, key=lambda seat: seat.role != Participant.Role.REQUESTER)


def assigned_to(ticket: Ticket) -> list[int]:
    """Ids of the members the ticket is given to, the assignee first."""
    rows = list(ticket.assignments.order_by("id").values_list("member_id", flat=True))
    return sorted(rows, key=lambda member_id: member_id != ticket.assignee_id)


def draft_of(actor: Actor, ticket: Ticket) -> dict[str, str]:
    """What the member has typed and not sent, by mode (``reply``, ``note``)."""
    if actor.member_id is None:
        return {}
    return dict(Draft.objects.filter(ticket_id=ticket.id, member_id=actor.member_id).values_list("mode", "html"))


def earlier_tickets(actor: Actor, ticket: Ticket, limit: int = 20) -> list[Row]:
    """Other tickets of the same customer, newest first; by mail address where no customer is known."""
    actor.require(Permission.TICKET_VIEW)
    if ticket.customer_id is None:
        return []
    where = [("customer_id = %s", [ticket.customer_id]), ("id <> %s", [ticket.id])]
    return fetch_rows(actor, where, "order by id desc limit %s", [limit])


def mentionable(actor: Actor, typed: str, limit: int = 8) -> list[tuple[int, str, str]]:
    """Active members whose name contains ``typed``: id, name, avatar; those that begin with it first."""
    actor.require(Permission.TICKET_VIEW)
    rows = Member.objects.filter(state=Member.State.ACTIVE).exclude(role=Member.Role.NONE).order_by("name", "id")
    wanted = typed.strip().casefold()
    found = [row for row in rows.values_list("id", "name", "avatar")[:2000] if wanted in row[1].casefold()]
    return sorted(found, key=lambda row: not row[1].casefold().startswith(wanted))[:limit]


def file_of(actor: Actor, token: str) -> Any:
    """The stored file with ``token`` in the actor's organization. Raises NotFound."""
    from maru.core.models import StoredFile

    actor.require(Permission.TICKET_VIEW)
    stored = StoredFile.objects.filter(token=token[:43]).first()
    if stored is None or not (
        stored.created_by_member_id == actor.member_id or Attachment.objects.filter(file_id=stored.id).exists()
    ):
        raise NotFound()
    return stored


def view_for(actor: Actor, view_id: int) -> SavedView:
    """A saved view the actor may open: his own or a shared one. Raises NotFound."""
    view = SavedView.objects.filter(id=view_id).first()
    if view is None or view.owner_id not in (None, actor.member_id):
        raise NotFound()
    return view


def message_of(actor: Actor, message_id: int) -> Message:
    """A message of the actor's organization. Raises NotFound."""
    actor.require(Permission.TICKET_VIEW)
    message = Message.objects.filter(id=message_id).first()
    if message is None:
        raise NotFound()
    return message
