"""Slow work of accounts."""

from django.core.management import call_command
from procrastinate.contrib.django import app

from maru.accounts import activity, mails
from maru.accounts.queries import find_account
from maru.core import limits

RESETS_AN_HOUR = 3


@app.task(queue="chores", name="accounts.send_reset")
def send_reset(email: str, language: str) -> None:
    """Mail the way to a new password if there is such an account.

    The look-up happens here so that the page takes as long, and says the same, whether or not there is one.
    """
    account = find_account(email)
    if account is None or not account.is_active:
        return
    if limits.peek(limits.private_key("reset", account.email), 3600) >= RESETS_AN_HOUR:
        return
    limits.note(limits.private_key("reset", account.email), 3600)
    mails.send_reset(account, language)


@app.periodic(cron="11 19 * * *")
@app.task(queue="chores", queueing_lock="accounts.forget_sessions", name="accounts.forget_sessions")
def forget_sessions(timestamp: int) -> None:
    """Once a day, at night in Seoul and Tokyo: sessions that have run out, and what is noted of them."""
    call_command("clearsessions")
    activity.forget_old()
