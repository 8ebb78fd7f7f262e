"""Roles, approval and removal of members."""

from dataclasses import dataclass, fields

from django.db import connection
from django.utils.translation import gettext as _

from maru.accounts.events import AccessRemoved, MemberApproved, MemberRefused, MemberRightsChanged
from maru.accounts.models import Group, GroupMember, Member
from maru.accounts.queries import get_member_for
from maru.core import audit
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.core.errors import Conflict, Invalid
from maru.core.events import publish

_LOCK_SPACE = 7051


@dataclass(frozen=True, slots=True)
class Rights:
    """What an organization admin sets for a member; ``None`` leaves it as it is."""

    role: str | None = None
    is_admin: bool | None = None
    works_tickets: bool | None = None
    works_chats: bool | None = None
    works_phone: bool | None = None
    may_forward: bool | None = None
    may_see_logs: bool | None = None
    may_export: bool | None = None


def _one_at_a_time(actor: Actor) -> None:
    """Two admins who demote each other at once must not leave an organization without one."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK_SPACE, actor.organization_id % 2**31])


def _keep_an_admin(member: Member) -> None:
    others = Member.objects.filter(state=Member.State.ACTIVE, is_admin=True).exclude(id=member.id)
    if not others.exists():
        raise Conflict(_("An organization needs at least one organization admin."), code="last_admin")


@command
def change_member(actor: Actor, *, member_id: int, rights: Rights) -> Member:
    """Set role and flags of a member. Phone implies ticket; the founder stays organization admin.

    Raises NotFound, Forbidden, Invalid (unknown role), Conflict (founder, last organization admin).
    """
    actor.require(Permission.MEMBERS_MANAGE)
    _one_at_a_time(actor)
    member = get_member_for(actor, member_id)
    if rights.role is not None and rights.role not in Member.Role.values:
        raise Invalid({"role": _("Choose one of the roles.")})
    if rights.is_admin is False and member.is_admin:
        if member.is_founder:
            raise Conflict(_("The founder of the organization stays its admin."), code="founder")
        if member.state == Member.State.ACTIVE:
            _keep_an_admin(member)
    changed: dict[str, list[object]] = {}
    for field in fields(rights):
        value = getattr(rights, field.name)
        if value is not None and value != getattr(member, field.name):
            changed[field.name] = [getattr(member, field.name), value]
            setattr(member, field.name, value)
    if member.works_phone and not member.works_tickets:
        changed["works_tickets"] = [False, True]
        member.works_tickets = True
    if changed:
        member.save(update_fields=list(changed))
        audit.record(actor, "member.rights_changed", object_type="member", object_id=member.id, changed=changed)
        publish(actor, MemberRightsChanged(member.id))
    return member


@command
def approve_member(actor: Actor, *, member_id: int) -> Member:
    """Let somebody in who joined by company code. Raises NotFound, Forbidden, Conflict (is not waiting)."""
    actor.require(Permission.MEMBERS_MANAGE)
    member = _waiting(actor, member_id)
    member.state = Member.State.ACTIVE
    member.save(update_fields=["state"])
    seat_in_first_group(member)
    audit.record(actor, "member.approved", object_type="member", object_id=member.id)
    publish(actor, MemberApproved(member.id))
    return member


@command
def refuse_member(actor: Actor, *, member_id: int) -> Member:
    """Turn somebody away who joined by company code. Raises NotFound, Forbidden, Conflict (is not waiting)."""
    actor.require(Permission.MEMBERS_MANAGE)
    member = _waiting(actor, member_id)
    member.state = Member.State.REFUSED
    member.save(update_fields=["state"])
    audit.record(actor, "member.refused", object_type="member", object_id=member.id)
    publish(actor, MemberRefused(member.id))
    return member


def _waiting(actor: Actor, member_id: int) -> Member:
    _one_at_a_time(actor)
    member = get_member_for(actor, member_id)
    if member.state != Member.State.WAITING:
        raise Conflict(_("Somebody has already decided about this person."), code="decided")
    return member


@command
def remove_member(actor: Actor, *, member_id: int) -> Member:
    """Take away a member's access at once. His name stays in the history of tickets.

    Raises NotFound, Forbidden, Conflict (founder, last organization admin).
    """
    actor.require(Permission.MEMBERS_MANAGE)
    _one_at_a_time(actor)
    member = get_member_for(actor, member_id)
    if member.is_founder:
        raise Conflict(_("The founder of the organization cannot be removed."), code="founder")
    if member.is_admin and member.state == Member.State.ACTIVE:
        _keep_an_admin(member)
    member.state = Member.State.REMOVED
    member.is_admin = False
    member.save(update_fields=["state", "is_admin"])
    GroupMember.objects.filter(member=member).delete()
    audit.record(actor, "member.removed", object_type="member", object_id=member.id)
    publish(actor, AccessRemoved(member.id))
    return member


def seat_in_first_group(member: Member) -> None:
    """Somebody who works tickets belongs to a group from the first day, else he could take none."""
    if member.role == Member.Role.NONE or GroupMember.objects.filter(member=member).exists():
        return
    group = Group.objects.order_by("order", "id").first()
    if group is not None:
        GroupMember(group=group, member=member).save()
