"""Addresses of the channels: the Postbox at the root, mail settings at the desk."""

from django.urls import path

from maru.channels.views import mail, postbox

app_name = "channels"
urlpatterns = [
    path("postbox", postbox.box, name="postbox"),
    path("postbox/new", postbox.new_letter, name="new_letter"),
    path("postbox/<slug:slug>/<int:mail_id>", postbox.letter, name="letter"),
    path("postbox/<slug:slug>/<int:mail_id>/body", postbox.letter_body, name="letter_body"),
]

desk_urlpatterns = [
    path("settings/mail", mail.mail, name="mail"),
    path("settings/mail/new", mail.mailbox, name="mailbox_new"),
    path("settings/mail/<int:mailbox_id>", mail.mailbox, name="mailbox"),
    path("settings/mail/<int:mailbox_id>/do", mail.mailbox_action, name="mailbox_action"),
    path("settings/mail/incoming", mail.incoming, name="incoming"),
    path("settings/mail/incoming/<int:mail_id>/retry", mail.retry, name="retry"),
    path("settings/mail/incoming/<int:mail_id>/raw", mail.raw, name="raw"),
]
