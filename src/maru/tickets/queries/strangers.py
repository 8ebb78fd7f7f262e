"""Whom Maru may write to on nothing but a form's word."""

from maru.core.limits import first_mail_to_stranger
from maru.tickets.models import Channel, Message, MessageKind, Participant


def may_mail_stranger(address: str) -> bool:
    """Whether an automatic mail may go to an address that a form or a service key has named; ``True`` uses it up.

    An address that has written to this organization by mail itself is no stranger. Any other gets one such mail within
    24 hours, from all organizations of this house together, so that nobody can be bombed by filling in forms.
    Call it in the transaction that queues the mail: rolled back, the chance is not used up.
    """
    return _has_written(address) or first_mail_to_stranger(address)


def _has_written(address: str) -> bool:
    folded = address.strip().casefold()
    # The newest tickets it takes part in are enough, and the only ones an index finds at once.
    tickets = list(
        Participant.objects.filter(address=folded).order_by("-ticket_id").values_list("ticket_id", flat=True)[:20]
    )
    if not tickets:
        return False
    senders = Message.objects.filter(
        ticket_id__in=tickets, kind=MessageKind.CUSTOMER, channel=Channel.EMAIL, is_unverified=False, is_automatic=False
    ).values_list("author_address", flat=True)
    return any(sender.strip().casefold() == folded for sender in senders)
