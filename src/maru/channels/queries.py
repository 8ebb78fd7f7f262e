"""Reads of received mail."""

from maru.channels.models import RawMail
from maru.core.actors import Actor, Permission
from maru.core.errors import NotFound

PAGE = 50
_UNFINISHED = (RawMail.State.RECEIVED, RawMail.State.QUARANTINED, RawMail.State.IGNORED)
_LISTED = (
    "id",
    "state",
    "reason",
    "subject",
    "sender",
    "envelope_from",
    "envelope_to",
    "size",
    "received_at",
    "ticket_id",
)


def unfinished_mail_for(actor: Actor, before: int | None = None) -> tuple[list[RawMail], int | None]:
    """Mail that became no ticket: quarantined, ignored or waiting; newest first, and the cursor of the next page."""
    actor.require(Permission.SERVICE_CONFIGURE)
    # Said as a list of states, the index finds them; "all but done" would walk through everything that ever came.
    rows = RawMail.objects.filter(state__in=_UNFINISHED).order_by("-id").only(*_LISTED)
    if before:
        rows = rows.filter(id__lt=before)
    found = list(rows[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def quarantined_count(actor: Actor) -> int:
    """How many mails wait for somebody to look at them (0 for those who may not)."""
    if not actor.can(Permission.SERVICE_CONFIGURE):
        return 0
    return RawMail.objects.filter(state=RawMail.State.QUARANTINED).count()


def get_raw_mail_for(actor: Actor, mail_id: int) -> RawMail:
    """One received mail with its bytes. Raises NotFound, Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    mail = RawMail.objects.filter(id=mail_id).first()
    if mail is None:
        raise NotFound()
    return mail
