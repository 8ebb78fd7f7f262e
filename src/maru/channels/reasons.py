"""Why a mail became no ticket, in people's words. The row keeps the code, with figures after a colon."""

from django.utils.translation import gettext as _


def reason_words(reason: str) -> str:
    """A sentence for a stored reason; an unknown one is "it could not be read"."""
    known = {
        "own mail came back": _("A mail of ours came back."),
        "out of office": _("An absence notice. It answers nobody."),
        "automatic reply": _("An automatic reply. It answers nobody."),
        "delivered twice": _("It came twice. The first one is in the ticket."),
        "report about a mail that is not ours": _("A delivery report about a mail that is not ours."),
        "too_large": _("It is too large."),
        "empty": _("It is empty."),
        "too_many_headers": _("It is built wrongly, or made to do harm."),
        "header_too_long": _("It is built wrongly, or made to do harm."),
        "too_many_recipients": _("It has too many recipients."),
        "too_many_parts": _("It is built wrongly, or made to do harm."),
        "no_sender": _("It names no sender."),
        "timeout": _("Reading it took too long."),
        "cpu": _("Reading it took too long."),
        "memory": _("Reading it took too much memory."),
    }
    code = reason.removeprefix("failed three times: ").partition(":")[0]
    return known.get(code) or _("It could not be read.")
