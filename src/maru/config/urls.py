"""Every address of the house, in one place. Company pages come last: their first part is free to choose."""

from django.urls import include, path

from maru.accounts import urls as accounts
from maru.config import views
from maru.organizations import urls as organizations

handler400 = "maru.ui.errors.bad_request"
handler403 = "maru.ui.errors.forbidden"
handler404 = "maru.ui.errors.not_found"
handler500 = "maru.ui.errors.server_error"

_people = [
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
    path("", include((organizations.urlpatterns + [path("desk/<slug:slug>/", include(organizations.desk_urlpatterns))], "organizations"))),
]

# Last: the first part of a company's page would match anything.
urlpatterns += [path("", include("maru.helpcenter.urls"))]
