"""The sentence around a note, made in the reader's language from its kind."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from maru.notifications.models import Note

# To the recipient (the name is the sender's), and to the sender (the name is the recipient's).
RECEIVED: Mapping[str, str] = {
    Note.Kind.ASSIGNED: gettext_noop("%(name)s assigned this ticket to you."),
    Note.Kind.REMOVED: gettext_noop("%(name)s took you off this ticket."),
    Note.Kind.FORWARDED: gettext_noop("%(name)s forwarded this ticket to you."),
    Note.Kind.COMMENT: gettext_noop("%(name)s left a comment."),
    Note.Kind.MENTION: gettext_noop("%(name)s mentioned you."),
    Note.Kind.CUSTOMER: gettext_noop("%(name)s wrote on your ticket."),
    Note.Kind.APPROVAL: gettext_noop("%(name)s is waiting to be approved."),
}
SENT: Mapping[str, str] = {
    Note.Kind.ASSIGNED: gettext_noop("You assigned this ticket to %(name)s."),
    Note.Kind.REMOVED: gettext_noop("You took %(name)s off this ticket."),
    Note.Kind.FORWARDED: gettext_noop("You forwarded this ticket to %(name)s."),
    Note.Kind.COMMENT: gettext_noop("Your comment was brought to %(name)s."),
    Note.Kind.MENTION: gettext_noop("You mentioned %(name)s."),
    Note.Kind.CUSTOMER: gettext_noop("Your message was brought to %(name)s."),
    Note.Kind.APPROVAL: gettext_noop("You asked %(name)s for approval."),
}
LABELS: Mapping[str, str] = {
    Note.Kind.ASSIGNED: gettext_noop("A ticket is assigned to me"),
    Note.Kind.REMOVED: gettext_noop("I am taken off a ticket"),
    Note.Kind.FORWARDED: gettext_noop("A ticket is forwarded to me or my group"),
    Note.Kind.COMMENT: gettext_noop("Somebody comments on my ticket"),
    Note.Kind.MENTION: gettext_noop("Somebody mentions me"),
    Note.Kind.CUSTOMER: gettext_noop("A customer writes on my ticket"),
    Note.Kind.APPROVAL: gettext_noop("Somebody waits for approval"),
}
ICONS: Mapping[str, str] = {
    Note.Kind.ASSIGNED: "user-round-plus",
    Note.Kind.REMOVED: "user-round-x",
    Note.Kind.FORWARDED: "forward",
    Note.Kind.COMMENT: "message-square-lock",
    Note.Kind.MENTION: "at-sign",
    Note.Kind.CUSTOMER: "message-square-reply",
    Note.Kind.APPROVAL: "user-round-check",
}


def sentence(kind: str, name: str, *, is_sent: bool = False) -> str:
    """What happened, for the reader. ``name`` is the other one's."""
    return _((SENT if is_sent else RECEIVED)[kind]) % {"name": name or _("Somebody")}


def label(kind: str) -> str:
    """What a kind of note is about, for the choices."""
    return _(LABELS[kind])
