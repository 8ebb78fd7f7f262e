"""Every address of the house, in one place. Company pages come last: their first part is free to choose."""

from types import ModuleType

from django.urls import URLPattern, URLResolver, include, path

from maru.accounts import urls as accounts
from maru.api import urls as api
from maru.channels import urls as channels
from maru.config import views
from maru.notifications import urls as notifications
from maru.organizations import urls as organizations
from maru.tickets import urls as tickets

handler400 = "maru.config.errors.bad_request"
handler403 = "maru.config.errors.forbidden"
handler404 = "maru.config.errors.not_found"
handler500 = "maru.config.errors.server_error"


def _room(room: ModuleType, namespace: str) -> URLResolver:
    """One namespace for a room's addresses at the root and at the desk."""
    at_the_desk = path("desk/<slug:slug>/", include(room.desk_urlpatterns))
    addresses: list[URLPattern | URLResolver] = [*getattr(room, "urlpatterns", []), at_the_desk]
    return path("", include((addresses, namespace)))


_people: list[URLPattern | URLResolver] = [
    *accounts.urlpatterns,
    *organizations.people_urlpatterns,
    path("desk/<slug:slug>/", include(organizations.people_desk_urlpatterns)),
]

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("-/", include("maru.ui.urls")),
    path("", include((_people, "accounts"))),
    path("", include(accounts.engine_urlpatterns)),
    _room(organizations, "organizations"),
    _room(tickets, "tickets"),
    _room(channels, "channels"),
    _room(api, "api"),
    _room(notifications, "notifications"),
    # Last: the first part of a company's page would match anything.
    path("", include("maru.helpcenter.urls")),
]
