"""Service keys: made, shown once, found by their hash, revoked."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network

from django.utils import timezone
from django.utils.translation import gettext as _

from maru.api.models import ApiKey
from maru.core.actors import Actor, ActorKind, Permission, system_actor
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.core.html import one_line
from maru.core.models import AuditEntry
from maru.core.tenancy import tenant
from maru.organizations.models import Organization, Service

NAME_LENGTH = 80
MOST_KEYS = 50
MOST_NETWORKS = 50
_START = "maru_"
_SHOWN = 12
_USED_EVERY = timedelta(minutes=1)
KEY_PERMISSIONS = frozenset({Permission.TICKET_VIEW, Permission.TICKET_HANDLE, Permission.TICKET_FORWARD})


def hash_of(secret: str) -> str:
    """What is stored of a key: it has 256 random bits, so a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(secret.encode()).hexdigest()


@command
def create_key(actor: Actor, *, service_id: int, name: str, allowed_ips: Sequence[str] = ()) -> tuple[ApiKey, str]:
    """Make a key of one service; the second value is the key itself, which nobody can ever read again.

    ``allowed_ips``: addresses and networks (``192.0.2.0/24``) it may be used from; empty for anywhere.
    :raises Invalid: no name, or no such network. :raises Forbidden, NotFound:
    """
    actor.require(Permission.SERVICE_CONFIGURE)
    if not Service.objects.filter(id=service_id).exists():
        raise NotFound()
    clean = one_line(name, NAME_LENGTH + 1)
    if not clean:
        raise Invalid({"name": _("Please enter a name.")})
    if len(clean) > NAME_LENGTH:
        raise Invalid({"name": _("The name may have at most %(n)s characters.") % {"n": NAME_LENGTH}})
    if ApiKey.objects.filter(organization_id=actor.organization_id, revoked_at=None).count() >= MOST_KEYS:
        raise Invalid(_("There are too many keys. Please revoke one first."))
    secret = _START + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        organization_id=actor.organization_id,
        service_id=service_id,
        name=clean,
        prefix=secret[:_SHOWN],
        key_hash=hash_of(secret),
        allowed_ips=read_networks(allowed_ips),
    )
    _audit(actor, "api_key.created", key)
    return key, secret


@command
def revoke_key(actor: Actor, *, key_id: int) -> ApiKey:
    """End a key at once. Raises NotFound, Forbidden; doing it twice changes nothing."""
    actor.require(Permission.SERVICE_CONFIGURE)
    key = ApiKey.objects.filter(organization_id=actor.organization_id, id=key_id).select_for_update().first()
    if key is None:
        raise NotFound()
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        _audit(actor, "api_key.revoked", key)
    return key


def keys_of(actor: Actor) -> list[ApiKey]:
    """The keys of the organization, newest first; revoked ones at the end."""
    actor.require(Permission.SERVICE_CONFIGURE)
    keys = ApiKey.objects.filter(organization_id=actor.organization_id).order_by("-id")[:200]
    return sorted(keys, key=lambda key: key.revoked_at is not None)


def create_from_cli(service: str, name: str) -> str:
    """A new key for ``ORG/SERVICE``, as ``maru api-key create`` prints it. Raises NotFound, Invalid."""
    organization_slug, _slash, service_slug = service.partition("/")
    organization = Organization.objects.filter(slug=organization_slug).first()
    if organization is None:
        raise NotFound()
    with tenant(organization.id):
        found = Service.objects.filter(slug=service_slug).first()
        if found is None:
            raise NotFound()
        return create_key(system_actor(organization.id), service_id=found.id, name=name)[1]


def read_networks(written: Sequence[str]) -> list[str]:
    """Networks in normal form. Raises Invalid for the first that is none."""
    found: list[str] = []
    for text in written:
        try:
            network = ip_network(text.strip(), strict=False)
        except ValueError:
            raise Invalid(
                {"allowed_ips": _("“%(text)s” is not an address or network.") % {"text": text.strip()[:60]}}
            ) from None
        shown = str(network.network_address) if network.num_addresses == 1 else str(network)
        if shown not in found:
            found.append(shown)
    if len(found) > MOST_NETWORKS:
        raise Invalid({"allowed_ips": _("At most %(n)s networks.") % {"n": MOST_NETWORKS}})
    return found


def find_key(secret: str) -> ApiKey | None:
    """The key in force that belongs to a secret; remembers, to the minute, that it was used."""
    if not secret.startswith(_START) or len(secret) > 100:
        return None
    key = ApiKey.objects.filter(key_hash=hash_of(secret), revoked_at=None).first()
    if key is None:
        return None
    moment = timezone.now()
    if key.last_used_at is None or key.last_used_at < moment - _USED_EVERY:
        ApiKey.objects.filter(id=key.id).update(last_used_at=moment)
    return key


def may_come_from(key: ApiKey, ip: str) -> bool:
    """Whether a key may be used from an address."""
    if not key.allowed_ips:
        return True
    address = ip_address(ip)
    return any(address in network for network in map(ip_network, key.allowed_ips) if network.version == address.version)


def actor_of(key: ApiKey) -> Actor:
    """Who acts when a program uses the key: narrowed to the key's service."""
    return Actor(
        ActorKind.API,
        key.organization_id,
        name=key.name,
        service_id=key.service_id,
        permissions=KEY_PERMISSIONS,
    )


def _audit(actor: Actor, action: str, key: ApiKey) -> None:
    AuditEntry(
        actor_kind=actor.kind.value,
        actor_id=actor.member_id,
        actor_name=actor.name[:200],
        action=action,
        object_type="api_key",
        object_id=key.id,
        details={"name": key.name, "service_id": key.service_id},
    ).save()
