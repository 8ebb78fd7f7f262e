"""Reads of the configured entrances."""

from collections.abc import Iterable

from django.conf import settings

from maru.core.actors import Actor, Permission
from maru.core.encryption import decrypt
from maru.core.errors import NotFound
from maru.inboxes.models import Mailbox, secret_place


def is_house_address(address: str) -> bool:
    """Whether mail to this address comes straight back to this house, whichever organization's it is."""
    domain = address.rpartition("@")[2].strip().lower()
    own = settings.ENVIRONMENT.mail_domain
    return bool(domain == own or domain.endswith(f".{own}"))


def own_addresses(addresses: Iterable[str]) -> set[str]:
    """Those of ``addresses`` (folded) that lead back to the running organization: the house's, and its mailboxes'."""
    folded = {address.strip().casefold() for address in addresses}
    own = {address for address in folded if is_house_address(address)}
    if folded - own:
        own |= set(Mailbox.objects.filter(address__in=folded - own).values_list("address", flat=True))
    return own


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
