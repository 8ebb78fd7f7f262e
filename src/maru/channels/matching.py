"""Which ticket does a mail belong to? The helpdesk's real sign-in: a wrong answer shows one person's letters to another.

A number, a subject or a header id can be guessed or seen by anybody, so none of them lets a mail in by itself. The
signed reply address binds the ticket to one recipient, and even that counts only when he writes himself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from maru.channels.kinds.mail import address
from maru.channels.kinds.mail.address import Claim
from maru.channels.kinds.mail.keys import reply_keys
from maru.channels.kinds.mail.parse import ParsedMail
from maru.channels.models import OutgoingMail
from maru.tickets.models import Message, Participant, Ticket


class Verdict(StrEnum):
    """``join``: into the conversation. ``hold``: only staff see it. ``new``: a ticket of its own, perhaps linked."""

    JOIN = "join"
    HOLD = "hold"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Match:
    """What to do, and the ticket it is about: joined, held at, or merely linked to."""

    verdict: Verdict
    ticket: Ticket | None = None
    why: str = ""


def match(mail: ParsedMail, organization_id: int, domain: str, envelope_to: str) -> Match:
    """Applies the join matrix inside the running organization; never finds another one's ticket.

    `domain` is the organization's own mail domain, `envelope_to` the address the mail was delivered to.
    """
    sender = mail.sender.key
    trusted = mail.sender_verified_syntax and mail.auth.get("dmarc") != "fail"
    claims = list(_claims(mail, domain, envelope_to))
    tickets = {ticket.number: ticket for ticket in Ticket.objects.filter(number__in={claim.number for claim in claims})}
    linked: Ticket | None = None
    for claim in claims:
        ticket = tickets.get(claim.number)
        if ticket is None:
            continue
        parts = _participants(ticket)
        if address.verify(reply_keys(), organization_id, claim, sender):
            if sender in parts and trusted:
                return Match(Verdict.JOIN, ticket, "reply address")
            return Match(Verdict.HOLD, ticket, "sender takes no part" if trusted else "sender unverified")
        if any(address.verify(reply_keys(), organization_id, claim, part) for part in parts):
            # "Reply to all" answers the others' addresses as well: whoever takes part himself is let in.
            if sender in parts and trusted:
                return Match(Verdict.JOIN, ticket, "sender takes part")
            return Match(Verdict.HOLD, ticket, "reply address of somebody else")
        linked = linked or ticket
    for ticket in _mentioned(mail):
        if trusted and sender in _participants(ticket):
            return Match(Verdict.JOIN, ticket, "sender takes part")
        linked = linked or ticket
    return Match(Verdict.NEW, linked)


def _claims(mail: ParsedMail, domain: str, envelope_to: str) -> Iterable[Claim]:
    """Claims to a ticket: reply addresses of this organization first, then header ids of ours, newest first."""
    seen: set[Claim] = set()
    addresses = [envelope_to, *mail.delivered_to, *(a.address for a in mail.to), *(a.address for a in mail.cc)]
    for candidate in addresses:
        found = address.read_reply_address(candidate)
        if found and found[1] == domain and found[0] not in seen:
            seen.add(found[0])
            yield found[0]
    for identifier in [*mail.in_reply_to, *reversed(mail.references)]:
        claim = address.read_message_id(identifier)
        if claim and identifier.lower().endswith(f"@{domain}") and claim not in seen:
            seen.add(claim)
            yield claim


def _participants(ticket: Ticket) -> set[str]:
    """Addresses that take part; those only named in somebody's Cc do not until staff confirm them."""
    rows = Participant.objects.filter(ticket=ticket, is_confirmed=True)
    return {found.strip().lower() for found in rows.values_list("address", flat=True)}


def _mentioned(mail: ParsedMail) -> list[Ticket]:
    """Tickets that the references or the subject point to, nearest first."""
    identifiers = list(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))[:30]
    ids: list[int] = []
    if identifiers:
        known = dict(Message.objects.filter(header_id__in=identifiers).values_list("header_id", "ticket_id"))
        sent = OutgoingMail.objects.filter(header_id__in=identifiers, ticket__isnull=False)
        known |= dict(sent.values_list("header_id", "ticket_id"))
        ids = [known[identifier] for identifier in identifiers if identifier in known]
    numbers = address.read_subject_tags(mail.subject)
    found = {ticket.id: ticket for ticket in Ticket.objects.filter(id__in=ids)} if ids else {}
    tickets = [found[ticket_id] for ticket_id in dict.fromkeys(ids) if ticket_id in found]
    if numbers:
        named = {ticket.number: ticket for ticket in Ticket.objects.filter(number__in=numbers)}
        tickets += [named[number] for number in numbers if number in named]
    return tickets
