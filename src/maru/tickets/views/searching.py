"""The search page: words over the conversation and every criterion of a ticket."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from maru.core.actors import Permission
from maru.organizations.desk import DeskRequest, desk_view, render_desk
from maru.tickets.queries.directory import directory
from maru.tickets.queries.filters import pairs_of, read_filter
from maru.tickets.views.common import desk_reverse
from maru.tickets.views.listing import list_context
from maru.ui.render import render_block


@require_safe
@desk_view(Permission.TICKET_VIEW)
def search_page(request: DeskRequest) -> HttpResponse:
    """Tickets that meet all criteria, newest first; ``part=more`` for the following page."""
    names = directory(request.actor)
    wanted = read_filter(request.GET, view="all")
    asked = bool(wanted.is_refined or "view" in request.GET)
    context = list_context(request, wanted, names)
    page_url = desk_reverse(request, "search")
    # A search's own default is all tickets, the list's is the open ones: the address always names it.
    query = wanted.query() if wanted.view != "open" else wanted.query() + ("&" if wanted.query() else "?") + "view=open"
    context |= {
        "searching": True,
        "asked": asked,
        "title": _("Search"),
        "page_url": page_url,
        "part_url": f"{page_url}{query}{'&' if query else '?'}",
        "open_query": "",
        "pairs": pairs_of(wanted),
    }
    if not asked:
        context |= {"rows": [], "next": ""}
    if request.GET.get("part") == "more":
        return render_block(request, "tickets/table.html", "more", context)
    return render_desk(request, "tickets/table.html", context, section="search")
