"""The Postbox: every mail that left, on this machine only, and answering it as the customer would.

It exists so that the whole way of a mail can be tried without a mail server outside. An answer goes through the real
SMTP door, exactly as a mail from outside does.
"""

import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection
from django.utils.translation import gettext as _

from maru.channels.models import OutgoingMail
from maru.core.errors import Invalid, NotFound
from maru.core.html import one_line
from maru.core.tenancy import tenant
from maru.organizations.models import Organization, Service

PAGE = 50
TEXT_LENGTH = 100_000


@dataclass(frozen=True, slots=True)
class Card:
    """A mail as the list of the Postbox shows it."""

    organization: Organization
    mail: OutgoingMail

    @property
    def state_label(self) -> str:
        """What became of the mail, in the reader's language."""
        return {
            OutgoingMail.State.QUEUED: _("waiting"),
            OutgoingMail.State.SENT: _("sent"),
            OutgoingMail.State.DEFERRED: _("will be tried again"),
            OutgoingMail.State.FAILED: _("failed"),
            OutgoingMail.State.BOUNCED: _("came back"),
        }[OutgoingMail.State(self.mail.state)]


def require_postbox() -> None:
    """Raises NotFound unless this is a house for trying out, reachable from this machine alone."""
    environment = settings.ENVIRONMENT
    if not (environment.demo and environment.loopback):
        raise NotFound()


def newest(skip: int = 0) -> tuple[list[Card], bool]:
    """Newest mails of all organizations and whether there are more. Reads each organization inside itself."""
    with connection.cursor() as cursor:
        cursor.execute("select organization_id, id from channels_postbox(%s)", [skip + PAGE + 1])
        rows = cursor.fetchall()[skip:]
    more, rows = len(rows) > PAGE, rows[:PAGE]
    wanted: dict[int, list[int]] = {}
    for organization_id, mail_id in rows:
        wanted.setdefault(organization_id, []).append(mail_id)
    organizations = Organization.objects.in_bulk(list(wanted))
    cards: dict[int, Card] = {}
    for organization_id, ids in wanted.items():
        with tenant(organization_id):
            for mail in OutgoingMail.objects.filter(id__in=ids).defer("html"):
                cards[mail.id] = Card(organizations[organization_id], mail)
    return [cards[mail_id] for _organization, mail_id in rows if mail_id in cards], more


def one(slug: str, mail_id: int) -> Card:
    """One mail. Raises NotFound."""
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise NotFound()
    with tenant(organization.id):
        mail = OutgoingMail.objects.filter(id=mail_id).first()
    if mail is None:
        raise NotFound()
    return Card(organization, mail)


def addresses() -> list[str]:
    """Addresses one can write to here: the services' own."""
    found: list[str] = []
    for organization in Organization.objects.order_by("id")[:20]:
        with tenant(organization.id):
            for slug in Service.objects.order_by("id").values_list("slug", flat=True):
                found.append(f"{slug}@{organization.slug}.{settings.ENVIRONMENT.mail_domain}")
    return found


def answer(card: Card, text: str, files: Sequence[tuple[str, bytes, str]] = ()) -> None:
    """Send ``text`` as the recipient's answer to the mail, quoted as mail programs do.

    :raises Invalid: nothing written, or our own SMTP door is shut.
    """
    mail = card.mail
    quoted = "\n".join(f"> {line}" for line in mail.text.splitlines()[:200])
    moment = mail.created_at.strftime("%Y-%m-%d %H:%M")
    who = mail.sender_name or mail.sender
    letter = _letter(
        mail.recipient, mail.recipient_name, mail.reply_to or mail.sender, _reply_subject(mail.subject), text, files
    )
    introduction = _("On %(date)s, %(name)s wrote:") % {"date": moment, "name": who}
    letter.set_content(f"{text}\n\n{introduction}\n{quoted}\n")
    _attach(letter, files)
    letter["In-Reply-To"] = letter["References"] = mail.header_id
    _send(letter, mail.recipient, mail.reply_to or mail.sender)


def write(
    sender: str, name: str, to: str, subject: str, text: str, files: Sequence[tuple[str, bytes, str]] = ()
) -> None:
    """Send a new mail as a customer.

    :raises Invalid: a field in the person's words.
    """
    problems: dict[str, str] = {}
    for field, value in (("sender", sender), ("to", to)):
        try:
            validate_email(value.strip())
        except ValidationError:
            problems[field] = _("Please enter a mail address such as name@example.com.")
    if problems:
        raise Invalid(problems)
    letter = _letter(sender.strip(), name, to.strip(), subject, text, files)
    letter.set_content(text + "\n")
    _attach(letter, files)
    _send(letter, sender.strip(), to.strip())


def _reply_subject(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


def _letter(
    sender: str, name: str, to: str, subject: str, text: str, files: Sequence[tuple[str, bytes, str]]
) -> EmailMessage:
    if not text.strip() and not files:
        raise Invalid({"text": _("Please write something.")})
    if len(text) > TEXT_LENGTH:
        raise Invalid({"text": _("The text is too long: at most %(n)s characters.") % {"n": f"{TEXT_LENGTH:,}"}})
    letter = EmailMessage()
    letter["From"] = formataddr((one_line(name, 100), sender))
    letter["To"] = to
    letter["Subject"] = one_line(subject, 300)
    letter["Date"] = formatdate(localtime=True)
    letter["Message-ID"] = make_msgid(domain="postbox.example")
    return letter


def _attach(letter: EmailMessage, files: Sequence[tuple[str, bytes, str]]) -> None:
    for name, content, kind in files:
        main, _slash, sub = (kind if "/" in kind else "application/octet-stream").partition("/")
        letter.add_attachment(content, maintype=main, subtype=sub, filename=one_line(name, 200))


def _send(letter: EmailMessage, sender: str, to: str) -> None:
    try:
        with smtplib.SMTP("127.0.0.1", settings.ENVIRONMENT.smtp_port, timeout=10) as door:
            door.send_message(letter, from_addr=sender, to_addrs=[to])
    except smtplib.SMTPRecipientsRefused:
        raise Invalid({"to": _("Nobody here has this address.")}) from None
    except (OSError, smtplib.SMTPException):
        raise Invalid({"": _("The mail could not be handed over: the mail service is not running.")}) from None
