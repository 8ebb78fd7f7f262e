"""Addresses of the channels: the Postbox at the root, mail settings at the desk."""

from django.urls import URLPattern, path

from maru.channels.views import postbox

app_name = "channels"
urlpatterns = [
    path("postbox", postbox.box, name="postbox"),
    path("postbox/new", postbox.new_letter, name="new_letter"),
    path("postbox/<slug:slug>/<int:mail_id>", postbox.letter, name="letter"),
]

desk_urlpatterns: list[URLPattern] = []
