"""The configured entrances of a service: data only."""

from django.db import models
from django.db.models.functions import Now

from maru.core.tenancy import TenantForeignKey, TenantModel
from maru.organizations.models import Service


class Mailbox(TenantModel):
    """An outside IMAP mailbox that is read (never written to) for one service.

    ``secret`` is encrypted with the organization's key: a password, or an OAuth2 refresh token.
    """

    class Security(models.TextChoices):
        TLS = "tls"
        STARTTLS = "starttls"
        NONE = "none"

    class Auth(models.TextChoices):
        PASSWORD = "password"  # noqa: S105
        GOOGLE = "google"
        MICROSOFT = "microsoft"

    service = TenantForeignKey(Service, models.CASCADE)
    address = models.EmailField(max_length=254)
    host = models.CharField(max_length=253)
    port = models.IntegerField(default=993)
    security = models.CharField(max_length=10, choices=Security, default=Security.TLS)
    auth = models.CharField(max_length=10, choices=Auth, default=Auth.PASSWORD)
    user_name = models.CharField(max_length=254)
    secret = models.BinaryField(default=bytes)
    client_id = models.CharField(max_length=200, blank=True)
    client_secret = models.BinaryField(default=bytes)
    folder = models.CharField(max_length=200, default="INBOX")
    is_active = models.BooleanField(default=True)
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    last_success_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "host", "user_name", "folder"], name="mailbox_once")
        ]


def secret_place(mailbox_id: int, column: str) -> str:
    """Where an encrypted value of a mailbox stands; it opens nowhere else."""
    return f"inboxes.mailbox.{column}:{mailbox_id}"
