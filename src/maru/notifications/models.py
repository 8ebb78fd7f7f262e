"""The message box: notes the product sends between members, and how each member wants to hear of them."""

from django.db import models
from django.db.models.functions import Now

from maru.accounts.models import Member
from maru.core.tenancy import TenantForeignKey, TenantModel
from maru.tickets.models import Ticket


class Note(TenantModel):
    """One note; it lies in the recipient's received and the sender's sent messages.

    ``excerpt`` is plain text from the ticket; the sentence around it is made in the reader's language from ``kind``.
    """

    class Kind(models.TextChoices):
        ASSIGNED = "assigned"
        REMOVED = "removed"
        FORWARDED = "forwarded"
        COMMENT = "comment"
        MENTION = "mention"
        CUSTOMER = "customer"
        APPROVAL = "approval"

    kind = models.CharField(max_length=12, choices=Kind)
    recipient = TenantForeignKey(Member, models.CASCADE, related_name="received_notes")
    sender = TenantForeignKey(Member, models.SET_NULL, null=True, related_name="sent_notes")
    sender_name = models.CharField(max_length=100, blank=True)
    ticket = TenantForeignKey(Ticket, models.CASCADE, null=True)
    excerpt = models.CharField(max_length=300, blank=True)
    event_id = models.BigIntegerField(null=True)
    read_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "recipient", "-id"], name="note_received"),
            models.Index(fields=["organization_id", "sender", "-id"], name="note_sent"),
            models.Index(
                fields=["organization_id", "recipient"], condition=models.Q(read_at__isnull=True), name="note_unread"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "event_id", "recipient", "kind"], name="note_once")
        ]


class NotificationChoice(TenantModel):
    """What a member chose; without a row everything is on.

    ``no_bell`` and ``no_desktop`` list kinds of notes: the first lie in the box already read, the second open no
    desktop notification. Between ``quiet_from`` and ``quiet_until`` (the account's time zone, over midnight when the
    first is later) nothing opens on the desktop.
    """

    member = TenantForeignKey(Member, models.CASCADE, related_name="notification_choices")
    no_bell = models.JSONField(default=list)
    no_desktop = models.JSONField(default=list)
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "member"], name="one_notification_choice")]
