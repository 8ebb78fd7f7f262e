"""Service keys and remembered answers of the programming interface."""

from django.db import models
from django.db.models.functions import Now

from maru.core.tenancy import TenantForeignKey, TenantModel
from maru.organizations.models import Service


class ApiKey(models.Model):
    """A key of one service, found by its hash before the organization is known (platform table)."""

    organization_id = models.BigIntegerField()
    service_id = models.BigIntegerField()
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    key_hash = models.CharField(max_length=64, unique=True)
    allowed_ips = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization_id", "-id"], name="apikey_newest")]


class IdempotentCall(TenantModel):
    """The answer to a call with an ``Idempotency-Key``, repeated word for word for 24 hours."""

    service = TenantForeignKey(Service, models.CASCADE)
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.SmallIntegerField(null=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "service", "key"], name="call_once")]
