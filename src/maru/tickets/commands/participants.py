"""Who takes part in a ticket from outside: requesters (To), copies (Cc), blind copies (Bcc)."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from maru.core.actors import Actor
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.core.events import publish
from maru.core.html import one_line
from maru.inboxes.queries import own_addresses
from maru.tickets.commands.common import ticket_to_change, touch
from maru.tickets.events import ParticipantsChanged, ParticipantsNamed
from maru.tickets.models import Participant, Ticket
from maru.tickets.queries.one import get_ticket_by_id_for
from maru.tickets.values import Copy

#: Copies of one answer; also how many whom only a mail has named may wait at a ticket.
COPY_LIMIT = 20
#: Of one ticket: each answer is a mail to each. Those who wait do not count, or a stranger could fill the ticket.
MOST = 50


@command
def add_participant(
    actor: Actor, *, ticket_id: int, address: str, name: str = "", role: str = Participant.Role.COPY
) -> Participant:
    """Let an outside address take part: it gets the answers, and its mail joins. Confirms one that waited.

    With ``role`` an address that takes part already changes its place; the requester's own stays in To.
    :raises Invalid: not a mail address, one of our own, an unknown role, or too many.
    """
    ticket = ticket_to_change(actor, ticket_id)
    address = address.strip().casefold()
    check_address(address, "address")
    if role not in Participant.Role.values:
        raise Invalid({"role": _("Please choose from the list.")})
    check_seats(ticket, [address], "address")
    if address == ticket.requester_email:
        role = Participant.Role.REQUESTER
    participant, _created = Participant.objects.update_or_create(
        organization_id=actor.organization_id,
        ticket=ticket,
        address=address,
        defaults={"is_confirmed": True, "role": role},
        create_defaults={"is_confirmed": True, "name": one_line(name, 100), "role": role},
    )
    touch(ticket, actor)
    publish(actor, ParticipantsChanged(ticket.id, ticket.number))
    return participant


@command
def remove_participant(actor: Actor, *, ticket_id: int, address: str) -> None:
    """End an outside address's part in the ticket. Raises NotFound when it has none."""
    ticket = ticket_to_change(actor, ticket_id)
    removed, _rows = Participant.objects.filter(ticket=ticket, address=address.strip().casefold()).delete()
    if not removed:
        raise NotFound()
    touch(ticket, actor)
    publish(actor, ParticipantsChanged(ticket.id, ticket.number))


@command
def propose_participants(actor: Actor, *, ticket_id: int, copies: Sequence[Copy]) -> int:
    """Note whom somebody's mail names besides us: they wait for staff, get nothing and may say nothing until then.

    Returns how many are new. Addresses of ours are left out, and so is whoever takes part already. Nothing changes for
    anybody until staff decide, and the event says no more than that somebody was named.
    """
    folded = {copy.address.strip().casefold()[:254]: copy for copy in copies}
    known = set(Participant.objects.filter(ticket_id=ticket_id, address__in=folded).values_list("address", flat=True))
    fresh = [address for address in folded if address not in known]
    own = own_addresses(fresh) if fresh else set()
    fresh = [address for address in fresh if address not in own][:COPY_LIMIT]
    if not fresh:
        return 0
    ticket = get_ticket_by_id_for(actor, ticket_id, lock=True)
    room = COPY_LIMIT - Participant.objects.filter(ticket=ticket, is_confirmed=False).count()
    rows = [
        Participant(
            organization_id=actor.organization_id,
            ticket=ticket,
            address=address,
            name=one_line(folded[address].name, 100),
            role=Participant.Role.COPY,
            is_confirmed=False,
        )
        for address in fresh[: max(0, room)]
    ]
    Participant.objects.bulk_create(rows, ignore_conflicts=True)
    if rows:
        publish(actor, ParticipantsNamed(ticket.id, ticket.number, len(rows)))
    return len(rows)


def add_copies(ticket: Ticket, copies: Sequence[Copy]) -> bool:
    """Let the copies of an answer take part in a locked ticket; whether that changes anything.

    :raises Invalid: under ``copies``.
    """
    if len(copies) > COPY_LIMIT:
        raise Invalid({"copies": _("At most %(n)s copies.") % {"n": COPY_LIMIT}})
    folded = {copy.address.strip().casefold()[:254]: copy for copy in copies}
    if not folded:
        return False
    check_seats(ticket, list(folded), "copies")
    changes = False
    for address, copy in folded.items():
        role = Participant.Role.BLIND if copy.is_blind else Participant.Role.COPY
        seat = Participant.objects.filter(ticket=ticket, address=address).first()
        if seat is None:
            name = one_line(copy.name, 100)
            Participant.bulk([Participant(ticket=ticket, address=address, name=name, role=role, is_confirmed=True)])
            changes = True
            continue
        # Whoever asks stays in To, however often he is named again.
        place = seat.role if seat.role == Participant.Role.REQUESTER else role
        if (seat.role, seat.is_confirmed) != (place, True):
            seat.role, seat.is_confirmed, changes = place, True, True
            seat.save(update_fields=["role", "is_confirmed"])
    return changes


def leave_out(ticket: Ticket, addresses: Sequence[str]) -> bool:
    """End the part of copies in a locked ticket; whether any had one. The requester's own address stays."""
    folded = {address.strip().casefold() for address in addresses} - {ticket.requester_email}
    return bool(folded) and Participant.objects.filter(ticket=ticket, address__in=folded).delete()[0] > 0


def is_blind_copy(ticket: Ticket, address: str) -> bool:
    """Whether ``address`` takes part in the ticket without the others' knowing."""
    seats = Participant.objects.filter(ticket=ticket, role=Participant.Role.BLIND)
    return bool(address) and seats.filter(address=address.strip().casefold()).exists()


def check_address(address: str, field: str) -> None:
    """Raises Invalid under ``field`` when ``address`` is no mail address."""
    try:
        validate_email(address)
    except ValidationError:
        raise Invalid({field: _("Please enter a mail address such as name@example.com.")}) from None


def check_seats(ticket: Ticket, addresses: Sequence[str], field: str) -> None:
    """What holds for every way to let addresses (folded) take part in a locked ticket.

    :raises Invalid: under ``field``: one of our own, or more than a ticket has room for.
    """
    _refuse_own(addresses, field)
    _check_room(ticket, addresses, field)


def _refuse_own(addresses: Sequence[str], field: str) -> None:
    for address in sorted(own_addresses(addresses)):
        raise Invalid(
            {field: _("%(address)s is an address of this desk; answers come here anyway.") % {"address": address}}
        )


def _check_room(ticket: Ticket, addresses: Sequence[str], field: str) -> None:
    known = set(Participant.objects.filter(ticket=ticket, is_confirmed=True).values_list("address", flat=True))
    if len(known | set(addresses)) > MOST:
        raise Invalid({field: _("At most %(n)s addresses can take part in a ticket.") % {"n": MOST}})
