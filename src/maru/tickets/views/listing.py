"""Lists of tickets, the side menu's counts, single rows, and the quick search of the palette."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from maru.core.actors import Permission
from maru.organizations.desk import DeskRequest, desk_view, render_desk
from maru.tickets.queries import get_ticket_for
from maru.tickets.queries.choices import choices
from maru.tickets.queries.counts import remembered_counts, shown_count
from maru.tickets.queries.customers import by_customer
from maru.tickets.queries.directory import Directory, directory
from maru.tickets.queries.filters import Filter
from maru.tickets.queries.finding import find_tickets
from maru.tickets.queries.lists import Page, list_tickets, rows_by_id
from maru.tickets.views.common import desk_reverse, side_menu, title_of, wanted_of
from maru.tickets.views.rows import board_cards, list_rows
from maru.ui.render import render_block

LAYOUT_COOKIE = "list_layout"


@require_safe
@desk_view(Permission.TICKET_VIEW)
def ticket_list(request: DeskRequest) -> HttpResponse:
    """The list in panes (``part``: ``rows``, ``more``, ``pane`` for fragments) or as a table with all columns."""
    names = directory(request.actor)
    wanted = wanted_of(request, names)
    part = request.GET.get("part", "")
    if part == "views":
        return views_panel(request, wanted, names)
    context = list_context(request, wanted, names)
    if request.GET.get("layout") == "table" or (
        "layout" not in request.GET and not part and request.COOKIES.get(LAYOUT_COOKIE) == "table"
    ):
        return _table(request, context, part)
    if part in ("rows", "more", "pane"):
        return render_block(request, "tickets/list.html", part, context)
    response = render_desk(request, "tickets/list.html", context, section="tickets")
    if request.GET.get("layout") == "panes":
        response.set_cookie(LAYOUT_COOKIE, "panes", max_age=31536000, samesite="Lax", secure=request.is_secure())
    return response


def _table(request: DeskRequest, context: dict[str, Any], part: str) -> HttpResponse:
    context |= {"layout": "table", "page_url": context["list_url"], "open_query": context["query"]}
    if part in ("rows", "more"):
        return render_block(request, "tickets/table.html", part, context)
    response = render_desk(request, "tickets/table.html", context, section="tickets")
    response.set_cookie(LAYOUT_COOKIE, "table", max_age=31536000, samesite="Lax", secure=request.is_secure())
    return response


def list_context(request: DeskRequest, wanted: Filter, names: Directory, *, current: str = "") -> dict[str, Any]:
    """What the list pane needs; ``current`` is the number of the open ticket."""
    page = _page(request, wanted, names)
    return {
        **frame_context(request, wanted, names, current=current),
        "rows": page.rows,
        "next": page.next,
        "page": "list",
    }


def frame_context(request: DeskRequest, wanted: Filter, names: Directory, *, current: str = "") -> dict[str, Any]:
    """What the frame around list and ticket needs, without reading tickets."""
    slug, query, list_url = request.organization.slug, wanted.query(), desk_reverse(request, "list")
    return {
        "organization": request.organization,
        "member": request.member,
        "actor": request.actor,
        "slug": slug,
        "names": names,
        "wanted": wanted,
        "query": query,
        "part_url": f"{list_url}{query}{'&' if query else '?'}",
        "counts_url": f"{desk_reverse(request, 'counts')}{query}",
        "menu_url": list_url,
        "is_lazy": False,
        "title": title_of(wanted, names),
        "menu": side_menu(wanted, names),
        "choices": choices(names),
        "current": current or request.GET.get("current", ""),
        "list_url": list_url,
        "board_url": desk_reverse(request, "board"),
        "layout": "panes",
        "list_rows": list_rows,
        "board_cards": board_cards,
    }


def _page(request: DeskRequest, wanted: Filter, names: Directory) -> Page:
    cursor = request.GET.get("cursor", "")
    wanted, further = by_customer(request.actor, wanted)
    ask = find_tickets if wanted.words else list_tickets
    return ask(request.actor, wanted, names, cursor=cursor, further=further)


@require_safe
@desk_view(Permission.TICKET_VIEW)
def counts(request: DeskRequest) -> HttpResponse:
    """The side menu with its live counts; as JSON for whoever asks for JSON."""
    names = directory(request.actor)
    if "json" in request.headers.get("Accept", ""):
        found = remembered_counts(request.actor, names, request.event_number)
        return JsonResponse(
            {
                "views": found.views,
                "groups": {str(key): value for key, value in found.groups.items()},
                "categories": {str(key): value for key, value in found.categories.items()},
                "saved": {str(key): value for key, value in found.saved.items()},
            }
        )
    return views_panel(request, wanted_of(request, names), names)


def views_panel(request: DeskRequest, wanted: Filter, names: Directory) -> HttpResponse:
    """The side menu as a fragment, with counts."""
    found = remembered_counts(request.actor, names, request.event_number)
    shown = {key: shown_count(value) for key, value in found.views.items()}
    shown |= {f"group-{key}": shown_count(value) for key, value in found.groups.items()}
    for category in names.categories.values():
        total = sum(found.categories.get(key, 0) for key in (category.id, *category.below))
        shown[f"category-{category.id}"] = shown_count(total)
    shown |= {f"saved-{key}": shown_count(value, 99) for key, value in found.saved.items()}
    context = frame_context(request, wanted, names) | {"counts": shown}
    return render_block(request, "tickets/list.html", "views", context)


@require_safe
@desk_view(Permission.TICKET_VIEW)
def row(request: DeskRequest, number: str) -> HttpResponse:
    """One row of the list."""
    names = directory(request.actor)
    ticket = get_ticket_for(request.actor, number)
    context = frame_context(request, wanted_of(request, names), names)
    context["rows"] = rows_by_id(request.actor, [ticket.id], names)
    return render_block(request, "tickets/list.html", "row", context)


@require_safe
@desk_view(Permission.TICKET_VIEW)
def palette(request: DeskRequest) -> HttpResponse:
    """The first tickets for what is typed into the palette, as JSON."""
    typed = request.GET.get("q", "").strip()[:200]
    names = directory(request.actor)
    page = find_tickets(request.actor, Filter(view="all", q=typed), names, limit=8) if typed else Page([])
    items = [
        {
            "number": found.shown_number,
            "title": found.title,
            "label": found.title,
            "note": f"{found.shown_number} · {found.requester}",
            "status": found.sign,
            "url": desk_reverse(request, "detail", found.number),
        }
        for found in page.rows
    ]
    return JsonResponse({"items": items, "all": f"{desk_reverse(request, 'search')}?q={typed}"})
