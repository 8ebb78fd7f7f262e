"""What came in, byte for byte, and what goes out, recipient by recipient."""

from django.db import models
from django.db.models.functions import Now

from maru.core.tenancy import TenantForeignKey, TenantModel
from maru.inboxes.models import Mailbox
from maru.organizations.models import Service
from maru.tickets.models import Message, Ticket


class RawMail(TenantModel):
    """A received mail as it came, committed before the sender is told that we have it.

    ``dedupe_key`` names the delivery: ``smtp:<transaction>:<sha256>`` or ``imap:<mailbox>:<uidvalidity>:<uid>``.
    """

    class State(models.TextChoices):
        RECEIVED = "received"
        DONE = "done"
        QUARANTINED = "quarantined"
        IGNORED = "ignored"

    service = TenantForeignKey(Service, models.PROTECT)
    mailbox = TenantForeignKey(Mailbox, models.SET_NULL, null=True)
    dedupe_key = models.CharField(max_length=200)
    envelope_from = models.CharField(max_length=320, blank=True)
    envelope_to = models.CharField(max_length=320, blank=True)
    peer = models.CharField(max_length=100, blank=True)
    raw = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    size = models.IntegerField()
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, db_default=Now())
    reason = models.CharField(max_length=300, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    sender = models.CharField(max_length=320, blank=True)
    header_id = models.CharField(max_length=300, blank=True)
    ticket = TenantForeignKey(Ticket, models.SET_NULL, null=True)
    message = TenantForeignKey(Message, models.SET_NULL, null=True)
    received_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "dedupe_key"], name="raw_once")]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=models.Q(state="received"), name="raw_due"),
            models.Index(fields=["organization_id", "state", "-id"], name="raw_state"),
        ]


class OutgoingMail(TenantModel):
    """One mail to one recipient: the outbox row that a command writes in its own transaction.

    The text is composed when the row is written, so that what is sent is what was decided; ``lease_until`` keeps two
    senders apart. ``copies`` are the people named in its head, ``{"role": "to" | "cc", "address", "name"}``; empty, only
    the recipient is named. ``purpose``: reply, receipt, completion, notice, invitation, reset.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        DEFERRED = "deferred"
        FAILED = "failed"
        BOUNCED = "bounced"

    purpose = models.CharField(max_length=20)
    ticket = TenantForeignKey(Ticket, models.CASCADE, null=True)
    message = TenantForeignKey(Message, models.CASCADE, null=True, related_name="deliveries")
    recipient = models.CharField(max_length=254)
    recipient_name = models.CharField(max_length=100, blank=True)
    sender = models.CharField(max_length=254)
    sender_name = models.CharField(max_length=100, blank=True)
    reply_to = models.CharField(max_length=254, blank=True)
    copies = models.JSONField(default=list)
    subject = models.CharField(max_length=400)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    header_id = models.CharField(max_length=300)
    is_automatic = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, db_default=Now())
    lease_until = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "header_id"], name="outgoing_id")]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=models.Q(state__in=["queued", "deferred"]), name="outgoing_due"
            ),
            models.Index(fields=["organization_id", "message"], name="outgoing_message"),
            models.Index(fields=["organization_id", "recipient", "-id"], name="outgoing_recipient"),
        ]
