"""Rows as the programming interface shows them, read page by page without joins."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.utils.translation import get_language

from maru.api.schemas import PRIORITY_WORDS, STATUS_WORDS
from maru.core.ids import show_ticket_number
from maru.core.models import StoredFile
from maru.tickets.models import Assignment, Attachment, Message, Priority, Stage, Status, Ticket


def stage_name(stage: Stage) -> str:
    """The name of a stage in the caller's language."""
    names: dict[str, str] = stage.names or {}
    return names.get((get_language() or "en")[:2]) or names.get("en") or next(iter(names.values()), "")


def show_tickets(tickets: Sequence[Ticket]) -> list[dict[str, Any]]:
    """Tickets with their stages and assignees: two more reads, however many there are."""
    stages = {stage.id: stage_name(stage) for stage in Stage.objects.filter(id__in={t.stage_id for t in tickets})}
    assignees: dict[int, list[int]] = defaultdict(list)
    rows = Assignment.objects.filter(ticket_id__in=[ticket.id for ticket in tickets]).order_by("id")
    for ticket_id, member_id in rows.values_list("ticket_id", "member_id"):
        assignees[ticket_id].append(member_id)
    return [_ticket(ticket, stages.get(ticket.stage_id, ""), assignees[ticket.id]) for ticket in tickets]


def show_new_ticket(ticket: Ticket, assignees: Sequence[int]) -> dict[str, Any]:
    """A ticket that was just opened, with what is known of it: nothing is read."""
    return _ticket(ticket, stage_name(ticket.stage), list(dict.fromkeys(assignees)))


def _ticket(ticket: Ticket, stage: str, assignees: list[int]) -> dict[str, Any]:
    return {
        "number": show_ticket_number(ticket.number),
        "title": ticket.title,
        "status": STATUS_WORDS[Status(ticket.status)],
        "stage": {"id": ticket.stage_id, "name": stage},
        "priority": PRIORITY_WORDS[Priority(ticket.priority)],
        "category": {"id": ticket.category_id, "name": ticket.category_name} if ticket.category_id else None,
        "handling_category": {"id": ticket.handling_category_id, "name": ticket.handling_category_name}
        if ticket.handling_category_id
        else None,
        "group": ticket.group_id,
        "assignees": assignees,
        "requester": {
            "name": ticket.requester_name,
            "email": ticket.requester_email,
            "phone": ticket.requester_phone,
            "company": ticket.requester_company,
        },
        "channel": ticket.channel,
        "spam": ticket.is_spam,
        "last_message": ticket.last_message_id,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "resolved_at": ticket.resolved_at,
        "closed_at": ticket.closed_at,
    }


def show_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages with the names of their files."""
    files: dict[int, list[dict[str, Any]]] = defaultdict(list)
    attachments = list(Attachment.objects.filter(message_id__in=[message.id for message in messages]).order_by("id"))
    if attachments:
        stored = {file.id: file for file in StoredFile.objects.filter(id__in={each.file_id for each in attachments})}
        for each in attachments:
            file = stored[each.file_id]
            files[each.message_id].append({"name": file.name, "content_type": file.content_type, "size": file.size})
    return [_message(message, files[message.id]) for message in messages]


def _message(message: Message, files: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": message.id,
        "kind": message.kind,
        "channel": message.channel,
        "author": message.author_name,
        "author_address": message.author_address,
        "text": message.text,
        "html": message.html,
        "outcome": message.outcome,
        "files": files,
        "created_at": message.created_at,
    }
