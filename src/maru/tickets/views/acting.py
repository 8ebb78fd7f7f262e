"""What staff do to a ticket with one click: each view calls one command and answers a plain form or htmx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from maru.core.actors import Permission
from maru.core.errors import Conflict, Forbidden, Invalid, MaruError, NotFound
from maru.core.numbers import whole
from maru.organizations.desk import AfterCommit, DeskRequest, desk_view
from maru.tickets import commands
from maru.tickets.errors import AlreadyTaken
from maru.tickets.models import Participant, Ticket
from maru.tickets.queries import get_ticket_by_id_for, get_ticket_for
from maru.tickets.queries.one import lock_tickets
from maru.tickets.trees import HANDLING
from maru.tickets.values import Requester
from maru.tickets.views.common import back_to, desk_reverse, is_partial, reason_of, tell
from maru.tickets.views.detail import pulse_after_commit, render_pulse

MOST_AT_ONCE = 100
Act = Callable[[DeskRequest, Ticket], str]


def act(request: DeskRequest, number: str, do: Act) -> HttpResponse | AfterCommit:
    """Run ``do`` on the ticket; a plain form goes back to the ticket, htmx gets what has changed once that is committed.

    Refusals of the domain are told in words; the page then shows how things stand.
    """
    ticket = get_ticket_for(request.actor, number)
    text, refused = "", False
    try:
        text = do(request, ticket)
    except (Invalid, Conflict) as error:
        text, refused = reason_of(error), True
    if not is_partial(request):
        if text:
            tell(request, text, is_error=refused)
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(desk_reverse(request, "detail", ticket.number) + query)
    return pulse_after_commit(request, ticket.id, notice=text, notice_error=refused)


def _action(do: Act) -> Callable[..., HttpResponse]:
    @require_POST
    @desk_view(Permission.TICKET_VIEW)
    def view(request: DeskRequest, number: str) -> HttpResponse | AfterCommit:
        return act(request, number, do)

    return view


def _take(request: DeskRequest, ticket: Ticket) -> str:
    try:
        commands.take(request.actor, ticket_id=ticket.id, group_id=whole(request.POST.get("group")))
    except AlreadyTaken as error:
        raise Conflict(_("%(name)s took this ticket a moment before you.") % {"name": error.name}) from error
    return _("The ticket is yours.")


def _assign(request: DeskRequest, ticket: Ticket) -> str:
    members = [member_id for text in request.POST.getlist("member") if (member_id := whole(text))]
    if members:
        commands.assign(request.actor, ticket_id=ticket.id, member_ids=members)
    return ""


def _unassign(request: DeskRequest, ticket: Ticket) -> str:
    try:
        commands.unassign(request.actor, ticket_id=ticket.id, member_id=whole(request.POST.get("member")) or 0)
    except NotFound:
        return _("This member is no longer on the ticket.")
    return ""


def _forward(request: DeskRequest, ticket: Ticket) -> str:
    commands.forward(
        request.actor,
        ticket_id=ticket.id,
        group_id=whole(request.POST.get("group")) or 0,
        member_id=whole(request.POST.get("member")),
        comment=request.POST.get("comment", ""),
    )
    return _("Forwarded.")


def _stage(request: DeskRequest, ticket: Ticket) -> str:
    try:
        commands.set_stage(request.actor, ticket_id=ticket.id, stage_id=whole(request.POST.get("stage")) or 0)
    except NotFound:
        raise Invalid({"stage": _("This stage no longer exists.")}) from None
    return ""


def _priority(request: DeskRequest, ticket: Ticket) -> str:
    commands.set_priority(request.actor, ticket_id=ticket.id, priority=whole(request.POST.get("priority")) or 0)
    return ""


def _category(request: DeskRequest, ticket: Ticket) -> str:
    commands.set_category(request.actor, ticket_id=ticket.id, category_id=whole(request.POST.get("category")))
    return ""


def _handling(request: DeskRequest, ticket: Ticket) -> str:
    chosen = whole(request.POST.get("handling"))
    commands.set_category(request.actor, ticket_id=ticket.id, category_id=chosen, tree=HANDLING)
    return ""


def _title(request: DeskRequest, ticket: Ticket) -> str:
    commands.rename(request.actor, ticket_id=ticket.id, title=request.POST.get("title", ""))
    return ""


def _requester(request: DeskRequest, ticket: Ticket) -> str:
    given = {name: request.POST.get(name, "") for name in ("name", "email", "phone", "company")}
    commands.set_requester(request.actor, ticket_id=ticket.id, requester=Requester(**given))
    return ""


def _spam(request: DeskRequest, ticket: Ticket) -> str:
    is_spam = request.POST.get("spam") == "1"
    commands.mark_spam(request.actor, ticket_id=ticket.id, is_spam=is_spam)
    return _("Moved to the spam box.") if is_spam else _("Taken out of the spam box.")


def _resolve_internally(request: DeskRequest, ticket: Ticket) -> str:
    commands.resolve_internally(request.actor, ticket_id=ticket.id)
    return _("Resolved without an answer.")


def _recipients(request: DeskRequest, ticket: Ticket) -> str:
    address = request.POST.get("address", "")
    if request.POST.get("do") == "remove":
        try:
            commands.remove_participant(request.actor, ticket_id=ticket.id, address=address)
        except NotFound:
            return _("This address is no longer a recipient.")
        return ""
    role = request.POST.get("role", Participant.Role.COPY.value)
    commands.add_participant(request.actor, ticket_id=ticket.id, address=address, role=role)
    return ""


take = _action(_take)
assign = _action(_assign)
unassign = _action(_unassign)
forward = _action(_forward)
set_stage = _action(_stage)
set_priority = _action(_priority)
set_category = _action(_category)
set_handling = _action(_handling)
rename = _action(_title)
set_requester = _action(_requester)
mark_spam = _action(_spam)
resolve_internally = _action(_resolve_internally)
recipients = _action(_recipients)


@require_POST
@desk_view(Permission.TICKET_VIEW)
def shared_note(request: DeskRequest, number: str) -> HttpResponse | AfterCommit:
    """Save the note beside the conversation; when a colleague was faster both texts are shown to be put together."""
    ticket = get_ticket_for(request.actor, number)
    version = whole(request.POST.get("version"))
    text = request.POST.get("note", "")
    try:
        commands.set_shared_note(
            request.actor, ticket_id=ticket.id, text=text, version=-1 if version is None else version
        )
    except Conflict as error:
        if not is_partial(request):
            from maru.tickets.views.composing import render_detail

            return render_detail(request, ticket, status=409, note_conflict=text)
        return render_pulse(request, ticket, note_conflict=text, notice=reason_of(error), notice_error=True)

    def saved(_request: DeskRequest, _ticket: Ticket) -> str:
        return _("Note saved.")

    return act(request, number, saved)


@require_POST
@desk_view(Permission.TICKET_VIEW)
def held(request: DeskRequest, number: str, message_id: int) -> HttpResponse | AfterCommit:
    """Let a held message in (``accept``; ``join`` adds its sender) or keep it as a note (``dismiss``)."""

    def decide(request: DeskRequest, ticket: Ticket) -> str:
        if not ticket.messages.filter(id=message_id).exists():
            raise NotFound()
        choice = request.POST.get("do")
        if choice == "dismiss":
            commands.dismiss_held(request.actor, message_id=message_id)
            return _("Kept as a note that only your team sees.")
        commands.accept_held(request.actor, message_id=message_id, as_participant=choice == "join")
        return _("The message is part of the conversation now.")

    return act(request, number, decide)


@require_safe
@desk_view(Permission.TICKET_VIEW)
def linked(request: DeskRequest, number: str) -> HttpResponse:
    """To the ticket that this one goes on from."""
    ticket = get_ticket_for(request.actor, number)
    if ticket.linked_to_id is None:
        raise NotFound()
    return redirect(desk_reverse(request, "detail", get_ticket_by_id_for(request.actor, ticket.linked_to_id).number))


@require_POST
@desk_view(Permission.TICKET_HANDLE)
def bulk(request: DeskRequest) -> HttpResponse:
    """Change stage or assignee of the selected tickets, or mark them as spam; tells how many did not work."""
    done, refused = 0, []
    wanted = list(dict.fromkeys(request.POST.getlist("sel")))[:MOST_AT_ONCE]
    lock_tickets(request.actor, wanted)
    for number in wanted:
        try:
            _bulk_one(request, get_ticket_for(request.actor, number))
            done += 1
        except Forbidden:
            raise
        except MaruError as error:
            refused.append(reason_of(error))
    if done:
        tell(request, ngettext("%(num)s ticket changed.", "%(num)s tickets changed.", done) % {"num": done})
    if refused:
        failed = ngettext("%(num)s ticket was not changed:", "%(num)s tickets were not changed:", len(refused))
        tell(request, failed % {"num": len(refused)} + " " + " ".join(dict.fromkeys(refused)), is_error=True)
    return back_to(request, desk_reverse(request, "list"))


def _bulk_one(request: DeskRequest, ticket: Ticket) -> None:
    given: Any = request.POST
    if given.get("do") in ("spam", "unspam"):
        commands.mark_spam(request.actor, ticket_id=ticket.id, is_spam=given["do"] == "spam")
        return
    stage_id, member_id = whole(given.get("stage")), whole(given.get("assignee"))
    if stage_id:
        commands.set_stage(request.actor, ticket_id=ticket.id, stage_id=stage_id)
    if member_id:
        commands.assign(request.actor, ticket_id=ticket.id, member_ids=[member_id])
