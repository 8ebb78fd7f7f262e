"""What this room puts into the desk's menu."""

from django.urls import reverse
from django.utils.translation import gettext as _

from maru.accounts.queries import waiting_count
from maru.core.actors import Permission
from maru.organizations.desk import DeskRequest, NavItem


def settings_nav(request: DeskRequest) -> NavItem:
    """Settings; the bubble counts people who wait for approval."""
    manages = request.actor.can(Permission.MEMBERS_MANAGE)
    return NavItem(
        section="settings",
        icon="settings" if manages else "users-round",
        label=_("Settings") if manages else _("Members"),
        url=reverse("accounts:members", args=[request.organization.slug]),
        count=waiting_count(request.actor) if manages else 0,
        mobile=False,
        key="s",
    )
