"""Reads of the configured entrances."""

from maru.core.actors import Actor, Permission
from maru.core.encryption import decrypt
from maru.core.errors import NotFound
from maru.inboxes.models import Mailbox, secret_place


def mailboxes_for(actor: Actor) -> list[Mailbox]:
    """All mailboxes of the organization, oldest first. Raises Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    return list(Mailbox.objects.order_by("id"))


def get_mailbox_for(actor: Actor, mailbox_id: int) -> Mailbox:
    """One mailbox. Raises NotFound, Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    mailbox = Mailbox.objects.filter(id=mailbox_id).first()
    if mailbox is None:
        raise NotFound()
    return mailbox


def mailbox_secret(mailbox: Mailbox, column: str = "secret") -> str:
    """The password or refresh token (``client_secret`` likewise) in the clear. Raises CannotDecrypt."""
    return decrypt(mailbox.organization_id, secret_place(mailbox.id, column), getattr(mailbox, column))
