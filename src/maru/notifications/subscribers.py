"""From what happens to notes: each in the transaction of its event, so that none is lost and none comes twice."""

from maru.accounts.events import MemberWaiting
from maru.accounts.models import GroupMember, Member
from maru.core.events import Published
from maru.notifications.commands import write_notes
from maru.notifications.models import Note
from maru.tickets.events import (
    CommentAdded,
    CustomerMessageAdded,
    MemberRemoved,
    MembersAssigned,
    MessageHeld,
    TicketForwarded,
)
from maru.tickets.models import Assignment, Message, MessageKind


def note_assignment(published: Published) -> None:
    event = published.event
    assert isinstance(event, MembersAssigned)
    write_notes(published, Note.Kind.ASSIGNED, event.member_ids, ticket_id=event.subject_id)


def note_removal(published: Published) -> None:
    event = published.event
    assert isinstance(event, MemberRemoved)
    write_notes(published, Note.Kind.REMOVED, [event.member_id], ticket_id=event.subject_id)


def note_forward(published: Published) -> None:
    """To the agent it was forwarded to, else to everybody in the group."""
    event = published.event
    assert isinstance(event, TicketForwarded)
    recipients: list[int] = [event.member_id] if event.member_id else _members_of(event.group_id)
    excerpt = _text_of(event.comment_id) if event.comment_id else ""
    write_notes(published, Note.Kind.FORWARDED, recipients, ticket_id=event.subject_id, excerpt=excerpt)


def note_comment(published: Published) -> None:
    """To those who are mentioned; and to those who work on the ticket or have commented before."""
    event = published.event
    assert isinstance(event, CommentAdded)
    excerpt = _text_of(event.message_id)
    mentioned = set(event.mentions)
    write_notes(published, Note.Kind.MENTION, mentioned, ticket_id=event.subject_id, excerpt=excerpt)
    commented = Message.objects.filter(
        ticket_id=event.subject_id, kind=MessageKind.COMMENT, author__isnull=False
    ).values_list("author_id", flat=True)
    involved = {*_assignees(event.subject_id), *commented} - mentioned
    write_notes(published, Note.Kind.COMMENT, involved, ticket_id=event.subject_id, excerpt=excerpt)


def note_customer(published: Published) -> None:
    """To those the ticket is given to, when a person outside wrote (no vacation notice and the like)."""
    event = published.event
    assert isinstance(event, CustomerMessageAdded | MessageHeld)
    if isinstance(event, CustomerMessageAdded) and event.is_automatic:
        return
    write_notes(
        published,
        Note.Kind.CUSTOMER,
        _assignees(event.subject_id),
        ticket_id=event.subject_id,
        excerpt=_text_of(event.message_id),
    )


def note_approval(published: Published) -> None:
    """To every organization admin, when somebody waits to be let in."""
    assert isinstance(published.event, MemberWaiting)
    admins = Member.objects.filter(is_admin=True, state=Member.State.ACTIVE).values_list("id", flat=True)
    write_notes(published, Note.Kind.APPROVAL, list(admins), ticket_id=None)


def _assignees(ticket_id: int) -> list[int]:
    return list(Assignment.objects.filter(ticket_id=ticket_id).values_list("member_id", flat=True))


def _members_of(group_id: int) -> list[int]:
    return list(GroupMember.objects.filter(group_id=group_id).values_list("member_id", flat=True))


def _text_of(message_id: int) -> str:
    return Message.objects.filter(id=message_id).values_list("text", flat=True).first() or ""
