"""Every address of the house, in one place. Company pages come last: their first part is free to choose."""

from django.urls import include, path

from maru.config import views

handler400 = "maru.ui.errors.bad_request"
handler403 = "maru.ui.errors.forbidden"
handler404 = "maru.ui.errors.not_found"
handler500 = "maru.ui.errors.server_error"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("-/", include("maru.ui.urls")),
]
