"""One ticket: the page, its live pulse, older messages, tabs beside it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from maru.accounts.models import LANGUAGES
from maru.core.actors import Permission
from maru.core.ids import show_ticket_number
from maru.core.numbers import whole
from maru.customers.queries import get_card
from maru.organizations.desk import AfterCommit, DeskRequest, desk_view, render_desk
from maru.tickets.models import Priority, Status, Ticket
from maru.tickets.queries import get_ticket_by_id_for, get_ticket_for
from maru.tickets.queries.conversation import (
    Conversation,
    earlier_tickets,
    read_beside,
    read_conversation,
    read_entry,
    read_happenings,
)
from maru.tickets.queries.customers import ticket_counts
from maru.tickets.queries.directory import Directory, directory, status_name
from maru.tickets.queries.lists import with_names
from maru.tickets.views.bodies import Typed
from maru.tickets.views.common import is_partial, wanted_of
from maru.tickets.views.listing import frame_context
from maru.tickets.views.scripts import language_of
from maru.tickets.views.templates import wanted_text
from maru.tickets.views.timeline import Thread, build_thread, event_line, message
from maru.ui.render import render_block

TEMPLATE = "tickets/list.html"
TABS = ("info", "earlier", "events", "customer")


@require_safe
@desk_view(Permission.TICKET_VIEW)
def ticket_detail(request: DeskRequest, number: str) -> HttpResponse:
    """The ticket; for htmx its pane alone. ``tab`` chooses what stands beside the conversation."""
    ticket = get_ticket_for(request.actor, number)
    names = directory(request.actor)
    context = detail_context(request, ticket, names)
    if prepared := wanted_text(request, ticket):
        context["typed"] = Typed(mode="reply", body=prepared, format="text")
    if request.GET.get("part") == "aside":
        return render_block(request, "tickets/ticket.html", "aside", context)
    if is_partial(request):
        return render_block(request, TEMPLATE, "main", context)
    return render_desk(request, TEMPLATE, context | {"is_lazy": True}, section="tickets")


def detail_context(request: DeskRequest, ticket: Ticket, names: Directory, **more: Any) -> dict[str, Any]:
    """What the ticket's pane needs."""
    conversation = read_conversation(request.actor, ticket)
    context = frame_context(request, wanted_of(request, names), names, current=ticket.number)
    context |= ticket_context(request, ticket, names)
    context |= {
        "page": "ticket",
        "thread": build_thread(request.organization.slug, ticket, conversation, names),
        "rows": [],
        "next": "",
    }
    return context | more


def ticket_context(request: DeskRequest, ticket: Ticket, names: Directory) -> dict[str, Any]:
    """Head and details of a ticket."""
    beside = read_beside(request.actor, ticket)
    members = beside.members
    names.know(members)
    stage = names.stages.get(ticket.stage_id)
    tab = request.POST.get("tab", "") or request.GET.get("tab", "")
    context: dict[str, Any] = {
        "ticket": ticket,
        "number": show_ticket_number(ticket.number),
        "title_language": language_of(ticket.title),
        "stage_info": stage,
        "sign": "spam" if ticket.is_spam else status_name(ticket.status),
        "priority": Priority(ticket.priority).name.lower(),
        "channel_kind": "agent" if ticket.channel == "staff" else ticket.channel,
        "members": [person for member_id in members if (person := names.person(member_id))],
        "is_mine": request.actor.member_id in members,
        "may": _rights(request, ticket),
        "seats": beside.seats,
        "drafts": beside.drafts,
        "category": names.categories.get(ticket.category_id or 0),
        "handling": names.handlings.get(ticket.handling_category_id or 0),
        "service": names.services.get(ticket.service_id),
        "tab": tab if tab in TABS else "info",
        "presence_url": _presence_url(request, ticket),
        "due_at": ticket.answer_due_at if ticket.status < Status.RESOLVED and ticket.status != Status.PENDING else None,
    }
    if context["tab"] == "earlier":
        context["earlier"] = with_names(earlier_tickets(request.actor, ticket), names)
    if context["tab"] == "customer" and ticket.customer_id is not None:
        context["card"] = get_card(request.actor, ticket.customer_id)
        context["card_counts"] = ticket_counts(request.actor, ticket.customer_id)
        context |= {"languages": LANGUAGES, "names_of_languages": dict(LANGUAGES)}
    if context["tab"] == "events":
        happened = read_happenings(ticket.organization_id, ticket.id)
        _know_people(happened, names)
        lines = [event_line(one, names, all_kinds=True) for one in happened]
        context["history"] = [line for line in lines if line][::-1]
    return context


