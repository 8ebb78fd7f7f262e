"""Settings of the desk: stages, saved views, and the menu of them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from maru.core.actors import Permission
from maru.core.errors import Invalid, NotFound
from maru.core.numbers import whole
from maru.organizations.desk import DeskRequest, SettingsItem, desk_view, render_settings
from maru.tickets.commands import saved_views as view_commands
from maru.tickets.commands import stages as stage_commands
from maru.tickets.models import Status
from maru.tickets.queries.choices import choices
from maru.tickets.queries.directory import directory
from maru.tickets.queries.filters import pairs_of, read_filter
from maru.tickets.views.common import back_to, desk_reverse, reason_of, tell
from maru.ui.atoms import STAGE_COLORS

LANGUAGES = tuple(settings.LANGUAGES)


def settings_items(request: DeskRequest) -> list[SettingsItem]:
    """The pages of this room in the settings' menu (``maru.config.wiring``)."""
    group = _("Tickets")
    items = []
    if request.actor.can(Permission.SERVICE_CONFIGURE):
        items += [
            SettingsItem(
                group, "categories", "folder-tree", _("Intake categories"), desk_reverse(request, "categories")
            ),
            SettingsItem(
                group,
                "handlings",
                "list-checks",
                _("Handling categories"),
                desk_reverse(request, "handling_categories"),
            ),
            SettingsItem(group, "rules", "timer-reset", _("Ticket rules"), desk_reverse(request, "rules")),
            SettingsItem(group, "templates", "file-text", _("Answer templates"), desk_reverse(request, "templates")),
            SettingsItem(group, "stages", "columns-3", _("Stages"), desk_reverse(request, "stages")),
        ]
    if request.actor.can(Permission.TICKET_VIEW):
        items.append(SettingsItem(group, "views", "bookmark", _("Saved views"), desk_reverse(request, "views")))
    return items


def try_change(request: DeskRequest, page: str, do: Callable[[], str]) -> HttpResponse:
    """Run a change and go back to the page; a refusal is told there in words."""
    try:
        text = do()
    except NotFound:
        tell(request, _("It no longer exists."), is_error=True)
    except Invalid as error:
        tell(request, reason_of(error), is_error=True)
    else:
        if text:
            tell(request, text)
    return back_to(request, desk_reverse(request, page))


@require_safe
@desk_view(Permission.SERVICE_CONFIGURE)
def stages(request: DeskRequest) -> HttpResponse:
    """The stages in board order with a form for each."""
    names = directory(request.actor)
    context = {
        "stages": list(names.stages.values()),
        "statuses": [choice for choice in choices(names)["statuses"] if choice[0] in _USABLE],
        "colours": STAGE_COLORS,
        "languages": LANGUAGES,
        "change_url": desk_reverse(request, "stage_change"),
        "most": stage_commands.MOST,
    }
    return render_settings(request, "tickets/settings/stages.html", context, section="stages")


_USABLE = (Status.NEW, Status.OPEN, Status.PENDING, Status.RESOLVED, Status.CLOSED)


@require_POST
@desk_view(Permission.SERVICE_CONFIGURE)
def stage_change(request: DeskRequest) -> HttpResponse:
    """``do``: ``add``, ``change``, ``up``, ``down``, ``delete``."""
    given, actor = request.POST, request.actor
    stage_id = whole(given.get("stage")) or 0

    def values() -> dict[str, Any]:
        names = {code: given.get(f"name_{code}", "") for code, _label in LANGUAGES}
        return {"names": names, "colour": given.get("colour", ""), "status": whole(given.get("status")) or 0}

    def do() -> str:
        match given.get("do"):
            case "add":
                stage_commands.add_stage(actor, **values())
                return _("Stage added.")
            case "change":
                stage_commands.change_stage(actor, stage_id=stage_id, **values())
                return _("Saved.")
            case "up" | "down":
                order = list(directory(actor).stages)
                if stage_id in order:
                    at = order.index(stage_id)
                    to = max(0, min(len(order) - 1, at + (-1 if given["do"] == "up" else 1)))
                    order.insert(to, order.pop(at))
                    stage_commands.order_stages(actor, stage_ids=order)
                return ""
            case "delete":
                stage_commands.delete_stage(actor, stage_id=stage_id)
                return _("Stage deleted.")
        return ""

    return try_change(request, "stages", do)


@require_safe
@desk_view(Permission.TICKET_VIEW)
def views(request: DeskRequest) -> HttpResponse:
    """Saved views, shared and private."""
    names = directory(request.actor)
    context = {
        "views": [(view, read_filter(view.query).query()) for view in names.views],
        "may_share": request.actor.can(Permission.SERVICE_CONFIGURE),
        "list_url": desk_reverse(request, "list"),
        "search_url": desk_reverse(request, "search"),
        "slug": request.organization.slug,
    }
    return render_settings(request, "tickets/settings/views.html", context, section="views")


@require_POST
@desk_view(Permission.TICKET_VIEW)
def view_add(request: DeskRequest) -> HttpResponse:
    """Keep the filter in the form as a view and open it."""
    wanted = read_filter(request.POST)
    query: dict[str, Any] = {}
    for name, text in pairs_of(wanted):
        query.setdefault(name, []).append(text)
    query.pop("saved", None)
    try:
        view = view_commands.save_view(
            request.actor,
            name=request.POST.get("view_name", ""),
            query=query,
            is_shared=request.POST.get("shared") == "1",
        )
    except Invalid as error:
        tell(request, reason_of(error), is_error=True)
        back = QueryDict(mutable=True)
        for name, values in query.items():
            back.setlist(name, values)
        return redirect(f"{desk_reverse(request, 'search')}?{back.urlencode()}")
    tell(request, _("View saved."))
    return redirect(f"{desk_reverse(request, 'list')}?saved={view.id}")


@require_POST
@desk_view(Permission.TICKET_VIEW)
def view_delete(request: DeskRequest) -> HttpResponse:
    """Forget a view."""

    def do() -> str:
        view_commands.delete_view(request.actor, view_id=whole(request.POST.get("view")) or 0)
        return _("View deleted.")

    return try_change(request, "views", do)
