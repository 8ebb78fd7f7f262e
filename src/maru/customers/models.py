"""Customers: the people and firms who ask, and the addresses they are known by."""

from django.db import models
from django.db.models.functions import Now

from maru.core.tenancy import TenantForeignKey, TenantModel


class Customer(TenantModel):
    """Somebody who asks. ``number`` counts up inside the organization."""

    number = models.IntegerField()
    name = models.CharField(max_length=100, blank=True)
    company = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=2, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "number"], name="customer_number")]


class Identity(TenantModel):
    """A mail address, phone number or user key of a customer, folded for look-up and as it was given.

    ``undeliverable_at`` is set when mail to it bounced for good.
    """

    class Kind(models.TextChoices):
        EMAIL = "email"
        PHONE = "phone"
        USER_KEY = "user_key"

    customer = TenantForeignKey(Customer, models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=10, choices=Kind)
    value = models.CharField(max_length=254)
    shown = models.CharField(max_length=254)
    undeliverable_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "kind", "value"], name="identity_once")]
        indexes = [models.Index(fields=["organization_id", "customer"], name="identity_customer")]
