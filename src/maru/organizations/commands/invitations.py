"""Inviting people by mail and letting them in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from maru.accounts.commands import confirm_email, create_account, seat_in_first_group
from maru.accounts.events import InvitationRevoked, InvitationSent, MemberJoined
from maru.accounts.models import LANGUAGES, Account, Invitation, Member, fold_email
from maru.accounts.roles import member_actor
from maru.core import audit, limits
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.core.errors import Conflict, Invalid, NotFound
from maru.core.events import publish
from maru.core.ids import new_token
from maru.core.tenancy import tenant
from maru.organizations import mails
from maru.organizations.models import Organization
from maru.organizations.queries import get_invitation_for, get_organization, hash_token, invitation_state

INVITATION_LIFE = timedelta(days=7)
MOST_AT_ONCE = 50
MOST_A_DAY = 300
MOST_TO_ONE_A_DAY = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """What an invitation offers: a base role, perhaps the organization's administration, the language of the mail."""

    role: str = Member.Role.AGENT
    is_admin: bool = False
    language: str = ""


@command
def invite(actor: Actor, *, emails: Sequence[str], offer: Offer = Offer()) -> list[Invitation]:
    """Mail an invitation to each address, of any domain; one that is still open is replaced by the new one.

    Raises Forbidden, Invalid (field ``emails`` names the addresses it is about; nobody is invited then), TooMany.
    """
    actor.require(Permission.MEMBERS_MANAGE)
    if offer.role not in Member.Role.values:
        raise Invalid({"role": _("Choose one of the roles.")})
    wanted = list(dict.fromkeys(fold_email(email) for email in emails if email.strip()))
    _check(wanted)
    organization = get_organization(actor)
    if offer.language not in dict(LANGUAGES):
        offer = replace(offer, language=organization.language)
    return [_send(actor, organization, email, offer) for email in wanted]


def _check(wanted: list[str]) -> None:
    if not wanted:
        raise Invalid({"emails": _("Enter at least one mail address.")})
    if len(wanted) > MOST_AT_ONCE:
        raise Invalid({"emails": _("At most %(n)s addresses at once.") % {"n": MOST_AT_ONCE}})
    wrong = [email for email in wanted if not _is_address(email)]
    if wrong:
        raise Invalid({"emails": _("Not a mail address: %(list)s") % {"list": ", ".join(wrong[:5])}})
    accounts = dict(Account.objects.filter(email__in=wanted).values_list("id", "email"))
    inside = Member.objects.filter(account_id__in=accounts, state=Member.State.ACTIVE)
    known = [accounts[account_id] for account_id in inside.values_list("account_id", flat=True)]
    if known:
        raise Invalid({"emails": _("Already a member: %(list)s") % {"list": ", ".join(sorted(known)[:5])}})


def _is_address(email: str) -> bool:
    try:
        validate_email(email)
    except ValidationError:
        return False
    return len(email) <= 254


def _send(actor: Actor, organization: Organization, email: str, offer: Offer) -> Invitation:
    key = limits.private_key("invited", limits.fold_address(email))
    limits.hit(key, limit=MOST_TO_ONE_A_DAY, seconds=limits.DAY)
    limits.hit(f"invite:{organization.id}", limit=MOST_A_DAY, seconds=limits.DAY)
    earlier = Invitation.objects.filter(organization_id=organization.id, email=email, used_at=None, revoked_at=None)
    earlier.update(revoked_at=timezone.now())
    token = new_token(192)
    invitation = Invitation.objects.create(
        organization_id=organization.id,
        email=email,
        token_hash=hash_token(token),
        invited_by_id=actor.member_id or 0,
        role=offer.role,
        is_admin=offer.is_admin,
        language=offer.language,
        expires_at=timezone.now() + INVITATION_LIFE,
    )
    mails.send_invitation(organization, invitation, token, inviter=actor.name)
    audit.record(
        actor,
        "invitation.sent",
        object_type="invitation",
        object_id=invitation.id,
        email=email,
        role=offer.role,
        is_admin=offer.is_admin,
    )
    publish(actor, InvitationSent(invitation.id))
    return invitation


@command
def resend_invitation(actor: Actor, *, invitation_id: int) -> Invitation:
    """Mail a fresh link; the old one is void. Raises NotFound, Forbidden, Conflict (used or revoked), TooMany."""
    actor.require(Permission.MEMBERS_MANAGE)
    old = _still_open(actor, invitation_id)
    offer = Offer(role=old.role, is_admin=old.is_admin, language=old.language)
    return _send(actor, get_organization(actor), old.email, offer)


@command
def revoke_invitation(actor: Actor, *, invitation_id: int) -> None:
    """Make the link void. Raises NotFound, Forbidden, Conflict (used or revoked)."""
    actor.require(Permission.MEMBERS_MANAGE)
    invitation = _still_open(actor, invitation_id)
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    audit.record(actor, "invitation.revoked", object_type="invitation", object_id=invitation.id, email=invitation.email)
    publish(actor, InvitationRevoked(invitation.id))


def _still_open(actor: Actor, invitation_id: int) -> Invitation:
    invitation = get_invitation_for(actor, invitation_id)
    if invitation_state(invitation) in ("used", "revoked"):
        raise Conflict(_("This invitation has been used or revoked already."), code="closed")
    return invitation


def register_invited(*, token: str, email: str, name: str, password: str, language: str = "") -> Member:
    """Make an account for an invited person and let it in. The address may differ from the invited one.

    Raises NotFound (no such invitation), Conflict (``used``, ``revoked``, ``expired``, ``account_exists``), Invalid.
    """
    with transaction.atomic():
        invitation = _take(token)
        confirmed = fold_email(email) == invitation.email
        account = create_account(email=email, name=name, password=password, language=language, confirmed=confirmed)
        return _let_in(invitation, account)


def accept_invitation(account: Account, *, token: str) -> Member:
    """Let an existing account in. Raises NotFound, Conflict (``used``, ``revoked``, ``expired``, ``member``)."""
    with transaction.atomic():
        invitation = _take(token)
        if account.email == invitation.email:
            confirm_email(account)
        return _let_in(invitation, account)


def _take(token: str) -> Invitation:
    """The invitation, locked until the end of the transaction, so that two cannot use one link."""
    invitation = Invitation.objects.select_for_update().filter(token_hash=hash_token(token)).first()
    if invitation is None:
        raise NotFound()
    state = invitation_state(invitation)
    if state != "open":
        raise Conflict(code=state)
    invitation.used_at = timezone.now()
    invitation.save(update_fields=["used_at"])
    return invitation


def _let_in(invitation: Invitation, account: Account) -> Member:
    with tenant(invitation.organization_id):
        member = Member.objects.filter(account=account).first() or Member(account=account)
        if member.id and member.state == Member.State.ACTIVE:
            raise Conflict(_("You are a member of this organization already."), code="member")
        member.name, member.avatar = account.shown_name, account.avatar
        member.state, member.role, member.is_admin = Member.State.ACTIVE, invitation.role, invitation.is_admin
        # Somebody who comes back gets what the invitation offers, not what he had before he was removed.
        member.may_see_logs = member.may_export = False
        member.save()
        seat_in_first_group(member)
        actor = member_actor(member)
        audit.record(
            actor,
            "member.joined",
            object_type="member",
            object_id=member.id,
            invited_by=invitation.invited_by_id,
            role=member.role,
            is_admin=member.is_admin,
        )
        publish(actor, MemberJoined(member.id, invited_by_id=invitation.invited_by_id or None))
        return member
