"""What people say to each other on a ticket."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils.translation import gettext as _

from maru.accounts.models import Member
from maru.accounts.roles import permissions_of
from maru.core.actors import Actor, ActorKind, Permission
from maru.core.commands import command
from maru.core.errors import Conflict, Forbidden, Invalid, NotFound
from maru.core.events import publish
from maru.tickets.commands.assigning import give_to, mark_helpers
from maru.tickets.commands.common import add_message, clean_body, now, reindex, ticket_to_change, touch
from maru.tickets.commands.participants import add_copies, check_seats, is_blind_copy, leave_out
from maru.tickets.commands.staging import move_to_status
from maru.tickets.errors import NewerMessage, TicketClosedForGood
from maru.tickets.events import (
    CommentAdded,
    CustomerMessageAdded,
    HeldMessageAccepted,
    HeldMessageDismissed,
    MemberRemoved,
    MessageHeld,
    ParticipantsChanged,
    PriorityChanged,
    ReplySent,
    TicketReopened,
)
from maru.tickets.models import Assignment, Message, MessageKind, Participant, Priority, Status, Ticket
from maru.tickets.queries.one import get_ticket_by_id_for
from maru.tickets.values import Copy, MailFacts

OUTCOMES = {"open": Status.OPEN, "hold": Status.PENDING, "resolve": Status.RESOLVED}


@command
def add_customer_message(
    actor: Actor,
    *,
    ticket_id: int,
    text: str = "",
    html: str = "",
    author_name: str,
    author_address: str = "",
    channel: str,
    file_ids: Sequence[int] = (),
    mail: MailFacts | None = None,
) -> Message:
    """What the requester or somebody else who takes part says. Reopens a resolved ticket for its agent.

    Automatic mail (out of office) is kept but changes nothing else.
    :raises TicketClosedForGood: closed longer than the service's ``reopen_days``.
    """
    ticket = get_ticket_by_id_for(actor, ticket_id, lock=True)
    automatic = bool(mail and mail.is_automatic)
    if not automatic and closed_for_good(ticket):
        raise TicketClosedForGood()
    text, html = clean_body(text, html, required=mail is None, trusted_html=mail is not None)
    message = add_message(
        ticket,
        MessageKind.CUSTOMER,
        actor=actor,
        channel=channel,
        text=text,
        html=html,
        author_name=author_name,
        author_address=author_address,
        is_blind=is_blind_copy(ticket, author_address),
        file_ids=file_ids,
        mail=mail,
    )
    if not automatic:
        _customer_spoke(actor, ticket, message)
    reindex(ticket)
    publish(actor, CustomerMessageAdded(ticket.id, ticket.number, message.id, automatic))
    return message


def closed_for_good(ticket: Ticket) -> bool:
    """Whether a reply may no longer reopen this ticket."""
    if ticket.status != Status.CLOSED or ticket.closed_at is None:
        return False
    return now() - ticket.closed_at > timedelta(days=ticket.service.reopen_days)


def _customer_spoke(actor: Actor, ticket: Ticket, message: Message) -> None:
    moment, escalated = now(), False
    ticket.last_message_id = message.id
    ticket.last_customer_at = moment
    ticket.close_due_at = None
    if ticket.answer_due_at is None:
        ticket.answer_due_at = moment + timedelta(hours=ticket.service.answer_within_hours)
    reopened = ticket.status >= Status.RESOLVED
    if reopened:
        escalated = ticket.service.escalates_reopened
        if escalated:
            _escalate(actor, ticket)
        else:
            _find_its_agent(ticket)
        move_to_status(actor, ticket, Status.OPEN if ticket.assignee_id else Status.NEW)
        ticket.resolved_at = ticket.closed_at = None
    elif ticket.status == Status.PENDING:
        move_to_status(actor, ticket, Status.OPEN)
    touch(
        ticket,
        actor,
        "last_message_id",
        "last_customer_at",
        "close_due_at",
        "answer_due_at",
        "assignee",
        "status",
        "stage",
        "resolved_at",
        "closed_at",
        "board_rank",
        "priority",
    )
    if reopened:
        publish(actor, TicketReopened(ticket.id, ticket.number, message.id, escalated))


def _escalate(actor: Actor, ticket: Ticket) -> None:
    """Take the ticket off those who had it and make it more urgent: its group sees it among what nobody has."""
    former = list(Assignment.objects.filter(ticket=ticket).order_by("id").values_list("member_id", flat=True))
    Assignment.objects.filter(ticket=ticket).delete()
    ticket.assignee_id = None
    before, ticket.priority = ticket.priority, min(ticket.priority + 1, Priority.URGENT)
    for member_id in former:
        publish(actor, MemberRemoved(ticket.id, ticket.number, member_id))
    if ticket.priority != before:
        publish(actor, PriorityChanged(ticket.id, ticket.number, before, ticket.priority))


def _find_its_agent(ticket: Ticket) -> None:
    """Leave the ticket with whoever had it, unless he works here no more: then with the next one, or with nobody."""
    if ticket.assignee_id is None:
        return
    held = list(Assignment.objects.filter(ticket=ticket).order_by("id").values_list("member_id", flat=True))
    members = Member.objects.in_bulk([ticket.assignee_id, *held])
    staying = [
        member_id
        for member_id in dict.fromkeys([ticket.assignee_id, *held])
        if member_id in members and Permission.TICKET_HANDLE in permissions_of(members[member_id])
    ]
    ticket.assignee_id = staying[0] if staying else None
    if len(staying) < len(members):
        Assignment.objects.filter(ticket=ticket).exclude(member_id__in=staying).delete()
        mark_helpers(ticket)


@command
def hold_message(
    actor: Actor,
    *,
    ticket_id: int,
    text: str = "",
    html: str = "",
    author_name: str,
    author_address: str,
    channel: str,
    file_ids: Sequence[int] = (),
    mail: MailFacts | None = None,
) -> Message:
    """Keep mail that knew the ticket's reply address but came from somebody who takes no part in it.

    Only staff see it until they accept it; nobody is mailed and the sender becomes no participant.
    """
    ticket = get_ticket_by_id_for(actor, ticket_id, lock=True)
    text, html = clean_body(text, html, required=False, trusted_html=mail is not None)
    message = add_message(
        ticket,
        MessageKind.HELD,
        actor=actor,
        channel=channel,
        text=text,
        html=html,
        author_name=author_name,
        author_address=author_address,
        file_ids=file_ids,
        mail=mail,
    )
    reindex(ticket)
    touch(ticket, actor)
    publish(actor, MessageHeld(ticket.id, ticket.number, message.id))
    return message


def _held(actor: Actor, message_id: int) -> tuple[Ticket, Message]:
    message = Message.objects.filter(id=message_id).first()
    if message is None:
        raise NotFound()
    ticket = ticket_to_change(actor, message.ticket_id)
    message.refresh_from_db()
    if message.kind != MessageKind.HELD:
        raise Conflict()
    return ticket, message


@command
def accept_held(actor: Actor, *, message_id: int, as_participant: bool = False) -> Message:
    """Let a held message into the conversation; ``as_participant`` lets its sender take part from now on.

    :raises Conflict: it is no longer held. :raises Invalid: the sender's address may not take part, or no more can.
    """
    ticket, message = _held(actor, message_id)
    address = message.author_address.strip().casefold() if as_participant else ""
    if address:
        check_seats(ticket, [address], "address")
    message.kind = MessageKind.CUSTOMER
    message.is_blind = is_blind_copy(ticket, message.author_address)
    message.save(update_fields=["kind", "is_blind"])
    if address:
        # Perhaps a Cc has named the sender before: then he waits in the list already, unconfirmed.
        Participant.objects.update_or_create(
            organization_id=actor.organization_id,
            ticket=ticket,
            address=address,
            defaults={"is_confirmed": True},
            create_defaults={"name": message.author_name, "role": Participant.Role.COPY, "is_confirmed": True},
        )
    _customer_spoke(actor, ticket, message)
    publish(actor, HeldMessageAccepted(ticket.id, ticket.number, message.id))
    if address:
        publish(actor, ParticipantsChanged(ticket.id, ticket.number))
    return message


@command
def dismiss_held(actor: Actor, *, message_id: int) -> None:
    """Turn a held message into a comment, so that nothing that came in is ever lost.

    :raises Conflict: it is no longer held.
    """
    ticket, message = _held(actor, message_id)
    message.kind = MessageKind.COMMENT
    message.save(update_fields=["kind"])
    touch(ticket, actor)
    publish(actor, HeldMessageDismissed(ticket.id, ticket.number, message.id))


@command
def reply(
    actor: Actor,
    *,
    ticket_id: int,
    html: str = "",
    text: str = "",
    outcome: str = "open",
    seen_message_id: int | None = None,
    file_ids: Sequence[int] = (),
    copies: Sequence[Copy] = (),
    without: Sequence[str] = (),
) -> Message:
    """Answer in public: ``resolve`` (final answer), ``hold`` (interim answer) or ``open`` (the ticket stays in progress).

    ``seen_message_id`` is the newest public message the writer has seen; ``None`` sends anyway.
    ``copies`` take part from now on, openly or blind; the addresses ``without`` no longer do (never the requester's).
    An unassigned ticket becomes the writer's.
    :raises NewerMessage: somebody has written since.
    """
    ticket = ticket_to_change(actor, ticket_id)
    if outcome not in OUTCOMES:
        raise Invalid({"outcome": _("Unknown outcome.")})
    if seen_message_id is not None and ticket.last_message_id != seen_message_id:
        raise NewerMessage(ticket.last_message_id)
    text, html = clean_body(text, html)
    are_fewer, are_more = leave_out(ticket, without), add_copies(ticket, copies)
    recipients = [
        {"address": p.address, "name": p.name, "role": p.role}
        for p in Participant.objects.filter(ticket=ticket, is_confirmed=True).order_by("id")
    ]
    message = add_message(
        ticket,
        MessageKind.REPLY,
        actor=actor,
        channel=ticket.channel,
        text=text,
        html=html,
        file_ids=file_ids,
        outcome=outcome,
        recipients=recipients,
    )
    _answered(actor, ticket, message, OUTCOMES[outcome])
    reindex(ticket)
    publish(actor, ReplySent(ticket.id, ticket.number, message.id, outcome))
    if are_fewer or are_more:
        publish(actor, ParticipantsChanged(ticket.id, ticket.number))
    return message


def _answered(actor: Actor, ticket: Ticket, message: Message, status: Status) -> None:
    moment = now()
    ticket.last_message_id = message.id
    ticket.last_agent_at = moment
    ticket.first_answered_at = ticket.first_answered_at or moment
    ticket.answer_due_at = None
    changed = ["last_message_id", "last_agent_at", "first_answered_at", "answer_due_at"]
    if ticket.assignee_id is None and actor.member_id is not None:
        give_to(ticket, [actor.member_id])
        changed.append("assignee")
    if ticket.status != status:
        move_to_status(actor, ticket, status)
    touch(ticket, actor, *changed, "status", "stage", "resolved_at", "closed_at", "close_due_at", "board_rank")


@command
def comment(
    actor: Actor,
    *,
    ticket_id: int,
    html: str = "",
    text: str = "",
    mentions: Sequence[int] = (),
    file_ids: Sequence[int] = (),
) -> Message:
    """Write something only staff see; members named in ``mentions`` are told.

    :raises Invalid: a mentioned member is not of this organization, or does not work on tickets.
    """
    if actor.kind is ActorKind.REQUESTER:
        raise Forbidden()
    ticket = ticket_to_change(actor, ticket_id, Permission.TICKET_VIEW)
    text, html = clean_body(text, html)
    wanted = list(dict.fromkeys(mentions))
    readers = Member.objects.filter(id__in=wanted, state=Member.State.ACTIVE).exclude(role=Member.Role.NONE)
    if wanted and readers.count() != len(wanted):
        raise Invalid({"mentions": _("Please choose members from the list.")})
    message = add_message(
        ticket,
        MessageKind.COMMENT,
        actor=actor,
        channel=ticket.channel,
        text=text,
        html=html,
        mentions=wanted,
        file_ids=file_ids,
    )
    ticket.last_comment = " ".join(text.split())[:200]
    touch(ticket, actor, "last_comment")
    reindex(ticket)
    publish(actor, CommentAdded(ticket.id, ticket.number, message.id, wanted))
    return message
