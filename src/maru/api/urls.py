"""Addresses of the programming interface and of the page where its keys are made."""

from django.urls import path, re_path

from maru.api import problems, views
from maru.api.v1 import api, document

app_name = "api"

urlpatterns = [
    path("api/v1/openapi.json", problems.guarded(document), name="document"),
    path("api/v1/", api.urls),
    re_path(r"^api(?:/.*)?$", problems.guarded(problems.missing), name="missing"),
]

desk_urlpatterns = [
    path("settings/api", views.keys, name="keys"),
    path("settings/api/<int:key_id>/revoke", views.revoke, name="revoke"),
]
