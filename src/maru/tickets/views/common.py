"""What the desk's ticket pages share: words for views, choices for menus, answers to plain and htmx requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from maru.core.errors import MaruError
from maru.organizations.desk import DeskRequest
from maru.tickets.queries.directory import Directory
from maru.tickets.queries.filters import Filter, read_filter


@dataclass(frozen=True, slots=True)
class ViewLink:
    """An entry of the side menu. ``key`` is what its count is found under."""

    key: str
    icon: str
    label: str
    query: str
    is_current: bool = False
    depth: int = 1


def view_label(view: str) -> str:
    """The name of a built-in view."""
    return {
        "open": _("Open tickets"),
        "all": _("All tickets"),
        "unassigned": _("Unassigned"),
        "groups": _("My groups"),
        "mine": _("My tickets in progress"),
        "hold": _("My tickets on hold"),
        "resolved": _("My resolved tickets"),
        "closed": _("My closed tickets"),
        "involved": _("Created by or for me"),
        "waiting": _("Customer replied again"),
        "spam": _("Spam"),
    }[view]


_MINE = (
    ("mine", "inbox"),
    ("hold", "circle-pause"),
    ("waiting", "message-circle-reply"),
    ("involved", "user-round-check"),
)
_MINE_DONE = (("resolved", "circle-check"), ("closed", "circle-slash"))
_TEAM = (("unassigned", "circle-dashed"), ("open", "circle-dot"), ("all", "layers"), ("spam", "ban"))


def side_menu(wanted: Filter, names: Directory) -> list[tuple[str, list[ViewLink]]]:
    """Headings and entries of the side menu."""

    def built_in(views: tuple[tuple[str, str], ...]) -> list[ViewLink]:
        return [_built_in(view, icon, wanted) for view, icon in views]

    groups = [
        ViewLink(
            f"group-{group.id}", "users-round", group.name, Filter(group=group.id).query(), wanted.group == group.id
        )
        for group in names.groups.values()
        if group.is_mine
    ]
    mine_of_groups = [_built_in("groups", "users-round", wanted)] if len(groups) != 1 else []
    categories = [
        ViewLink(
            f"category-{category.id}",
            "folder",
            category.name,
            Filter(category=category.id).query(),
            wanted.category == category.id,
            category.depth,
        )
        for category in names.categories.values()
    ]
    saved = [
        ViewLink(
            f"saved-{view.id}",
            "bookmark" if view.is_shared else "lock",
            view.name,
            f"?saved={view.id}",
            wanted.saved == view.id,
        )
        for view in names.views
    ]
    menu = [
        (_("My work"), built_in(_MINE) + built_in(_MINE_DONE)),
        (_("Team"), built_in(_TEAM[:1]) + mine_of_groups + groups + built_in(_TEAM[1:])),
    ]
    if saved:
        menu.append((_("Saved views"), saved))
    if categories:
        menu.append((_("Categories"), categories))
    return menu


def _built_in(view: str, icon: str, wanted: Filter) -> ViewLink:
    plain = wanted.saved is None and wanted.group is None and wanted.category is None
    return ViewLink(view, icon, view_label(view), f"?view={view}", plain and wanted.view == view)


def title_of(wanted: Filter, names: Directory) -> str:
    """What the list is called."""
    if wanted.saved is not None:
        for view in names.views:
            if view.id == wanted.saved:
                return view.name
    if wanted.view == "open" and wanted.group is not None and wanted.group in names.groups:
        return names.group_name(wanted.group)
    if wanted.view == "open" and wanted.category is not None and wanted.category in names.categories:
        return names.categories[wanted.category].name
    return view_label(wanted.view)


def wanted_of(request: HttpRequest, names: Directory) -> Filter:
    """The filter in the address; ``?saved=`` brings that of a saved view, which further criteria refine."""
    wanted = read_filter(request.GET)
    if wanted.saved is None:
        return wanted
    view = next((view for view in names.views if view.id == wanted.saved), None)
    if view is None:
        return wanted
    merged: dict[str, Any] = {**view.query, **{key: request.GET.getlist(key) for key in request.GET}}
    return read_filter(merged)


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a fragment (not for a page it restores from history)."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def wants_json(request: HttpRequest) -> bool:
    """Whether a script of ours asks and can read JSON."""
    return request.headers.get("X-Requested-With") == "fetch"


def back_to(request: DeskRequest, fallback: str) -> HttpResponse:
    """To the page named by ``next``, if it is one of ours, else to ``fallback``."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(wanted if safe and wanted.startswith("/") else fallback)


def desk_reverse(request: DeskRequest, name: str, *args: Any) -> str:
    """Address of a ticket page of this organization."""
    return reverse(f"tickets:{name}", args=[request.organization.slug, *args])


def tell(request: HttpRequest, text: str, *, is_error: bool = False) -> None:
    """A notice on the next page."""
    (messages.error if is_error else messages.success)(request, text)


def reason_of(error: MaruError) -> str:
    """An error in words for the person."""
    fields: Mapping[str, str] = getattr(error, "fields", {})
    return " ".join(fields.values()) or error.message
