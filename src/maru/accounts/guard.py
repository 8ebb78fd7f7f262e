"""Slowing down those who guess, and the record of who came and went."""

import re
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from maru.accounts.models import Account, SignInRecord, fold_email
from maru.core import limits
from maru.core.errors import TooMany
from maru.core.network import client_ip, network_of, network_of_request

# Failures allowed within so many seconds. The wait grows with the failures and always ends: a lock that never opens
# would let anybody shut out anybody.
ACCOUNT_STEPS = ((5, 60), (10, 900), (20, 6 * 3600))
NETWORK_STEPS = ((30, 300), (120, 3600), (400, limits.DAY))

# From all networks together: many machines that share the work of guessing. It binds only networks from which the account
# has not been used lately, so that nobody is shut out of his own desk.
EVERYWHERE_STEPS = ((100, 3600), (400, limits.DAY))
KNOWN_DAYS = 30
# Codes are short, and whoever is asked for one has shown the password: nobody else can use this up.
CODE_STEPS = ((20, 3600), (60, limits.DAY))

IN, OUT, FAILED, BLOCKED = "in", "out", "failed", "blocked"


def _keys(request: HttpRequest, email: str) -> tuple[str, str]:
    network = network_of_request(request)
    return limits.private_key("signin", f"{fold_email(email)} {network}"), f"signin:ip:{network}"


def check(request: HttpRequest, email: str) -> None:
    """Refuse who has failed too often, as this account from this network or as this network at all.

    Raises TooMany, which knows how long to wait, and keeps a record of it. What strangers tried elsewhere does not hold up
    a session that is signed in as this account: it only proves itself once more.
    """
    account_key, network_key = _keys(request, email)
    try:
        for limit, seconds in ACCOUNT_STEPS:
            limits.refuse_when_over(account_key, limit=limit, seconds=seconds)
        for limit, seconds in NETWORK_STEPS:
            limits.refuse_when_over(network_key, limit=limit, seconds=seconds)
        if not _is_of(request, email):
            for limit, seconds in EVERYWHERE_STEPS:
                _refuse_strangers(request, email, limit, seconds)
    except TooMany:
        record(request, BLOCKED, email=email)
        raise


def _is_of(request: HttpRequest, email: str) -> bool:
    """Whether the session is signed in as this account."""
    user = getattr(request, "user", None)
    return isinstance(user, Account) and fold_email(user.email) == fold_email(email)


def _refuse_strangers(request: HttpRequest, email: str, limit: int, seconds: int) -> None:
    try:
        limits.refuse_when_over(_everywhere(email), limit=limit, seconds=seconds)
    except TooMany:
        if not _is_known_here(request, email):
            raise


def _everywhere(email: str) -> str:
    return limits.private_key("signin:all", fold_email(email))


def _is_known_here(request: HttpRequest, email: str) -> bool:
    """Whether this account was signed in to from this network lately."""
    since = timezone.now() - timedelta(days=KNOWN_DAYS)
    came = SignInRecord.objects.filter(account__email=fold_email(email), outcome=IN, created_at__gt=since)
    network = network_of_request(request)
    return any(network_of(ip) == network for ip in came.order_by("-id").values_list("ip", flat=True)[:200] if ip)


def check_codes(account: Account) -> None:
    """Refuse codes for an account after too many wrong ones, wherever they came from. Raises TooMany."""
    for limit, seconds in CODE_STEPS:
        limits.refuse_when_over(f"codes:{account.pk}", limit=limit, seconds=seconds)


def note_wrong_code(account: Account) -> None:
    """Count a wrong code of an app, or a wrong recovery code."""
    for _limit, seconds in CODE_STEPS:
        limits.note(f"codes:{account.pk}", seconds)


def note_failure(request: HttpRequest, email: str, account: Account | None = None) -> None:
    """Count a wrong password or code and keep a record of it."""
    account_key, network_key = _keys(request, email)
    for _limit, seconds in ACCOUNT_STEPS:
        limits.note(account_key, seconds)
    for _limit, seconds in NETWORK_STEPS:
        limits.note(network_key, seconds)
    if email:
        for _limit, seconds in EVERYWHERE_STEPS:
            limits.note(_everywhere(email), seconds)
    record(request, FAILED, account=account, email=email)


def wait_text(error: TooMany) -> str:
    """How long to wait, in words."""
    seconds = error.retry_after
    if seconds < 90:
        return _("Too many attempts. Try again in %(n)s seconds.") % {"n": seconds}
    return _("Too many attempts. Try again in %(n)s minutes.") % {"n": -(-seconds // 60)}


def record(request: HttpRequest, outcome: str, *, account: Account | None = None, email: str = "") -> None:
    """Add a row to the sign-in log."""
    SignInRecord.objects.create(
        account=account,
        email=(account.email if account else fold_email(email))[:254],
        outcome=outcome,
        ip=client_ip(request),
        device=device_name(request.headers.get("User-Agent", "")),
    )


_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_BROWSERS = (
    ("Whale/", "Whale"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


def device_name(user_agent: str) -> str:
    """``Chrome · Windows``: enough for a person to recognise a device. The raw words when neither is known."""
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    known = " · ".join(part for part in (browser, system) if part)
    return known or re.sub(r"[^\x20-\x7e]", "", user_agent)[:100]
