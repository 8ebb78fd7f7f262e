"""What the mail room shows on a ticket's page: the mail before it is sent, and what became of it after."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from maru.channels.letters import reply_letter
from maru.channels.models import OutgoingMail
from maru.core.tenancy import current_organization_id
from maru.organizations.models import Organization
from maru.tickets.models import Message, Ticket
from maru.tickets.slots import Delivery, MailPreview

_SHOWN = {
    OutgoingMail.State.QUEUED: "waiting",
    OutgoingMail.State.DEFERRED: "waiting",
    OutgoingMail.State.SENT: "sent",
    OutgoingMail.State.FAILED: "failed",
    OutgoingMail.State.BOUNCED: "failed",
}


def preview(ticket: Ticket, message: Message, recipient: str, *, is_final: bool) -> MailPreview:
    """The mail of a reply that is not sent yet, as it would be composed now."""
    organization = Organization.objects.get(id=ticket.organization_id)
    letter = reply_letter(organization, ticket, message, recipient=recipient, is_final=is_final)
    return MailPreview(letter.subject, letter.html)


def deliveries(message_ids: Sequence[int]) -> dict[int, list[Delivery]]:
    """What became of the mails of these messages of the current organization."""
    found: dict[int, list[Delivery]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select message_id, recipient, state, error from channels_outgoingmail "
            "where organization_id = %s and message_id = any(%s) order by id",
            [current_organization_id(), list(message_ids)],
        )
        rows = cursor.fetchall()
    for message_id, recipient, state, error in rows:
        found.setdefault(message_id, []).append(Delivery(recipient, _SHOWN[OutgoingMail.State(state)], error))
    return found
