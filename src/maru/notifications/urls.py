"""Addresses of the message box and of presence, under ``/desk/<slug>/``."""

from django.urls import path

from maru.notifications import views

app_name = "notifications"
desk_urlpatterns = [
    path("messages", views.box, name="box"),
    path("messages/newest", views.newest, name="newest"),
    path("messages/read", views.read_all, name="read_all"),
    path("messages/settings", views.choices, name="choices"),
    path("messages/<int:note_id>/open", views.open_note, name="open"),
    path("tickets/<str:number>/presence", views.present, name="presence"),
]