def _rights(request: DeskRequest, ticket: Ticket) -> dict[str, bool]:
    handle = request.actor.can(Permission.TICKET_HANDLE)
    return {
        "handle": handle,
        "forward": request.actor.can(Permission.TICKET_FORWARD),
        "configure": request.actor.can(Permission.SERVICE_CONFIGURE),
        "take": handle and ticket.assignee_id is None,
    }


def _presence_url(request: DeskRequest, ticket: Ticket) -> str:
    try:
        return reverse("notifications:presence", args=[request.organization.slug, ticket.number])
    except NoReverseMatch:
        return ""


def _know_people(happenings: list[Any], names: Directory) -> None:
    wanted: list[int | None] = []
    for one in happenings:
        wanted += [one.data.get("member_id"), *one.data.get("member_ids", [])]
    names.know(wanted)


@require_safe
@desk_view(Permission.TICKET_VIEW)
def pulse(request: DeskRequest, number: str) -> HttpResponse:
    """What is new on an open ticket since ``after`` (message) and ``since`` (event): asked for by the live page."""
    ticket = get_ticket_for(request.actor, number)
    return render_pulse(request, ticket)


def render_pulse(request: DeskRequest, ticket: Ticket, **more: Any) -> HttpResponse:
    """New messages and events to append, and head and details to renew, as fragments of one answer."""
    names = directory(request.actor)
    given = request.POST if request.method == "POST" else request.GET
    after, since = whole(given.get("after")) or 0, whole(given.get("since")) or 0
    conversation = read_conversation(request.actor, ticket, after_id=after, limit=200)
    happened = [one for one in read_happenings(ticket.organization_id, ticket.id) if one.id > since]
    _know_people(happened, names)
    fresh = Conversation(conversation.entries, happened)
    thread = build_thread(request.organization.slug, ticket, fresh, names, shown_day=given.get("day", ""))
    context = frame_context(request, wanted_of(request, names), names, current=ticket.number)
    context |= ticket_context(request, ticket, names)
    context |= {"thread": _carried(thread, after, since), "fresh": True, **more}
    return render_block(request, "tickets/ticket.html", "pulse", context)


def pulse_after_commit(request: DeskRequest, ticket_id: int, **more: Any) -> AfterCommit:
    """:func:`render_pulse` of the ticket as it stands when its change is committed and its row is free again."""
    return AfterCommit(lambda: render_pulse(request, get_ticket_by_id_for(request.actor, ticket_id), **more))


def _carried(thread: Thread, after: int, since: int) -> Thread:
    """Numbers never go back when nothing new has come."""
    newest_event = max(thread.newest_event, since)
    return Thread(thread.items, max(thread.newest_id, after), newest_event, thread.oldest_id, False, thread.last_day)


@require_safe
@desk_view(Permission.TICKET_VIEW)
def thread_page(request: DeskRequest, number: str) -> HttpResponse:
    """Messages after ``after``, or older ones before ``before``, as a fragment."""
    ticket = get_ticket_for(request.actor, number)
    names = directory(request.actor)
    if "after" in request.GET:
        conversation = read_conversation(request.actor, ticket, after_id=whole(request.GET["after"]) or 0, limit=200)
    else:
        conversation = read_conversation(request.actor, ticket, before_id=whole(request.GET.get("before")) or None)
    context = frame_context(request, wanted_of(request, names), names)
    context |= {
        "ticket": ticket,
        "thread": build_thread(request.organization.slug, ticket, conversation, names),
        "seats": [],
    }
    return render_block(request, "tickets/ticket.html", "thread_items", context)


@require_safe
@desk_view(Permission.TICKET_VIEW)
def whole_message(request: DeskRequest, number: str, message_id: int) -> HttpResponse:
    """One message in full."""
    return render_message(request, get_ticket_for(request.actor, number), message_id)


def render_message(request: DeskRequest, ticket: Ticket, message_id: int) -> HttpResponse:
    """One message in full, for htmx as a fragment. Raises NotFound when it is not of this ticket."""
    entry = read_entry(request.actor, ticket, message_id)
    names = directory(request.actor)
    item = message(request.organization.slug, entry, names, whole=True)
    context = frame_context(request, wanted_of(request, names), names)
    context |= {"ticket": ticket, "thread": Thread([item]), "seats": []}
    if not is_partial(request):
        return render_desk(request, "tickets/message.html", context, section="tickets")
    return render_block(request, "tickets/ticket.html", "thread_items", context)
