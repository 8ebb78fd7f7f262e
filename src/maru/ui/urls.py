"""Mount with `path("-/", include("maru.ui.urls"))`: the dash can be no company's address."""

from django.urls import path

from maru.ui import views

app_name = "ui"
urlpatterns = [
    path("theme", views.set_theme, name="theme"),
    path("language", views.set_language, name="language"),
]
