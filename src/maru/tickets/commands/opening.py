"""A request becomes a ticket."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext as _

from maru.accounts.models import Group, Member
from maru.core.actors import Actor, ActorKind, Permission
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.core.events import publish
from maru.core.html import one_line
from maru.core.ids import new_ticket_number
from maru.customers.commands import find_or_create_customer
from maru.organizations.models import Service
from maru.tickets.commands.common import add_message, clean_body, clean_title
from maru.tickets.events import MembersAssigned, TicketOpened
from maru.tickets.merging import fill_html, fill_text, values_for
from maru.tickets.models import (
    Assignment,
    Channel,
    IntakeCategory,
    MessageKind,
    Participant,
    Priority,
    Stage,
    Status,
    Ticket,
)
from maru.tickets.queries.one import stage_for
from maru.tickets.search import index_new_ticket
from maru.tickets.values import Copy, MailFacts, Requester


@command
def open_ticket(
    actor: Actor,
    *,
    service_id: int,
    title: str,
    requester: Requester,
    channel: str,
    text: str = "",
    html: str = "",
    category_id: int | None = None,
    priority: int = Priority.NORMAL,
    stage_id: int | None = None,
    group_id: int | None = None,
    assignee_ids: Sequence[int] = (),
    file_ids: Sequence[int] = (),
    shared_note: str = "",
    language: str = "",
    mail: MailFacts | None = None,
    linked_to_id: int | None = None,
    copies: Sequence[Copy] = (),
    is_spam: bool = False,
    wants_receipt: bool = True,
) -> Ticket:
    """Open a ticket with its first message.

    Staff need the permission to handle tickets; anybody may ask. ``stage_id``, ``group_id``, ``assignee_ids`` and
    ``shared_note`` are for staff only and are ignored for requesters.
    :raises Invalid: a field is missing, too long or names nothing here. :raises Forbidden, NotFound:
    """
    if actor.is_staff:
        actor.require(Permission.TICKET_HANDLE)
    else:
        stage_id, group_id, assignee_ids, shared_note = None, None, (), ""
    text, html = clean_body(text, html, required=mail is None, trusted_html=mail is not None)
    ticket = _new_ticket(actor, service_id, clean_title(title), requester, channel, category_id, priority)
    ticket.language = language[:2]
    ticket.linked_to_id = linked_to_id
    ticket.is_spam = is_spam
    ticket.shared_note = shared_note[:20_000]
    _place(ticket, stage_id, group_id, assignee_ids)
    ticket.save()
    members = _assignments(ticket, assignee_ids)
    _participants(ticket, requester, copies)
    if actor.kind is ActorKind.MEMBER and "#{" in html:
        # Written down with a template: only now its codes mean something.
        values = values_for(actor, ticket)
        text, html = fill_text(text, values), fill_html(html, values)
    message = add_message(
        ticket,
        MessageKind.CUSTOMER,
        message_id=ticket.last_message_id,
        actor=actor,
        channel=channel,
        text=text,
        html=html,
        author_name=ticket.requester_name or ticket.requester_email,
        author_address=ticket.requester_email,
        file_ids=file_ids,
        mail=mail,
    )
    index_new_ticket(ticket, message)
    publish(actor, TicketOpened(ticket.id, ticket.number, channel, message.id, wants_receipt))
    if members:
        publish(actor, MembersAssigned(ticket.id, ticket.number, members))
    return ticket


def _new_ticket(
    actor: Actor,
    service_id: int,
    title: str,
    requester: Requester,
    channel: str,
    category_id: int | None,
    priority: int,
) -> Ticket:
    service = Service.objects.filter(id=service_id).first()
    if service is None or service.state != Service.State.ACTIVE:
        raise NotFound()
    if channel not in Channel.values:
        raise Invalid({"channel": _("Unknown channel.")})
    if priority not in Priority.values:
        raise Invalid({"priority": _("Please choose a priority from the list.")})
    moment, message_id = _moment_and_message_id()
    ticket = Ticket(
        number=new_ticket_number(),
        service=service,
        title=title,
        channel=channel,
        priority=priority,
        requester_name=one_line(requester.name, 100),
        requester_email=requester.email.strip().casefold()[:254],
        requester_phone=one_line(requester.phone, 40),
        requester_company=one_line(requester.company, 100),
        created_by_id=actor.member_id,
        created_at=moment,
        updated_at=moment,
        updated_by_name=(one_line(requester.name, 100) if actor.kind is ActorKind.REQUESTER else actor.name[:100]),
        last_message_id=message_id,
        last_customer_at=moment,
        answer_due_at=moment + timedelta(hours=service.answer_within_hours),
        board_rank=moment.timestamp(),
    )
    if category_id is not None:
        category = IntakeCategory.objects.filter(id=category_id).first()
        if category is None or not (actor.is_staff or category.is_public):
            raise Invalid({"category": _("Please choose a category from the list.")})
        ticket.category, ticket.category_name = category, category.name
    customer = find_or_create_customer(
        actor,
        name=ticket.requester_name,
        email=ticket.requester_email,
        phone=ticket.requester_phone,
        company=ticket.requester_company,
    )
    ticket.customer = customer
    return ticket


def _moment_and_message_id() -> tuple[datetime, int]:
    """The database's time, and the id its first message will have: drawn before, so the row is written only once."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp(), nextval('tickets_message_id_seq')")
        moment, message_id = cursor.fetchone()
        return moment, message_id


def _place(ticket: Ticket, stage_id: int | None, group_id: int | None, assignee_ids: Sequence[int]) -> None:
    if group_id is not None and not Group.objects.filter(id=group_id).exists():
        raise Invalid({"group": _("Please choose a group from the list.")})
    ticket.group_id = group_id
    stage = Stage.objects.filter(id=stage_id).first() if stage_id else None
    if stage_id and stage is None:
        raise Invalid({"stage": _("Please choose a stage from the list.")})
    ticket.stage = stage or stage_for(Status.OPEN if assignee_ids else Status.NEW)
    ticket.status = ticket.stage.status
    if ticket.status >= Status.RESOLVED:
        ticket.resolved_at = ticket.created_at
        ticket.answer_due_at = None


def _assignments(ticket: Ticket, assignee_ids: Sequence[int]) -> list[int]:
    wanted = list(dict.fromkeys(assignee_ids))
    if not wanted:
        return []
    working = Member.objects.filter(id__in=wanted, state=Member.State.ACTIVE).exclude(role=Member.Role.NONE)
    active = set(working.values_list("id", flat=True))
    if active != set(wanted):
        raise Invalid({"assignees": _("Please choose members from the list.")})
    Assignment.bulk(
        [Assignment(ticket=ticket, member_id=member_id, is_helper=member_id != wanted[0]) for member_id in wanted]
    )
    ticket.assignee_id = wanted[0]
    ticket.save(update_fields=["assignee"])
    return wanted


def _participants(ticket: Ticket, requester: Requester, copies: Sequence[Copy]) -> None:
    rows: dict[str, Participant] = {}
    if ticket.requester_email:
        rows[ticket.requester_email] = Participant(
            ticket=ticket, address=ticket.requester_email, name=ticket.requester_name
        )
    for copy in copies:
        address = copy.address.strip().casefold()
        if address and address not in rows:
            rows[address] = Participant(
                ticket=ticket,
                address=address[:254],
                name=copy.name[:100],
                role=Participant.Role.COPY,
                is_confirmed=copy.is_confirmed,
            )
    Participant.bulk(list(rows.values()))
