"""Organizations (the tenants) and their services."""

from django.db import models
from django.db.models.functions import Now

from maru.accounts.models import LANGUAGES
from maru.core.tenancy import TenantModel


class Organization(models.Model):
    """The tenant; owns everything that carries its id (platform table).

    ``company_code`` (``CP`` + 8 digits, case-sensitive) opens the request form of the public page ``/<slug>``.
    After ``idle_minutes`` without a deed the desk asks a member once more who he is.
    """

    name = models.CharField(max_length=100)
    name_key = models.CharField(max_length=100, unique=True)
    slug = models.CharField(max_length=40, unique=True)
    homepage = models.CharField(max_length=200, blank=True)
    company_code = models.CharField(max_length=10, unique=True)
    organization_key = models.CharField(max_length=64)
    language = models.CharField(max_length=2, choices=LANGUAGES, default="ko")
    time_zone = models.CharField(max_length=50, default="Asia/Seoul")
    colour = models.CharField(max_length=7, blank=True)
    requires_second_factor = models.BooleanField(default=False)
    idle_minutes = models.IntegerField(default=30, db_default=30)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class Service(TenantModel):
    """A desk inside an organization. Its own mail address is ``<slug>@<organization slug>.<mail domain>``."""

    class Kind(models.TextChoices):
        CONSULTATION = "consultation"
        ISSUE = "issue"

    class State(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        TERMINATED = "terminated"

    name = models.CharField(max_length=100)
    slug = models.CharField(max_length=40)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.CONSULTATION)
    state = models.CharField(max_length=20, choices=State, default=State.ACTIVE)
    languages = models.JSONField(default=list)
    time_zone = models.CharField(max_length=50, default="Asia/Seoul")
    reopen_days = models.IntegerField(default=30)
    escalates_reopened = models.BooleanField(default=False, db_default=False)
    close_after_hours = models.IntegerField(default=72)
    answer_within_hours = models.IntegerField(default=8)
    file_limit = models.IntegerField(default=5)
    file_size_mb = models.IntegerField(default=10)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "slug"], name="service_slug")]
