"""Who does something. Every command takes an :class:`Actor` first."""

from dataclasses import dataclass, field
from enum import StrEnum

from maru.core.errors import Forbidden


class ActorKind(StrEnum):
    MEMBER = "member"
    REQUESTER = "requester"
    API = "api"
    SYSTEM = "system"


class Permission(StrEnum):
    """What an actor may do; roles map to sets of these (``maru.accounts.roles``)."""

    TICKET_VIEW = "ticket.view"
    TICKET_HANDLE = "ticket.handle"
    TICKET_FORWARD = "ticket.forward"
    SERVICE_CONFIGURE = "service.configure"
    MEMBERS_MANAGE = "members.manage"
    ORGANIZATION_MANAGE = "organization.manage"
    EXPORT = "export"
    SEE_LOGS = "logs.view"


ALL_PERMISSIONS = frozenset(Permission)


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, inside exactly one organization.

    ``name`` and ``avatar`` are what history shows. ``member_id`` is set for members only; ``customer_id`` for requesters;
    ``service_id`` narrows an API key to its service.
    """

    kind: ActorKind
    organization_id: int
    name: str = ""
    avatar: str = ""
    member_id: int | None = None
    account_id: int | None = None
    customer_id: int | None = None
    service_id: int | None = None
    permissions: frozenset[Permission] = field(default_factory=frozenset)

    def can(self, permission: Permission) -> bool:
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Raises :class:`Forbidden` when the actor lacks ``permission``."""
        if permission not in self.permissions:
            raise Forbidden()

    @property
    def is_staff(self) -> bool:
        return self.kind in (ActorKind.MEMBER, ActorKind.API, ActorKind.SYSTEM)


def system_actor(organization_id: int, name: str = "Maru") -> Actor:
    """The product itself: sweepers, intake, demo data. Has every permission inside one organization."""
    return Actor(ActorKind.SYSTEM, organization_id, name=name, permissions=ALL_PERMISSIONS)


def requester_actor(organization_id: int, name: str, customer_id: int | None = None) -> Actor:
    """Somebody outside who asks; may open tickets and add messages to tickets he takes part in."""
    return Actor(ActorKind.REQUESTER, organization_id, name=name, customer_id=customer_id)
