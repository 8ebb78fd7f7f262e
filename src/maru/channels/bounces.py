"""Reports that a mail of ours could not be delivered: noted at the mail, and the address is flagged."""

from django.db.models.functions import Now

from maru.channels.kinds.mail import address
from maru.channels.kinds.mail.parse import ParsedMail
from maru.channels.models import OutgoingMail
from maru.core.actors import system_actor
from maru.core.events import publish
from maru.customers.models import Identity
from maru.tickets.events import ParticipantsChanged


def note_bounce(mail: ParsedMail, domain: str, envelope_to: str) -> OutgoingMail | None:
    """Marks the outgoing mail that the report is about; None when it names none of ours.

    Anybody can write such a report, so only one that knows a Message-ID or reply address of ours counts: both hold a
    secret that just the recipient's server has seen.
    """
    bounce = mail.bounce
    if bounce is None:
        return None
    row = _find(mail, domain, envelope_to)
    if row is None or row.state == OutgoingMail.State.BOUNCED:
        return row
    failed = {recipient.lower() for recipient in bounce.recipients}
    if failed and row.recipient.lower() not in failed and bounce.original_message_id != row.header_id:
        return None
    reason = " ".join(filter(None, (bounce.status, bounce.diagnostic)))[:500]
    if not bounce.permanent:
        row.error = reason
        row.save(update_fields=["error"])
        return row
    row.state, row.error, row.due_at = OutgoingMail.State.BOUNCED, reason, None
    row.save(update_fields=["state", "error", "due_at"])
    flag_address(row.recipient)
    if row.ticket is not None:
        publish(system_actor(row.organization_id), ParticipantsChanged(row.ticket.id, row.ticket.number))
    return row


def flag_address(recipient: str) -> None:
    """Shows at the customer that this address takes no mail."""
    Identity.objects.filter(
        kind=Identity.Kind.EMAIL, value=recipient.strip().casefold(), undeliverable_at__isnull=True
    ).update(undeliverable_at=Now())


def unflag_address(sender: str) -> None:
    """Mail from an address proves that it works again."""
    Identity.objects.filter(
        kind=Identity.Kind.EMAIL, value=sender.strip().casefold(), undeliverable_at__isnull=False
    ).update(undeliverable_at=None)


def _find(mail: ParsedMail, domain: str, envelope_to: str) -> OutgoingMail | None:
    assert mail.bounce is not None
    for identifier in [mail.bounce.original_message_id, *mail.in_reply_to, *reversed(mail.references)]:
        row = OutgoingMail.objects.filter(header_id=identifier).first() if identifier else None
        if row is not None:
            return row  # type: ignore[no-any-return]
    for candidate in [envelope_to, *mail.delivered_to, *(a.address for a in mail.to)]:
        if address.read_reply_address(candidate):
            row = OutgoingMail.objects.filter(reply_to=candidate.strip().lower()).order_by("-id").first()
            if row is not None:
                return row  # type: ignore[no-any-return]
    return None
