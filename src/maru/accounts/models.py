"""Accounts (people who can sign in), members of an organization, groups, invitations and sign-in records."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Now

from maru.core.tenancy import TenantForeignKey, TenantModel

LANGUAGES = [("ko", "한국어"), ("ja", "日本語"), ("en", "English")]


def fold_email(email: str) -> str:
    """The form under which an address is stored and compared."""
    return email.strip().casefold()


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Account":
        account = self.model(email=fold_email(email), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(email=fold_email(username or ""))


class Account(AbstractBaseUser):
    """A person who can sign in; may belong to several organizations (platform table).

    ``avatar`` is empty (initials), an emoji of ``maru.ui.atoms.AVATAR_EMOJI`` or the address of a picture.
    ``email_confirmed_at`` is set when a link mailed to ``email`` was followed.
    """

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=100)
    nickname = models.CharField(max_length=50, blank=True)
    language = models.CharField(max_length=2, choices=LANGUAGES, blank=True)
    time_zone = models.CharField(max_length=50, default="Asia/Seoul")
    avatar = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    agreed_at = models.DateTimeField(null=True)
    email_confirmed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    @property
    def shown_name(self) -> str:
        return self.nickname or self.name

    def __str__(self) -> str:
        return self.shown_name


class Member(TenantModel):
    """An account inside one organization.

    The first account is organization admin for good (``is_founder``). Phone implies ticket. The shown name and
    avatar are copied from the account so that lists need no join to a platform table.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        ACTIVE = "active"
        REFUSED = "refused"
        REMOVED = "removed"

    class Role(models.TextChoices):
        NONE = "none"
        AGENT = "agent"
        MANAGER = "manager"

    account = models.ForeignKey(Account, models.PROTECT, related_name="memberships")
    name = models.CharField(max_length=100)
    avatar = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    role = models.CharField(max_length=10, choices=Role, default=Role.AGENT)
    is_admin = models.BooleanField(default=False)
    is_founder = models.BooleanField(default=False)
    works_tickets = models.BooleanField(default=True)
    works_chats = models.BooleanField(default=False)
    works_phone = models.BooleanField(default=False)
    may_forward = models.BooleanField(default=True)
    may_see_logs = models.BooleanField(default=False)
    may_export = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "account"], name="member_once")]
        indexes = [models.Index(fields=["account"], name="member_account")]


class Group(TenantModel):
    """Agents who share tickets."""

    name = models.CharField(max_length=80)
    order = models.IntegerField(default=0)
    members = models.ManyToManyField(Member, through="GroupMember", related_name="groups")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "name"], name="group_name")]


class GroupMember(TenantModel):
    group = TenantForeignKey(Group, models.CASCADE, related_name="seats")
    member = TenantForeignKey(Member, models.CASCADE, related_name="seats")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "group", "member"], name="group_seat")]


class Invitation(models.Model):
    """An invitation by mail, found by the hash of its token before the organization is known (platform table)."""

    organization_id = models.BigIntegerField()
    email = models.EmailField(max_length=254)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by_id = models.BigIntegerField()
    role = models.CharField(max_length=10, choices=Member.Role, default=Member.Role.AGENT)
    is_admin = models.BooleanField(default=False)
    language = models.CharField(max_length=2, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organization_id", "-id"], name="invitation_newest")]


class SignInRecord(models.Model):
    """Somebody signed in, out, or failed to (platform table)."""

    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="sign_ins")
    email = models.CharField(max_length=254, blank=True)
    outcome = models.CharField(max_length=20)
    ip = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["account", "-id"], name="signin_newest")]


class SessionActivity(models.Model):
    """When somebody last did something in a session, and last proved who he is (platform table).

    A row of its own beside the session: it is written often, and writing the session itself would undo what another
    request has put there meanwhile.
    """

    session_key = models.CharField(max_length=40, primary_key=True)
    seen_at = models.DateTimeField(db_default=Now())
    proven_at = models.DateTimeField(db_default=Now())
    idle_minutes = models.IntegerField(default=30)

    class Meta:
        indexes = [models.Index(fields=["seen_at"], name="activity_oldest")]
