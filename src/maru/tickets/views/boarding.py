"""The board: stages as columns, cards that are dragged, moved by keyboard or by menu."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from maru.core.actors import Permission
from maru.core.errors import MaruError, NotFound
from maru.core.ids import read_ticket_number
from maru.core.numbers import whole
from maru.organizations.desk import DeskRequest, desk_view, render_desk
from maru.tickets.commands import set_stage
from maru.tickets.models import Ticket
from maru.tickets.queries import get_ticket_by_id_for, get_ticket_for
from maru.tickets.queries.board import board_columns, column_page
from maru.tickets.queries.directory import Directory, directory
from maru.tickets.queries.filters import Filter
from maru.tickets.views.common import back_to, desk_reverse, reason_of, tell, wanted_of, wants_json
from maru.tickets.views.listing import frame_context
from maru.ui.render import render_block

_SCOPES = ("open", "all", "mine", "unassigned", "groups", "involved")


def _board_filter(wanted: Filter) -> Filter:
    """The board has its own columns for what is held and done, so views of one status become the wider view."""
    return wanted if wanted.view in _SCOPES else replace(wanted, view="mine")


@require_safe
@desk_view(Permission.TICKET_VIEW)
def board(request: DeskRequest) -> HttpResponse:
    """All columns; ``part=columns`` for the live refresh, ``part=more`` for the cards further down one column."""
    names = directory(request.actor)
    wanted = _board_filter(wanted_of(request, names))
    context = _context(request, wanted, names)
    part = request.GET.get("part")
    if part == "more":
        stage = names.stages.get(whole(request.GET.get("stage")) or 0)
        if stage is None:
            raise NotFound()
        column = column_page(request.actor, stage, wanted, names, whole(request.GET.get("below")) or 0)
        return render_block(request, "tickets/board.html", "more", context | {"column": column})
    context["columns"] = board_columns(request.actor, wanted, names)
    if part == "columns":
        return render_block(request, "tickets/board.html", "columns", context)
    return render_desk(request, "tickets/board.html", context, section="board")


def _context(request: DeskRequest, wanted: Filter, names: Directory) -> dict[str, object]:
    context = frame_context(request, wanted, names)
    board_url, query = context["board_url"], context["query"]
    return context | {
        "menu_url": board_url,
        "part_url": f"{board_url}{query}{'&' if query else '?'}",
        "counts_url": f"{desk_reverse(request, 'counts')}{query}{'&' if query else '?'}of=board",
        "may_move": request.actor.can(Permission.TICKET_HANDLE),
    }


@require_POST
@desk_view(Permission.TICKET_HANDLE)
def move(request: DeskRequest) -> HttpResponse:
    """Put a card (``ticket``) into ``stage``, between the cards ``after`` (above) and ``before`` (below).

    ``version`` is the stage the card stood in when it was picked up: if somebody moved it meanwhile the answer is 409
    with the reason, and the card goes back.
    """
    try:
        ticket = get_ticket_for(request.actor, request.POST.get("ticket", ""))
        ticket = get_ticket_by_id_for(request.actor, ticket.id, lock=True)
        stale = _stale(request, ticket)
        if stale:
            return _answer(request, {"error": stale, "version": ticket.stage_id}, 409)
        set_stage(
            request.actor,
            ticket_id=ticket.id,
            stage_id=whole(request.POST.get("stage")) or 0,
            above_id=_neighbour(request.POST.get("after")),
            below_id=_neighbour(request.POST.get("before")),
        )
    except NotFound:
        return _answer(request, {"error": _("The ticket or the stage no longer exists.")}, 404)
    except MaruError as error:
        return _answer(request, {"error": reason_of(error)}, error.status)
    return _answer(request, {"ok": True, "version": whole(request.POST.get("stage")) or 0}, 200)


def _stale(request: DeskRequest, ticket: Ticket) -> str:
    version = request.POST.get("version", "")
    if not version or whole(version) == ticket.stage_id:
        return ""
    names = directory(request.actor)
    return _("%(name)s has moved it to “%(stage)s” in the meantime.") % {
        "name": ticket.updated_by_name or "Maru",
        "stage": names.stage_name(ticket.stage_id),
    }


def _neighbour(number: str | None) -> int | None:
    stored = read_ticket_number(number or "")
    return Ticket.objects.filter(number=stored).values_list("id", flat=True).first() if stored else None


def _answer(request: DeskRequest, data: dict[str, object], status: int) -> HttpResponse:
    if wants_json(request):
        return JsonResponse(data, status=status)
    if status != 200:
        tell(request, str(data.get("error", "")), is_error=True)
    return back_to(request, desk_reverse(request, "board"))
