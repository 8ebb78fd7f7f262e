"""Writes to received mail."""

from django.db.models.functions import Now

from maru.channels.models import RawMail
from maru.core import audit
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.core.errors import Conflict, NotFound


@command
def retry_mail(actor: Actor, *, mail_id: int) -> RawMail:
    """Let a quarantined or ignored mail be read once more.

    :raises NotFound: no such mail here. :raises Conflict: it has become a ticket already.
    """
    actor.require(Permission.SERVICE_CONFIGURE)
    mail = RawMail.objects.select_for_update().filter(id=mail_id).first()
    if mail is None:
        raise NotFound()
    if mail.state == RawMail.State.DONE:
        raise Conflict()
    mail.state = RawMail.State.RECEIVED
    mail.attempts = 0
    mail.reason = ""
    mail.due_at = Now()
    mail.save(update_fields=["state", "attempts", "reason", "due_at"])
    audit.record(actor, "mail.retried", object_type="raw_mail", object_id=mail.id)
    return mail
