"""Writes to the configured entrances."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from maru.core import audit
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.core.encryption import encrypt
from maru.core.errors import Invalid, NotFound
from maru.core.html import one_line
from maru.inboxes.models import Mailbox, secret_place
from maru.organizations.models import Service


@dataclass(frozen=True, slots=True)
class MailboxData:
    """What a manager enters. An empty ``secret`` or ``client_secret`` keeps the stored one, at the same server."""

    service_id: int
    address: str
    host: str
    port: int = 993
    security: str = Mailbox.Security.TLS
    auth: str = Mailbox.Auth.PASSWORD
    user_name: str = ""
    secret: str = ""
    client_id: str = ""
    client_secret: str = ""
    folder: str = "INBOX"


@command
def save_mailbox(actor: Actor, *, data: MailboxData, mailbox_id: int | None = None) -> Mailbox:
    """Add an outside mailbox, or change one.

    A changed server, user or folder starts reading anew, for its message numbers mean something else.
    :raises Invalid: fields in the person's words. :raises NotFound, Forbidden:
    """
    actor.require(Permission.SERVICE_CONFIGURE)
    mailbox = _find(mailbox_id) if mailbox_id else Mailbox()
    _check(data, needs_secret=_goes_elsewhere(mailbox, data))
    before = (mailbox.host, mailbox.user_name, mailbox.folder)
    mailbox.service_id = data.service_id
    mailbox.address = data.address.strip().casefold()
    mailbox.host = data.host.strip().lower()
    mailbox.port, mailbox.security, mailbox.auth = data.port, data.security, data.auth
    mailbox.user_name = data.user_name.strip() or mailbox.address
    mailbox.folder = data.folder.strip() or "INBOX"
    mailbox.client_id = data.client_id.strip()
    if before != (mailbox.host, mailbox.user_name, mailbox.folder):
        mailbox.uid_validity, mailbox.last_uid = None, 0
    mailbox.last_error = ""
    try:
        with transaction.atomic():
            mailbox.save()
    except IntegrityError:
        raise Invalid({"user_name": _("This mailbox is connected already.")}) from None
    for column, value in (("secret", data.secret), ("client_secret", data.client_secret)):
        if value:
            setattr(mailbox, column, encrypt(actor.organization_id, secret_place(mailbox.id, column), value))
    mailbox.save()
    audit.record(actor, "mailbox.saved", object_type="mailbox", object_id=mailbox.id, address=mailbox.address)
    return mailbox


def _goes_elsewhere(mailbox: Mailbox, data: MailboxData) -> bool:
    """Whether the stored secret would be told to another server, or in the clear: nobody may read it out that way."""
    if mailbox.id is None:
        return True
    before = (mailbox.host, mailbox.port, mailbox.security, mailbox.auth)
    return before != (data.host.strip().lower(), data.port, data.security, data.auth)


def _check(data: MailboxData, *, needs_secret: bool) -> None:
    problems: dict[str, str] = {}
    try:
        validate_email(data.address.strip())
    except ValidationError:
        problems["address"] = _("Please enter a mail address such as name@example.com.")
    host = data.host.strip()
    if not host or len(host) > 253 or one_line(host, 253) != host or " " in host or "/" in host:
        problems["host"] = _("Please enter the name of the mail server, such as imap.example.com.")
    if not 1 <= data.port <= 65535:
        problems["port"] = _("A port is a number between 1 and 65535.")
    if data.security not in Mailbox.Security.values or data.auth not in Mailbox.Auth.values:
        problems["security"] = _("Please choose from the list.")
    if needs_secret and not data.secret:
        problems["secret"] = _("Please enter the password or the refresh token.")
    if data.auth != Mailbox.Auth.PASSWORD and not data.client_id.strip():
        problems["client_id"] = _("Please enter the client ID of your Google or Microsoft app.")
    if not Service.objects.filter(id=data.service_id).exists():
        problems["service"] = _("Please choose a service from the list.")
    if problems:
        raise Invalid(problems)


def _find(mailbox_id: int) -> Mailbox:
    mailbox = Mailbox.objects.filter(id=mailbox_id).first()
    if mailbox is None:
        raise NotFound()
    return mailbox


@command
def pause_mailbox(actor: Actor, *, mailbox_id: int, is_active: bool) -> Mailbox:
    """Stop reading a mailbox, or go on where it stopped."""
    actor.require(Permission.SERVICE_CONFIGURE)
    mailbox = _find(mailbox_id)
    mailbox.is_active = is_active
    mailbox.last_error = ""
    mailbox.save(update_fields=["is_active", "last_error"])
    audit.record(
        actor, "mailbox.resumed" if is_active else "mailbox.paused", object_type="mailbox", object_id=mailbox.id
    )
    return mailbox


@command
def remove_mailbox(actor: Actor, *, mailbox_id: int) -> None:
    """Forget a mailbox and its secret. Tickets and mail that came through it stay."""
    actor.require(Permission.SERVICE_CONFIGURE)
    mailbox = _find(mailbox_id)
    audit.record(actor, "mailbox.removed", object_type="mailbox", object_id=mailbox.id, address=mailbox.address)
    mailbox.delete()
