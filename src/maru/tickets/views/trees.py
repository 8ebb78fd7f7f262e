"""Settings of the two trees of categories: one page, told which tree it shows."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from maru.core.actors import Permission
from maru.core.numbers import whole
from maru.organizations.desk import DeskRequest, desk_view, render_settings
from maru.tickets.commands import categories as commands
from maru.tickets.queries.directory import directory
from maru.tickets.trees import INTAKE, Tree
from maru.tickets.views.common import desk_reverse
from maru.tickets.views.settings import LANGUAGES, try_change


def _page(tree: Tree) -> str:
    return "categories" if tree is INTAKE else "handling_categories"


def _change(tree: Tree) -> str:
    return "category_change" if tree is INTAKE else "handling_category_change"


def _words(tree: Tree) -> dict[str, str]:
    """What the page calls the things of this tree."""
    if tree is INTAKE:
        return {
            "none": _("No categories yet"),
            "new": _("New category at the top level"),
            "choose": _("Choose a category"),
            "copy": _("Copy the category id"),
        }
    return {
        "none": _("No handling categories yet"),
        "new": _("New handling category at the top level"),
        "choose": _("Choose a handling category"),
        "copy": _("Copy the handling category id"),
    }


@require_safe
@desk_view(Permission.SERVICE_CONFIGURE)
def categories(request: DeskRequest, tree: Tree) -> HttpResponse:
    """The tree; ``?at=ID`` selects the category whose details are shown and under which one can add."""
    known = directory(request.actor).tree(tree)
    is_intake = tree is INTAKE
    context = {
        "tree": list(known.values()),
        "selected": known.get(whole(request.GET.get("at")) or 0),
        "deepest": commands.DEEPEST,
        "languages": LANGUAGES,
        "has_switch": tree.has_switch,
        "heading": _("Intake categories") if is_intake else _("Handling categories"),
        "explained": _(
            "What a request is about, at most five levels deep. "
            "Switched on: offered on the request page too; off: at the desk only."
        )
        if is_intake
        else _(
            "How a request was handled, at most five levels deep. Agents choose it on the ticket; customers never see it."
        ),
        "words": _words(tree),
        "page_url": desk_reverse(request, _page(tree)),
        "change_url": desk_reverse(request, _change(tree)),
    }
    section = "categories" if is_intake else "handlings"
    return render_settings(request, "tickets/settings/categories.html", context, section=section)


@require_POST
@desk_view(Permission.SERVICE_CONFIGURE)
def category_change(request: DeskRequest, tree: Tree) -> HttpResponse:
    """``do``: ``add`` (under ``parent``), ``rename``, ``switch``, ``up``, ``down``, ``delete``."""
    given, actor = request.POST, request.actor
    category_id = whole(given.get("category")) or 0

    def do() -> str:
        match given.get("do"):
            case "add":
                parent_id = whole(given.get("parent"))
                commands.add_category(actor, name=given.get("name", ""), parent_id=parent_id, tree=tree)
                return _("Category added.")
            case "rename":
                names = {code: given.get(f"name_{code}", "") for code, _label in LANGUAGES}
                names[""] = given.get("name", "")
                commands.rename_category(actor, category_id=category_id, names=names, tree=tree)
                return _("Saved.")
            case "switch" if tree.has_switch:
                commands.switch_category(actor, category_id=category_id, is_public=given.get("public") == "1")
                return ""
            case "up" | "down":
                by = -1 if given["do"] == "up" else 1
                commands.move_category(actor, category_id=category_id, by=by, tree=tree)
                return ""
            case "delete":
                commands.delete_category(actor, category_id=category_id, tree=tree)
                return _("Deleted. Tickets keep the name.")
        return ""

    return try_change(request, _page(tree), do)
