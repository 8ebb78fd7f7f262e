"""Links that prove a mailbox: signed, of limited life, good for one use."""

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.urls import reverse
from django.utils.http import base36_to_int, int_to_base36

from maru.accounts.models import Account

MAIL_LIFE = 24 * 3600
RESET_LIFE = 3600
_MAIL_SALT = "maru.accounts.mail"
# Dies with the password, the last sign-in and the address it was made for.
_resets = PasswordResetTokenGenerator()


def absolute(path: str) -> str:
    """``path`` under the address the operator has set; never under a host that a request names."""
    return f"{settings.ENVIRONMENT.public_url}{path}"


def reset_link(account: Account) -> str:
    """Address where the owner of the mailbox sets a new password; one hour, once."""
    return absolute(reverse("accounts:reset", args=[int_to_base36(account.pk), _resets.make_token(account)]))


def read_reset(uid: str, token: str) -> Account | None:
    """The account a reset link was made for; ``None`` when it is forged, used or too old."""
    try:
        account = Account.objects.filter(pk=base36_to_int(uid), is_active=True).first()
    except (ValueError, OverflowError):
        return None
    if account is None or not _resets.check_token(account, token):
        return None
    return account


def mail_link(account: Account, new_email: str) -> str:
    """Address that makes ``new_email`` the account's address; one day, once. The same address only confirms it."""
    data = {"a": account.pk, "old": account.email, "new": new_email}
    return absolute(reverse("accounts:mail", args=[signing.dumps(data, salt=_MAIL_SALT, compress=True)]))


def read_mail(token: str) -> tuple[Account, str] | None:
    """Account and new address of a link; ``None`` when it is forged, used or too old."""
    try:
        data = signing.loads(token, salt=_MAIL_SALT, max_age=MAIL_LIFE)
        account = Account.objects.filter(pk=data["a"], email=data["old"], is_active=True).first()
    except (signing.BadSignature, KeyError, TypeError):
        return None
    if account is None or (data["new"] == account.email and account.email_confirmed_at is not None):
        return None
    return account, data["new"]
