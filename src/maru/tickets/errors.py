"""What can go wrong with a ticket, in words for the person at the desk."""

from django.utils.translation import gettext as _

from maru.core.errors import Conflict


class NewerMessage(Conflict):
    """A message or a colleague's answer came while this one was being written. ``message_id`` is the newest."""

    code = "newer_message"

    def __init__(self, message_id: int | None) -> None:
        super().__init__(_("A newer message has come while you were writing."), message_id=message_id)
        self.message_id = message_id


class AlreadyTaken(Conflict):
    """Somebody else took the ticket first; ``name`` says who."""

    code = "already_taken"

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s has already taken this ticket.") % {"name": name}, name=name)
        self.name = name


class TicketClosedForGood(Conflict):
    """Closed longer than the service lets a reply reopen; the reply opens a linked new ticket instead."""

    code = "closed_for_good"

    def default_message(self) -> str:
        return _("This ticket has been closed for a long time. Please open a new one.")
