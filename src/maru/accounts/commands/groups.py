"""Groups of agents."""

import unicodedata
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from maru.accounts.events import GroupChanged
from maru.accounts.models import Group, GroupMember, Member
from maru.accounts.queries import get_group_for
from maru.core import audit
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.core.errors import Invalid
from maru.core.events import publish
from maru.core.html import one_line

NAME_LENGTH = 80


def _clean(name: str) -> str:
    cleaned = one_line(unicodedata.normalize("NFC", name), NAME_LENGTH + 1)
    if not cleaned:
        raise Invalid({"name": _("Give the group a name.")})
    if len(cleaned) > NAME_LENGTH:
        raise Invalid({"name": _("At most %(n)s characters.") % {"n": NAME_LENGTH}})
    return cleaned


def _save(group: Group) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        raise Invalid({"name": _("There is already a group of this name.")}, code="taken") from error


@command
def create_group(actor: Actor, *, name: str) -> Group:
    """A new group, last in the order. Raises Forbidden, Invalid (name missing, too long, taken)."""
    actor.require(Permission.MEMBERS_MANAGE)
    last = Group.objects.aggregate(last=Max("order"))["last"]
    group = Group(name=_clean(name), order=0 if last is None else last + 1)
    _save(group)
    audit.record(actor, "group.created", object_type="group", object_id=group.id, name=group.name)
    publish(actor, GroupChanged(group.id))
    return group


@command
def rename_group(actor: Actor, *, group_id: int, name: str) -> Group:
    """Raises NotFound, Forbidden, Invalid (name missing, too long, taken)."""
    actor.require(Permission.MEMBERS_MANAGE)
    group = get_group_for(actor, group_id)
    before, group.name = group.name, _clean(name)
    if before != group.name:
        _save(group)
        audit.record(actor, "group.renamed", object_type="group", object_id=group.id, before=before, name=group.name)
        publish(actor, GroupChanged(group.id))
    return group


@command
def delete_group(actor: Actor, *, group_id: int) -> None:
    """Tickets of the group stay and belong to none. Raises NotFound, Forbidden."""
    actor.require(Permission.MEMBERS_MANAGE)
    group = get_group_for(actor, group_id)
    name = group.name
    group.delete()
    audit.record(actor, "group.deleted", object_type="group", object_id=group_id, name=name)
    publish(actor, GroupChanged(group_id))


@command
def set_group_members(actor: Actor, *, group_id: int, member_ids: Iterable[int]) -> Group:
    """Make exactly ``member_ids`` sit in the group; ids of strangers are left out. Raises NotFound, Forbidden."""
    actor.require(Permission.MEMBERS_MANAGE)
    group = get_group_for(actor, group_id)
    active = Member.objects.filter(state=Member.State.ACTIVE).exclude(role=Member.Role.NONE)
    wanted = set(active.filter(id__in=list(member_ids)).values_list("id", flat=True))
    seated = set(GroupMember.objects.filter(group=group).values_list("member_id", flat=True))
    if wanted == seated:
        return group
    GroupMember.objects.filter(group=group, member_id__in=seated - wanted).delete()
    GroupMember.bulk([GroupMember(group=group, member_id=member_id) for member_id in sorted(wanted - seated)])
    audit.record(
        actor,
        "group.members_changed",
        object_type="group",
        object_id=group.id,
        added=sorted(wanted - seated),
        removed=sorted(seated - wanted),
    )
    publish(actor, GroupChanged(group.id))
    return group
