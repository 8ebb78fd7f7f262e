"""Slow work of the channels."""

from django.utils import timezone
from procrastinate.contrib.django import app

from maru.channels.kinds.mail.imap_connection import ImapError, access_of, test_connection
from maru.core.tenancy import tenant
from maru.inboxes.models import Mailbox


@app.task(queue="mail", name="channels.check_mailbox")
def check_mailbox(organization_id: int, mailbox_id: int) -> None:
    """Try to sign in to an outside mailbox and keep the outcome where the settings page shows it."""
    with tenant(organization_id):
        mailbox = Mailbox.objects.filter(id=mailbox_id).first()
    if mailbox is None:
        return
    error = ""
    try:
        test_connection(access_of(mailbox))
    except ImapError as problem:
        error = str(problem)
    with tenant(organization_id):
        Mailbox.objects.filter(id=mailbox_id).update(
            last_error=error, last_success_at=None if error else timezone.now()
        )
