"""Changing what is known about a ticket."""

from django.utils.translation import gettext as _

from maru.core.actors import Actor
from maru.core.commands import command
from maru.core.errors import Conflict, Invalid
from maru.core.events import publish
from maru.core.html import one_line, strip_controls
from maru.customers.commands import find_or_create_customer
from maru.tickets.commands.common import clean_title, reindex, ticket_to_change, touch
from maru.tickets.commands.participants import check_address, check_seats
from maru.tickets.events import (
    CategoryChanged,
    HandlingCategoryChanged,
    PriorityChanged,
    RequesterChanged,
    SharedNoteChanged,
    SpamMarked,
    TicketRenamed,
)
from maru.tickets.models import Participant, Priority, Ticket
from maru.tickets.trees import INTAKE, Tree
from maru.tickets.values import Requester

NOTE_LENGTH = 20_000


@command
def rename(actor: Actor, *, ticket_id: int, title: str) -> Ticket:
    """Give the ticket another title. Raises Invalid when it is empty or too long."""
    ticket = ticket_to_change(actor, ticket_id)
    before, ticket.title = ticket.title, clean_title(title)
    if before != ticket.title:
        touch(ticket, actor, "title")
        reindex(ticket)
        publish(actor, TicketRenamed(ticket.id, ticket.number, before, ticket.title))
    return ticket


@command
def set_priority(actor: Actor, *, ticket_id: int, priority: int) -> Ticket:
    """Set how urgent the ticket is. Raises Invalid for an unknown priority."""
    ticket = ticket_to_change(actor, ticket_id)
    if priority not in Priority.values:
        raise Invalid({"priority": _("Please choose a priority from the list.")})
    before, ticket.priority = ticket.priority, priority
    if before != priority:
        touch(ticket, actor, "priority")
        publish(actor, PriorityChanged(ticket.id, ticket.number, before, priority))
    return ticket


@command
def set_category(actor: Actor, *, ticket_id: int, category_id: int | None, tree: Tree = INTAKE) -> Ticket:
    """Set what the request is about or, with ``tree``, how it was handled; ``None`` clears it.

    The name stays with the ticket if the category is deleted. Raises Invalid when there is no such category.
    """
    ticket = ticket_to_change(actor, ticket_id)
    category = tree.model.objects.filter(id=category_id).first() if category_id is not None else None
    if category_id is not None and category is None:
        raise Invalid({tree.column: _("Please choose a category from the list.")})
    before, after = tree.of(ticket), category.name if category else ""
    if before == after and getattr(ticket, f"{tree.column}_id") == category_id:
        return ticket
    setattr(ticket, tree.column, category)
    setattr(ticket, tree.name_column, after)
    touch(ticket, actor, tree.column, tree.name_column)
    changed = CategoryChanged if tree is INTAKE else HandlingCategoryChanged
    publish(actor, changed(ticket.id, ticket.number, before, after))
    return ticket


@command
def set_requester(actor: Actor, *, ticket_id: int, requester: Requester) -> Ticket:
    """Change who asks. A changed mail address takes the old requester's place in the conversation.

    :raises Invalid: the mail address is none, or one of our own.
    """
    ticket = ticket_to_change(actor, ticket_id)
    email = requester.email.strip().casefold()
    if email:
        check_address(email, "email")
    old = ticket.requester_email
    ticket.requester_name = one_line(requester.name, 100)
    ticket.requester_email = email[:254]
    ticket.requester_phone = one_line(requester.phone, 40)
    ticket.requester_company = one_line(requester.company, 100)
    ticket.customer = find_or_create_customer(
        actor,
        name=ticket.requester_name,
        email=email,
        phone=ticket.requester_phone,
        company=ticket.requester_company,
    )
    if old != email:
        Participant.objects.filter(ticket=ticket, address=old, role=Participant.Role.REQUESTER).delete()
        if email:
            check_seats(ticket, [email], "email")
            Participant.objects.update_or_create(
                organization_id=actor.organization_id,
                ticket=ticket,
                address=email,
                defaults={"role": Participant.Role.REQUESTER, "is_confirmed": True, "name": ticket.requester_name},
            )
    touch(ticket, actor, "requester_name", "requester_email", "requester_phone", "requester_company", "customer")
    reindex(ticket)
    publish(actor, RequesterChanged(ticket.id, ticket.number))
    return ticket


@command
def mark_spam(actor: Actor, *, ticket_id: int, is_spam: bool) -> Ticket:
    """Put the ticket into the spam box or take it out again."""
    ticket = ticket_to_change(actor, ticket_id)
    if ticket.is_spam != is_spam:
        ticket.is_spam = is_spam
        touch(ticket, actor, "is_spam")
        publish(actor, SpamMarked(ticket.id, ticket.number, is_spam))
    return ticket


@command
def set_shared_note(actor: Actor, *, ticket_id: int, text: str, version: int) -> Ticket:
    """Replace the note beside the conversation. ``version`` is the one the writer started from.

    :raises Conflict: somebody changed it meanwhile. :raises Invalid: too long.
    """
    ticket = ticket_to_change(actor, ticket_id)
    if ticket.shared_note_version != version:
        raise Conflict()
    if len(text) > NOTE_LENGTH:
        raise Invalid({"note": _("The note may have at most %(n)s characters.") % {"n": f"{NOTE_LENGTH:,}"}})
    ticket.shared_note = strip_controls(text)
    ticket.shared_note_version += 1
    touch(ticket, actor, "shared_note", "shared_note_version")
    publish(actor, SharedNoteChanged(ticket.id, ticket.number, ticket.shared_note_version))
    return ticket
