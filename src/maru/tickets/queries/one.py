"""Finding one ticket, and the stages it may stand in."""

from collections.abc import Sequence

from maru.core.actors import Actor, ActorKind, Permission
from maru.core.errors import NotFound
from maru.core.ids import read_ticket_number
from maru.tickets.models import Stage, Status, Ticket


def get_ticket_for(actor: Actor, number: str) -> Ticket:
    """The ticket with ``number`` (typed in any form) if the actor may see it.

    :raises NotFound: no such number here, or not this actor's to see.
    """
    stored = read_ticket_number(number)
    ticket = Ticket.objects.filter(number=stored).first() if stored else None
    return _visible(actor, ticket)


def get_ticket_by_id_for(actor: Actor, ticket_id: int, *, lock: bool = False) -> Ticket:
    """The same by internal id; ``lock`` holds the row until the transaction ends, for commands.

    :raises NotFound: see :func:`get_ticket_for`.
    """
    rows = Ticket.objects.filter(id=ticket_id)
    if lock:
        rows = rows.select_for_update(no_key=True)
    return _visible(actor, rows.first())


def lock_tickets(actor: Actor, numbers: Sequence[str]) -> None:
    """Hold many tickets until the transaction ends, before the first of them is changed.

    Each change takes the lock of the organization's log (:func:`maru.core.events.publish`) after that of its ticket.
    Who took further tickets while holding the log would wait for somebody who waits for the log.
    """
    stored = [number for typed in numbers if (number := read_ticket_number(typed))]
    rows = Ticket.objects.filter(organization_id=actor.organization_id, number__in=stored).order_by("id")
    list(rows.select_for_update(no_key=True).values_list("id", flat=True))


def _visible(actor: Actor, ticket: Ticket | None) -> Ticket:
    if ticket is None or ticket.organization_id != actor.organization_id:
        raise NotFound()
    if actor.kind is ActorKind.API and actor.service_id not in (None, ticket.service_id):
        raise NotFound()
    if actor.is_staff:
        actor.require(Permission.TICKET_VIEW)
    return ticket


def stages_of() -> list[Stage]:
    """The stages of the current organization in board order."""
    return list(Stage.objects.order_by("order", "id"))


def stage_for(status: Status) -> Stage:
    """The first stage that belongs to ``status``; open kinds fall back to the nearest earlier open one.

    :raises NotFound: the organization has no stage at all.
    """
    stages = stages_of()
    for wanted in _FALLBACK[status]:
        for stage in stages:
            if stage.status == wanted:
                return stage
    raise NotFound()


_FALLBACK: dict[Status, tuple[Status, ...]] = {
    Status.NEW: (Status.NEW, Status.OPEN),
    Status.OPEN: (Status.OPEN, Status.NEW),
    Status.PENDING: (Status.PENDING, Status.OPEN, Status.NEW),
    Status.TRANSFERRED: (Status.TRANSFERRED, Status.PENDING, Status.OPEN, Status.NEW),
    Status.ANSWERED: (Status.ANSWERED, Status.OPEN, Status.NEW),
    Status.RESOLVED: (Status.RESOLVED, Status.CLOSED),
    Status.CLOSED: (Status.CLOSED, Status.RESOLVED),
}
