"""Whose ticket it is."""

from collections.abc import Sequence

from django.db import connection
from django.utils.translation import gettext as _

from maru.accounts.models import Group, GroupMember, Member
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.core.errors import Forbidden, Invalid, NotFound
from maru.core.events import publish
from maru.tickets.commands.common import add_message, clean_body, reindex, ticket_to_change, touch
from maru.tickets.commands.staging import move_to_status
from maru.tickets.errors import AlreadyTaken
from maru.tickets.events import MemberRemoved, MembersAssigned, TicketForwarded, TicketTaken
from maru.tickets.models import Assignment, MessageKind, Status, Ticket

_MARK = """
update tickets_assignment set is_helper = member_id is distinct from %s::bigint
where organization_id = %s and ticket_id = %s and is_helper = (member_id is not distinct from %s::bigint)
"""
_GIVEN = ("assignee", "group", "status", "stage", "board_rank")


def give_to(ticket: Ticket, member_ids: Sequence[int]) -> list[int]:
    """Add members to the ticket (the caller saves it); returns those who were not on it before."""
    known = set(Assignment.objects.filter(ticket=ticket, member_id__in=member_ids).values_list("member_id", flat=True))
    added = [member_id for member_id in dict.fromkeys(member_ids) if member_id not in known]
    Assignment.bulk([Assignment(ticket=ticket, member_id=member_id) for member_id in added])
    if ticket.assignee_id is None and member_ids:
        ticket.assignee_id = member_ids[0]
    mark_helpers(ticket)
    return added


def mark_helpers(ticket: Ticket) -> None:
    """Mark everybody on the ticket but its assignee as a helper. Call it wherever either has changed."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [ticket.assignee_id, ticket.organization_id, ticket.id, ticket.assignee_id])


def _start(actor: Actor, ticket: Ticket) -> None:
    if ticket.status == Status.NEW:
        move_to_status(actor, ticket, Status.OPEN)


@command
def take(actor: Actor, *, ticket_id: int, group_id: int | None = None) -> Ticket:
    """Make an unassigned ticket mine; ``group_id`` chooses the group for those who are in several.

    Taking what is mine already changes nothing.
    :raises AlreadyTaken: somebody was faster. :raises Forbidden: not a member, or not in that group.
    :raises Invalid: he is in several groups, the ticket is in none of them, and none was chosen.
    """
    if actor.member_id is None:
        raise Forbidden()
    ticket = ticket_to_change(actor, ticket_id)
    if ticket.assignee_id is not None and ticket.assignee_id != actor.member_id:
        holder = Member.objects.filter(id=ticket.assignee_id).values_list("name", flat=True).first()
        raise AlreadyTaken(holder or "")
    mine = list(GroupMember.objects.filter(member_id=actor.member_id).values_list("group_id", flat=True))
    if group_id is not None and group_id not in mine:
        raise Forbidden()
    if group_id is None and ticket.assignee_id == actor.member_id:
        return ticket
    if group_id is None and ticket.group_id not in mine:
        if len(mine) > 1:
            raise Invalid({"group": _("Please choose the group you take the ticket for.")})
        group_id = mine[0] if mine else None
    group_id = group_id or ticket.group_id
    if ticket.assignee_id == actor.member_id and ticket.group_id == group_id:
        return ticket
    ticket.group_id = group_id
    give_to(ticket, [actor.member_id])
    _start(actor, ticket)
    touch(ticket, actor, *_GIVEN)
    publish(actor, TicketTaken(ticket.id, ticket.number, actor.member_id))
    return ticket


def _active(member_ids: Sequence[int]) -> list[int]:
    wanted = list(dict.fromkeys(member_ids))
    found = Member.objects.filter(id__in=wanted, state=Member.State.ACTIVE).exclude(role=Member.Role.NONE).count()
    if not wanted or found != len(wanted):
        raise Invalid({"assignees": _("Please choose members from the list.")})
    return wanted


@command
def assign(actor: Actor, *, ticket_id: int, member_ids: Sequence[int]) -> Ticket:
    """Give the ticket to several members; each is told. Members already on it stay."""
    ticket = ticket_to_change(actor, ticket_id)
    added = give_to(ticket, _active(member_ids))
    if added:
        _start(actor, ticket)
        touch(ticket, actor, *_GIVEN)
        publish(actor, MembersAssigned(ticket.id, ticket.number, added))
    return ticket


@command
def unassign(actor: Actor, *, ticket_id: int, member_id: int) -> Ticket:
    """Take one member off the ticket; he is told. The next of the remaining ones becomes its assignee.

    :raises NotFound: he is not on it.
    """
    ticket = ticket_to_change(actor, ticket_id)
    removed, _rows = Assignment.objects.filter(ticket=ticket, member_id=member_id).delete()
    if not removed:
        raise NotFound()
    if ticket.assignee_id == member_id:
        ticket.assignee_id = (
            Assignment.objects.filter(ticket=ticket).order_by("id").values_list("member_id", flat=True).first()
        )
        mark_helpers(ticket)
    touch(ticket, actor, *_GIVEN)
    publish(actor, MemberRemoved(ticket.id, ticket.number, member_id))
    return ticket


@command
def forward(actor: Actor, *, ticket_id: int, group_id: int, member_id: int | None = None, comment: str = "") -> Ticket:
    """Hand the ticket to another group, or to one agent of it, with a comment.

    Needs the forward permission; managers always have it.
    :raises Invalid: no such group, or the agent is not in it.
    """
    ticket = ticket_to_change(actor, ticket_id, Permission.TICKET_FORWARD)
    if not Group.objects.filter(id=group_id).exists():
        raise Invalid({"group": _("Please choose a group from the list.")})
    if member_id is not None:
        _active([member_id])
        if not GroupMember.objects.filter(group_id=group_id, member_id=member_id).exists():
            raise Invalid({"member": _("This member is not in the chosen group.")})
    before = list(Assignment.objects.filter(ticket=ticket).values_list("member_id", flat=True))
    Assignment.objects.filter(ticket=ticket).exclude(member_id=member_id).delete()
    ticket.group_id, ticket.assignee_id = group_id, None
    if member_id is not None:
        give_to(ticket, [member_id])
        _start(actor, ticket)
    comment_id = _note(actor, ticket, comment) if comment.strip() else None
    touch(ticket, actor, *_GIVEN, "last_comment")
    for former in before:
        if former not in (member_id, actor.member_id):
            publish(actor, MemberRemoved(ticket.id, ticket.number, former))
    publish(actor, TicketForwarded(ticket.id, ticket.number, group_id, member_id, comment_id))
    return ticket


def _note(actor: Actor, ticket: Ticket, text: str) -> int:
    text, html = clean_body(text, "")
    message = add_message(ticket, MessageKind.COMMENT, actor=actor, channel=ticket.channel, text=text, html=html)
    ticket.last_comment = " ".join(text.split())[:200]
    reindex(ticket)
    return int(message.id)
