"""Reading organizations, services and invitations."""

import hashlib
from dataclasses import dataclass

from django.utils import timezone

from maru.accounts.models import Account, Invitation, Member
from maru.accounts.queries import memberships_of
from maru.core.actors import Actor
from maru.core.errors import NotFound
from maru.organizations.models import Organization, Service


@dataclass(frozen=True, slots=True)
class Place:
    """An organization somebody belongs to, as the chooser shows it."""

    organization: Organization
    member: Member


def places_of(account: Account) -> list[Place]:
    """Where ``account`` is a member or waits to be one, by name."""
    shown = (Member.State.ACTIVE, Member.State.WAITING)
    memberships = [member for member in memberships_of(account.pk) if member.state in shown]
    found = Organization.objects.in_bulk([member.organization_id for member in memberships])
    places = [Place(found[member.organization_id], member) for member in memberships]
    return sorted(places, key=lambda place: (place.member.state == Member.State.WAITING, place.organization.name))


def find_by_code(company_code: str) -> Organization | None:
    """The organization with this company code, compared exactly (upper and lower case differ)."""
    return Organization.objects.filter(company_code=company_code).first()


def get_organization(actor: Actor) -> Organization:
    """The actor's organization."""
    return Organization.objects.get(id=actor.organization_id)


def first_service(actor: Actor) -> Service:
    """The service an organization began with. Raises NotFound."""
    service: Service | None = Service.objects.order_by("id").first()
    if service is None:
        raise NotFound()
    return service


def hash_token(token: str) -> str:
    """What is stored of an invitation's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_invitation(token: str) -> Invitation | None:
    """The invitation a link belongs to, whatever its state."""
    return Invitation.objects.filter(token_hash=hash_token(token)).first()


def invitation_state(invitation: Invitation) -> str:
    """``open``, ``used``, ``revoked`` or ``expired``."""
    if invitation.used_at is not None:
        return "used"
    if invitation.revoked_at is not None:
        return "revoked"
    return "expired" if invitation.expires_at <= timezone.now() else "open"


def pending_invitations(actor: Actor) -> list[Invitation]:
    """Invitations of the actor's organization that nobody has used or revoked, newest first."""
    mine = Invitation.objects.filter(organization_id=actor.organization_id, used_at=None, revoked_at=None)
    return list(mine.order_by("-id")[:200])


def get_invitation_for(actor: Actor, invitation_id: int) -> Invitation:
    """An invitation of the actor's organization. Raises NotFound."""
    found = Invitation.objects.filter(id=invitation_id, organization_id=actor.organization_id).first()
    if found is None:
        raise NotFound()
    return found
