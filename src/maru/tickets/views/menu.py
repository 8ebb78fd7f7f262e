"""Entries of the desk's menu."""

from django.utils.translation import gettext as _

from maru.core.actors import Permission
from maru.organizations.desk import DeskRequest, NavItem
from maru.tickets.views.common import desk_reverse


def tickets_nav(request: DeskRequest) -> NavItem | None:
    """The list, for those who may see tickets."""
    if not request.actor.can(Permission.TICKET_VIEW):
        return None
    return NavItem("tickets", "ticket", _("Tickets"), desk_reverse(request, "list"), key="t")


def board_nav(request: DeskRequest) -> NavItem | None:
    """The board, for those who may see tickets."""
    if not request.actor.can(Permission.TICKET_VIEW):
        return None
    return NavItem("board", "columns-3", _("Board"), desk_reverse(request, "board"), key="b")
