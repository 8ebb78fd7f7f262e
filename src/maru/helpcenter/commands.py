"""What somebody without an account can do."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from maru.core.actors import Actor
from maru.core.commands import command
from maru.core.errors import Conflict
from maru.core.html import one_line
from maru.helpcenter.models import Submission
from maru.tickets.commands import add_customer_message, open_ticket
from maru.tickets.errors import TicketClosedForGood
from maru.tickets.models import Channel, Ticket
from maru.tickets.values import Requester

_FORGET_AFTER = timedelta(days=7)
_CLAIM = """
insert into helpcenter_submission (organization_id, nonce, is_answer) values (%s, %s::text, %s)
on conflict (organization_id, nonce) do nothing returning id
"""


@command
def submit_request(
    actor: Actor,
    *,
    nonce: str,
    service_id: int,
    requester: Requester,
    title: str,
    content: str,
    category_id: int | None,
    file_ids: Sequence[int],
    language: str,
) -> Ticket:
    """Open the ticket of a public form; the same form sent again answers the same ticket.

    :raises Invalid: with messages by field. Nothing is saved then.
    """
    claimed = _claim(actor, nonce, is_answer=False)
    if claimed is None:
        return _first_time(nonce)
    ticket = open_ticket(
        actor,
        service_id=service_id,
        title=title,
        text=content,
        requester=requester,
        channel=Channel.WEB,
        category_id=category_id,
        file_ids=file_ids,
        language=language,
    )
    _finish(claimed, ticket)
    return ticket


@command
def submit_answer(
    actor: Actor, *, nonce: str, ticket_id: int, address: str, content: str, file_ids: Sequence[int], language: str
) -> Ticket:
    """Add what the requester says on the status page. A ticket closed for good gets a linked new one.

    Returns the ticket that took the message. :raises Invalid:
    """
    claimed = _claim(actor, nonce, is_answer=True)
    if claimed is None:
        return _first_time(nonce)
    ticket: Ticket = Ticket.objects.get(id=ticket_id)
    try:
        add_customer_message(
            actor,
            ticket_id=ticket.id,
            text=content,
            author_name=actor.name,
            author_address=address,
            channel=Channel.WEB,
            file_ids=file_ids,
        )
    except TicketClosedForGood:
        ticket = _follow_up(actor, ticket, address, content, file_ids, language)
    _finish(claimed, ticket)
    return ticket


def _follow_up(actor: Actor, old: Ticket, address: str, content: str, file_ids: Sequence[int], language: str) -> Ticket:
    return open_ticket(
        actor,
        service_id=old.service_id,
        title=one_line(_("Again: %(title)s") % {"title": old.title}, 300),
        text=content,
        requester=Requester(name=actor.name, email=address, phone=old.requester_phone, company=old.requester_company),
        channel=Channel.WEB,
        category_id=None,
        file_ids=file_ids,
        language=language,
        linked_to_id=old.id,
    )


def _claim(actor: Actor, nonce: str, *, is_answer: bool) -> int | None:
    """The id of a fresh submission, or ``None`` when this form came before; waits for one that is just under way."""
    Submission.objects.filter(created_at__lt=timezone.now() - _FORGET_AFTER).delete()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [actor.organization_id, nonce, is_answer])
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _first_time(nonce: str) -> Ticket:
    row = Submission.objects.get(nonce=nonce)
    ticket: Ticket | None = Ticket.objects.filter(id=row.ticket_id).first()
    if ticket is None:
        raise Conflict()
    return ticket


def _finish(submission_id: int, ticket: Ticket) -> None:
    Submission.objects.filter(id=submission_id).update(ticket=ticket)
