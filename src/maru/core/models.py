"""Tables that every app stands on: the event log, stored files, the audit trail, rate limits."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from maru.core.tenancy import TenantModel


class Event(TenantModel):
    """One row of the event log; ``id`` is the number live pages resume from."""

    kind = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "subject_type", "subject_id", "id"], name="event_subject"),
            BrinIndex(fields=["created_at"], name="event_time"),
        ]


class StoredFile(TenantModel):
    """Bytes somebody gave us, under a name of our own; the given name is only for display.

    ``content_type`` is what we found by looking, never what was claimed.
    """

    key = models.CharField(max_length=64)
    token = models.CharField(max_length=43)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_by_member_id = models.BigIntegerField(null=True)
    attached = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "token"], name="file_token")]


class AuditEntry(TenantModel):
    """Who did or saw what, and when; the application may only add rows."""

    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200, blank=True)
    ip = models.GenericIPAddressField(null=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=30, blank=True)
    object_id = models.BigIntegerField(null=True)
    details = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["organization_id", "-id"], name="audit_newest")]


class RateCounter(models.Model):
    """A fixed window of attempts under one key; shared by all processes (platform table)."""

    key = models.CharField(max_length=200)
    window = models.DateTimeField()
    count = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="rate_key_window")]
        indexes = [models.Index(fields=["window"], name="rate_window")]
