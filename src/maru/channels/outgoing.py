"""The outbox: mail is a row in the transaction of its cause; `kinds.mail.delivery` sends it afterwards."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

from maru.accounts.queries import find_account, first_organization_id
from maru.channels.kinds.mail import address
from maru.channels.kinds.mail.compose import ComposeError, envelope_address
from maru.channels.kinds.mail.keys import reply_keys
from maru.channels.models import OutgoingMail
from maru.core.errors import TooMany
from maru.core.html import one_line, text_to_html
from maru.core.ids import new_token
from maru.core.limits import fold_address, hit, private_key
from maru.core.tenancy import tenant
from maru.inboxes.queries import is_house_address
from maru.organizations.models import Organization, Service
from maru.tickets.models import Message, Ticket

log = logging.getLogger("maru.mail")

#: Automatic mail of one organization to one address, so that two robots fall silent (RFC 3834).
AUTOMATIC_PER_HOUR = 3
AUTOMATIC_PER_DAY = 10


_REMEMBERED_SECONDS = 5.0
_remembered: dict[tuple[str, int, int], tuple[float, Any]] = {}


def _remember(key: tuple[str, int, int], read: Callable[[], Any]) -> Any:
    """Each mail asks for the same few rows several times, and they seldom change."""
    known = _remembered.get(key)
    if known is None or known[0] < time.monotonic():
        if len(_remembered) > 2000:
            _remembered.clear()
        known = (time.monotonic() + _REMEMBERED_SECONDS, read())
        _remembered[key] = known
    return known[1]


def organization_of(organization_id: int) -> Organization:
    """The organization, up to five seconds old."""
    found: Organization = _remember(
        ("organization", organization_id, 0), lambda: Organization.objects.get(id=organization_id)
    )
    return found


def service_of(organization_id: int, service_id: int) -> Service:
    """A service of the running organization, up to five seconds old."""
    found: Service = _remember(("service", organization_id, service_id), lambda: Service.objects.get(id=service_id))
    return found


#: Mail about a person's own account; it holds links that only he may have.
PERSONAL = frozenset({"reset", "mail_change", "mail_change_notice", "mail_confirmation", "security", "account"})


def house_address() -> str:
    """Where mail of the house itself comes from; it takes no answers."""
    return f"no-reply@{settings.ENVIRONMENT.mail_domain}"


def mail_domain(organization: Organization) -> str:
    """The domain of an organization's own addresses."""
    return f"{organization.slug}.{settings.ENVIRONMENT.mail_domain}"


def service_address(organization: Organization, service: Service) -> str:
    """The main address of a service, made by the product: ``<service>@<organization>.<mail domain>``."""
    return f"{service.slug}@{mail_domain(organization)}"


def is_own_address(recipient: str) -> bool:
    """Whether mail to this address would come straight back to us."""
    return is_house_address(recipient)


def may_write_automatically(organization_id: int, recipient: str) -> bool:
    """Counts one automatic mail to `recipient`; False when there were too many, or it would come back to us."""
    if is_own_address(recipient):
        return False
    key = private_key(f"automatic:{organization_id}", fold_address(recipient))
    try:
        hit(key, limit=AUTOMATIC_PER_HOUR, seconds=3600)
        hit(key, limit=AUTOMATIC_PER_DAY, seconds=86_400)
    except TooMany:
        log.info("automatic mail held back: too many to one address in organization %s", organization_id)
        return False
    return True


