"""What the public pages remember of forms that were sent."""

from django.db import models
from django.db.models.functions import Now

from maru.core.tenancy import TenantForeignKey, TenantModel
from maru.tickets.models import Ticket


class Submission(TenantModel):
    """A form that came in: its one-time number makes sending it twice one thing, and finds the page that thanks for it.

    ``is_answer``: a message added to an existing ticket, not a new request.
    """

    nonce = models.CharField(max_length=40)
    ticket = TenantForeignKey(Ticket, models.CASCADE, null=True)
    is_answer = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "nonce"], name="submitted_once")]
        indexes = [models.Index(fields=["organization_id", "created_at"], name="submission_time")]
