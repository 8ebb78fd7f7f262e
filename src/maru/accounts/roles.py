"""From a member's role and flags to what he may do (table OC 2-0 of the catalogue)."""

from django.utils.translation import gettext as _

from maru.accounts.models import Member
from maru.core.actors import Actor, ActorKind, Permission


def permissions_of(member: Member) -> frozenset[Permission]:
    """What ``member`` may do. An organization admin without an agent role manages the organization only."""
    if member.state != Member.State.ACTIVE:
        return frozenset()
    granted: set[Permission] = set()
    if member.is_admin:
        granted |= {Permission.MEMBERS_MANAGE, Permission.ORGANIZATION_MANAGE, Permission.SEE_LOGS}
    if member.role != Member.Role.NONE and (member.works_tickets or member.works_phone):
        granted |= {Permission.TICKET_VIEW, Permission.TICKET_HANDLE}
        if member.may_forward or member.role == Member.Role.MANAGER:
            granted.add(Permission.TICKET_FORWARD)
    if member.role == Member.Role.MANAGER:
        granted.add(Permission.SERVICE_CONFIGURE)
    if member.may_see_logs:
        granted.add(Permission.SEE_LOGS)
    if member.may_export:
        granted.add(Permission.EXPORT)
    return frozenset(granted)


def member_actor(member: Member) -> Actor:
    """The actor that a member is inside his organization."""
    return Actor(
        ActorKind.MEMBER,
        member.organization_id,
        name=member.name,
        avatar=member.avatar,
        member_id=member.id,
        account_id=member.account_id,
        permissions=permissions_of(member),
    )


def base_role_label(role: str) -> str:
    """The word for manager, agent or none in the viewer's language."""
    return {
        Member.Role.MANAGER.value: _("Manager"),
        Member.Role.AGENT.value: _("Agent"),
        Member.Role.NONE.value: _("No desk work"),
    }[role]


def role_label(member: Member) -> str:
    """What a member is, in the viewer's language: organization admin, manager, agent or both."""
    words = [_("Organization admin")] if member.is_admin else []
    if member.role != Member.Role.NONE or not words:
        words.append(base_role_label(member.role))
    return " · ".join(words)