def queue_ticket_mail(
    organization: Organization,
    service: Service,
    ticket: Ticket,
    *,
    purpose: str,
    recipient: str,
    recipient_name: str = "",
    subject: str,
    text: str,
    html: str,
    message: Message | None = None,
    automatic: str = "",
    sender_name: str = "",
    thread: Sequence[str] = (),
    others: Sequence[Mapping[str, str]] = (),
) -> OutgoingMail | None:
    """Writes the row of one mail about a ticket to one recipient; None when the address cannot be written to.

    The reply address and the Message-ID carry a token that only this recipient can use. `thread` are the header ids
    of earlier messages, oldest first. `automatic` is the value of Auto-Submitted, "" for a person's mail. `others`
    are all who are named in To and Cc, this recipient too (see `OutgoingMail.copies`).
    """
    try:
        envelope_address(recipient)
    except ComposeError:
        log.warning("no mail to an unusable address on ticket %s", ticket.number)
        return None
    key, domain = reply_keys()[0], mail_domain(organization)
    headers: dict[str, object] = {"Auto-Submitted": automatic} if automatic else {}
    # What a customer's program has made up must not keep our answer from leaving.
    usable = [one for one in thread if one.isascii() and one.isprintable() and " " not in one][-20:]
    if usable:
        headers |= {"In-Reply-To": usable[-1], "References": usable}
    row = OutgoingMail(
        purpose=purpose,
        ticket=ticket,
        message=message,
        recipient=recipient[:254],
        recipient_name=one_line(recipient_name, 100),
        sender=service_address(organization, service),
        sender_name=one_line(sender_name or organization.name, 100),
        copies=list(others),
        reply_to=address.reply_address(key, organization.id, ticket.number, recipient, domain),
        subject=one_line(subject, 400),
        text=text,
        html=html,
        headers=headers,
        header_id=address.message_id(key, organization.id, ticket.number, recipient, domain),
        is_automatic=bool(automatic),
    )
    row.save()
    return row


def queue_mail(
    organization_id: int,
    *,
    purpose: str,
    recipient: str,
    recipient_name: str = "",
    subject: str,
    text: str,
    html: str = "",
    headers: Mapping[str, str] | None = None,
) -> OutgoingMail:
    """Writes the row of a mail that belongs to no ticket (invitation, reset, notice), from the first service's address.

    Its answers come back as new tickets, for every address we send from must be answerable. Mail about somebody's own
    account is the exception: quoted back or bounced, its link must not reach a desk, so it leaves from the house.
    :raises ComposeError: the recipient is no mail address.
    """
    envelope_address(recipient)
    with tenant(organization_id):
        organization = organization_of(organization_id)
        service = Service.objects.filter(state=Service.State.ACTIVE).order_by("id").first()
        domain = mail_domain(organization)
        is_secret = purpose in PERSONAL
        row = OutgoingMail(
            purpose=purpose[:20],
            recipient=recipient[:254],
            recipient_name=one_line(recipient_name, 100),
            sender=service_address(organization, service) if service and not is_secret else house_address(),
            sender_name="Maru" if is_secret else one_line(organization.name, 100),
            subject=one_line(subject, 400),
            text=text,
            html=html or text_to_html(text),
            headers={"Auto-Submitted": "auto-generated", **(headers or {})},
            header_id=f"maru.{new_token(128).lower().replace('_', '-')}@{domain}",
            is_automatic=True,
        )
        row.save()
        return row


def send_mail(
    *,
    organization_id: int | None,
    purpose: str,
    recipient: str,
    recipient_name: str = "",
    subject: str,
    text: str,
    html: str = "",
    language: str = "",
) -> None:
    """Fills the slot `maru.core.mailing.send_mail`: frames the words as a letter and queues it.

    Mail of the house itself goes out in the name of the recipient's first organization; with none it is logged and
    dropped, for there is no address it could honestly come from.
    """
    from maru.channels.letters import notice_letter

    if organization_id is None:
        account = find_account(recipient)
        organization_id = first_organization_id(account.id) if account else None
    if organization_id is None:
        log.warning("mail %s dropped: its recipient belongs to no organization", purpose)
        return
    with tenant(organization_id):
        organization = organization_of(organization_id)
        letter = notice_letter(organization, subject=subject, text=text, html=html, language=language)
        queue_mail(
            organization_id,
            purpose=purpose,
            recipient=recipient,
            recipient_name=recipient_name,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
        )


class OutboxBackend(BaseEmailBackend):
    """Django's and allauth's mails take the same way as all others."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queues one row for each recipient; returns how many messages were taken."""
        for message in email_messages:
            html = ""
            if isinstance(message, EmailMultiAlternatives):
                html = next((str(part[0]) for part in message.alternatives if part[1] == "text/html"), "")
            for recipient in message.recipients():
                send_mail(
                    organization_id=None,
                    purpose="account",
                    recipient=recipient,
                    subject=str(message.subject),
                    text=str(message.body),
                    html=html,
                )
        return len(email_messages)
