"""What goes out when something happens to a ticket. Runs in the transaction of its cause."""

from collections.abc import Mapping, Sequence

from maru.channels import letters
from maru.channels.kinds.mail.compose import ComposeError, envelope_address
from maru.channels.outgoing import (
    is_own_address,
    may_write_automatically,
    organization_of,
    queue_ticket_mail,
    service_of,
)
from maru.core.actors import ActorKind
from maru.core.events import Published
from maru.core.html import one_line
from maru.organizations.models import Organization, Service
from maru.tickets.events import ReplySent, StageChanged, TicketOpened
from maru.tickets.models import Channel, Message, MessageKind, Participant, Ticket
from maru.tickets.queries.strangers import may_mail_stranger

#: Whoever fills in a form may name anybody's address.
_UNPROVEN = {Channel.WEB, Channel.API, Channel.CHAT}
_THREAD = 10
#: So many mails back; more of them by blind copies only shorten the references.
_SEARCHED = 200
_HEAD = {Participant.Role.REQUESTER.value: "to", Participant.Role.COPY.value: "cc"}


def _context(ticket_id: int) -> tuple[Ticket, Organization, Service]:
    ticket = Ticket.objects.get(id=ticket_id)
    return ticket, organization_of(ticket.organization_id), service_of(ticket.organization_id, ticket.service_id)


class _Thread:
    """Header ids of what came in by mail, for In-Reply-To and References.

    An id tells who has written: mail that staff have not let in, and that of a blind copy, is named to nobody else.
    """

    def __init__(self, ticket: Ticket) -> None:
        found = Message.objects.filter(ticket=ticket, kind__in=[MessageKind.CUSTOMER, MessageKind.REPLY])
        rows = found.exclude(header_id="").order_by("-id")
        self._rows = list(rows.values_list("header_id", "author_address", "is_blind")[:_SEARCHED])

    def of(self, recipient: str) -> list[str]:
        """What ``recipient`` may know of, oldest first."""
        mine = recipient.strip().casefold()
        known = [header for header, author, is_blind in self._rows if not is_blind or author.casefold() == mine]
        return known[:_THREAD][::-1]


def mail_reply(published: Published) -> None:
    """One mail to each confirmed participant when staff have answered."""
    event = published.event
    assert isinstance(event, ReplySent)
    message = Message.objects.get(id=event.message_id)
    if not message.recipients:
        return
    ticket, organization, service = _context(event.subject_id)
    thread = _Thread(ticket)
    others = named_in_head(message.recipients)
    for recipient in message.recipients:
        address = recipient["address"]
        if is_own_address(address):
            continue
        letter = letters.reply_letter(
            organization, ticket, message, recipient=address, is_final=event.outcome == "resolve"
        )
        queue_ticket_mail(
            organization,
            service,
            ticket,
            purpose="reply",
            recipient=address,
            recipient_name=recipient.get("name", ""),
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            message=message,
            sender_name=f"{message.author_name} ({organization.name})" if message.author_name else "",
            thread=thread.of(address),
            others=others,
        )


def named_in_head(recipients: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Who stands in To and Cc of an answer, so that everybody sees who else reads it; blind copies are in neither.

    Each recipient gets a mail of his own, but all carry the same head, as mail between people does. Where nobody is
    asked in To (the request came by form, without an address) the copies stand there.
    """
    seen: list[dict[str, str]] = []
    for recipient in recipients:
        role = _HEAD.get(recipient.get("role", ""))
        address = recipient["address"]
        if role is None or is_own_address(address):
            continue
        try:
            envelope_address(address)
        except ComposeError:
            continue
        seen.append({"role": role, "address": address, "name": one_line(recipient.get("name", ""), 100)})
    if seen and not any(one["role"] == "to" for one in seen):
        seen = [one | {"role": "to"} for one in seen]
    return seen


def mail_receipt(published: Published) -> None:
    """The receipt to the requester, unless he is a robot, gets too many, or only a form named him today already."""
    event = published.event
    assert isinstance(event, TicketOpened)
    if not event.wants_receipt:
        return
    ticket, organization, service = _context(event.subject_id)
    address = ticket.requester_email
    if not address or ticket.is_spam or not may_write_automatically(organization.id, address):
        return
    staff = published.actor.kind is ActorKind.MEMBER
    if event.channel in _UNPROVEN and not staff and not may_mail_stranger(address):
        return
    letter = letters.receipt_letter(organization, ticket, recipient=address)
    queue_ticket_mail(
        organization,
        service,
        ticket,
        purpose="receipt",
        recipient=address,
        # The name is the writer's own words too.
        recipient_name=ticket.requester_name if staff else "",
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        automatic="auto-replied",
        # A ticket that was just opened has header ids only when a mail opened it.
        thread=_Thread(ticket).of(address) if event.channel == Channel.EMAIL else (),
    )


def mail_completion(published: Published) -> None:
    """The completion mail when the stage becomes 완료 without an answer that says so itself."""
    event = published.event
    assert isinstance(event, StageChanged)
    if not event.mails_completion:
        return
    ticket, organization, service = _context(event.subject_id)
    if ticket.is_spam:
        return
    thread = _Thread(ticket)
    for participant in Participant.objects.filter(ticket=ticket, is_confirmed=True).order_by("id"):
        if not may_write_automatically(organization.id, participant.address):
            continue
        letter = letters.completion_letter(organization, ticket, recipient=participant.address)
        queue_ticket_mail(
            organization,
            service,
            ticket,
            purpose="completion",
            recipient=participant.address,
            recipient_name=participant.name,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            automatic="auto-generated",
            thread=thread.of(participant.address),
        )
