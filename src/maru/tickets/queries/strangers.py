"""Whom Maru may write to on nothing but a form's word."""

from django.db import connection

from maru.core.limits import first_mail_to_stranger
from maru.core.tenancy import current_organization_id
from maru.tickets.models import Channel, MessageKind

# The newest tickets an address takes part in are enough, and the only ones an index finds at once.
_TICKETS = 20
_SENDERS = """
select author_address from tickets_message where organization_id = %s and ticket_id = any(array(
  select ticket_id from tickets_participant where organization_id = %s and address = %s order by ticket_id desc limit %s
)) and kind = %s and channel = %s and not is_unverified and not is_automatic
"""


def may_mail_stranger(address: str) -> bool:
    """Whether an automatic mail may go to an address that a form or a service key has named; ``True`` uses it up.

    An address that has written to this organization by mail itself is no stranger. Any other gets one such mail within
    24 hours, from all organizations of this house together, so that nobody can be bombed by filling in forms.
    Call it in the transaction that queues the mail: rolled back, the chance is not used up.
    """
    return _has_written(address) or first_mail_to_stranger(address)


def _has_written(address: str) -> bool:
    folded = address.strip().casefold()
    organization_id = current_organization_id()
    with connection.cursor() as cursor:
        cursor.execute(
            _SENDERS, [organization_id, organization_id, folded, _TICKETS, MessageKind.CUSTOMER, Channel.EMAIL]
        )
        return any(sender.strip().casefold() == folded for (sender,) in cursor.fetchall())
