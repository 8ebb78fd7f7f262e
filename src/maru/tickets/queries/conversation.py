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
from maru.tickets.models import Attachment, Message, MessageKind, Participant, SavedView, Ticket
from maru.tickets.queries.lists import Row, fetch_rows
from maru.tickets.queries.pictures import Picture, pictures_of

MESSAGE_PAGE = 30
EVENT_PAGE = 200
_MESSAGE_COLUMNS = (
    "id, kind, channel, author_id, author_name, author_address, author_avatar, html, quoted, language, outcome, "
    "recipients, remote_images, is_automatic, is_unverified, is_blind, mail_id, created_at, text, mentions"
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
    is_blind: bool
    mail_id: int | None
    created_at: datetime
    text: str
    mentions: Sequence[int] = ()
    files: tuple[FileInfo, ...] = ()
    fetched: Mapping[int, Picture] = {}

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
    happenings = (
        read_happenings(actor.organization_id, ticket.id, since=since, until=until)
        if entries or after_id is None
        else []
    )
    return Conversation(entries, happenings, earlier)


def _entry(row: tuple[Any, ...]) -> Entry:
    entry = Entry(*row)
    # A cursor of our own gives JSON columns as text unless the driver decodes them.
    given = {name: getattr(entry, name) for name in ("recipients", "remote_images", "mentions")}
    return entry._replace(**{name: _decoded(value) for name, value in given.items() if isinstance(value, str)})


def _decoded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


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
    """The entries with their files: one statement, a left join on the whole key (an inner one is slow under policies).

    Where mail names pictures elsewhere, what readers have asked to see of them comes with it.
    """
    if not entries:
        return []
    fetched = pictures_of(actor, [entry.id for entry in entries if entry.remote_images])
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
    return [
        entry._replace(files=tuple(files.get(entry.id, ())), fetched=fetched.get(entry.id, {})) for entry in entries
    ]


def read_happenings(
    organization_id: int,
    ticket_id: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = EVENT_PAGE,
) -> list[Happening]:
    """The newest rows of the log about a ticket, oldest first."""
    where = "organization_id = %s and subject_type = 'ticket' and subject_id = %s"
    params: list[Any] = [organization_id, ticket_id]
    if since is not None:
        where, params = where + " and created_at >= %s", [*params, since]
    if until is not None:
        where, params = where + " and created_at <= %s", [*params, until]
    with connection.cursor() as cursor:
        cursor.execute(
            f"select id, kind, actor_kind, actor_name, data, created_at from core_event where {where} "
            "order by id desc limit %s",
            [*params, limit],
        )
        found = [Happening(i, kind, of, name, _decoded(data), at) for i, kind, of, name, data, at in cursor.fetchall()]
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Seat:
    """An address that takes part."""

    address: str
    name: str
    role: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """Who works on a ticket (ids, the assignee first), who takes part from outside (the requester first), and what
    the member has typed and not sent, by mode."""

    members: list[int]
    seats: list[Seat]
    drafts: Mapping[str, str]


def read_beside(actor: Actor, ticket: Ticket) -> Beside:
    """What stands beside the conversation, in one statement."""
    params = {"org": actor.organization_id, "ticket": ticket.id, "me": actor.member_id or 0}
    with connection.cursor() as cursor:
        cursor.execute(_BESIDE, params)
        members, seats, drafts = (_decoded(value) or [] for value in cursor.fetchone())
    return Beside(
        sorted(members, key=lambda member_id: member_id != ticket.assignee_id),
        sorted((Seat(*row) for row in seats), key=lambda seat: seat.role != Participant.Role.REQUESTER),
        dict(drafts),
    )


_OF_TICKET = "where organization_id = %(org)s and ticket_id = %(ticket)s"
_BESIDE = f"""
select
  (select json_agg(member_id order by id) from tickets_assignment {_OF_TICKET}),
  (select json_agg(json_build_array(address, name, role, is_confirmed) order by id) from tickets_participant {_OF_TICKET}),
  (select json_agg(json_build_array(mode, html)) from tickets_draft {_OF_TICKET} and member_id = %(me)s)
"""


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
