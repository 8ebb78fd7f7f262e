"""Moving tickets along: stages, the board, closing by itself."""

from datetime import timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from maru.core.actors import Actor, ActorKind
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.core.events import publish
from maru.tickets.commands.common import add_message, now, reindex, ticket_to_change, touch
from maru.tickets.events import CardMoved, StageChanged, TicketClosed
from maru.tickets.models import MessageKind, Stage, Status, Ticket
from maru.tickets.queries.one import get_ticket_by_id_for, stage_for

_MOVED = ("status", "stage", "resolved_at", "closed_at", "close_due_at", "answer_due_at", "board_rank")


def move_to_status(actor: Actor, ticket: Ticket, status: Status) -> None:
    """Put the ticket into the first stage of ``status`` (in memory; the caller saves) and log the change of stage."""
    enter_stage(actor, ticket, stage_for(status), status=status)


def enter_stage(
    actor: Actor, ticket: Ticket, stage: Stage, *, status: int | None = None, mails_completion: bool = False
) -> None:
    """Put the ticket into ``stage`` (in memory; the caller saves). The dates that hang on the status follow."""
    before_stage, before_status = ticket.stage_id, ticket.status
    ticket.stage = stage
    ticket.status = stage.status if status is None else status
    moment = now()
    done = ticket.status >= Status.RESOLVED
    ticket.resolved_at = (ticket.resolved_at or moment) if done else None
    ticket.closed_at = (ticket.closed_at or moment) if ticket.status == Status.CLOSED else None
    ticket.close_due_at = (
        moment + timedelta(hours=ticket.service.close_after_hours) if ticket.status == Status.RESOLVED else None
    )
    if done:
        ticket.answer_due_at = None
    if (before_stage, before_status) != (stage.id, ticket.status):
        if before_stage != stage.id:
            ticket.board_rank = moment.timestamp()
        publish(
            actor,
            StageChanged(
                ticket.id, ticket.number, before_stage, stage.id, before_status, ticket.status, mails_completion
            ),
        )


@command
def set_stage(
    actor: Actor, *, ticket_id: int, stage_id: int, above_id: int | None = None, below_id: int | None = None
) -> Ticket:
    """Set the stage, in the ticket or by moving its card.

    ``above_id``: the card directly above the new place, ``below_id`` the one directly below; without both the card
    goes to the top of the column. Reaching 완료 tells the requester.
    :raises NotFound: the stage or a neighbour is gone.
    """
    ticket = ticket_to_change(actor, ticket_id)
    stage = Stage.objects.filter(id=stage_id).first()
    if stage is None:
        raise NotFound()
    changed = ticket.stage_id != stage.id
    becomes_done = stage.status >= Status.RESOLVED and ticket.status < Status.RESOLVED
    if changed:
        enter_stage(actor, ticket, stage, mails_completion=becomes_done)
    if above_id or below_id:
        ticket.board_rank = _rank_between(stage, above_id, below_id)
    touch(ticket, actor, *_MOVED)
    if not changed and (above_id or below_id):
        publish(actor, CardMoved(ticket.id, ticket.number, stage.id))
    return ticket


def _rank_between(stage: Stage, above_id: int | None, below_id: int | None) -> float:
    ranks = dict(
        Ticket.objects.filter(id__in=[i for i in (above_id, below_id) if i], stage=stage).values_list(
            "id", "board_rank"
        )
    )
    above = ranks.get(above_id) if above_id else None
    below = ranks.get(below_id) if below_id else None
    if above is not None and below is not None:
        return (above + below) / 2
    if above is not None:
        return above - 1.0
    if below is not None:
        return below + 1.0
    return now().timestamp()


@command
def resolve_internally(actor: Actor, *, ticket_id: int) -> Ticket:
    """Resolve without an answer: nothing is mailed; the set phrase stands in the conversation for staff."""
    ticket = ticket_to_change(actor, ticket_id)
    if ticket.status >= Status.RESOLVED:
        raise Invalid({"": _("This ticket is already resolved.")})
    with translation.override(ticket.language or translation.get_language() or "en"):
        phrase = _("This request was resolved internally.")
    add_message(
        ticket,
        MessageKind.COMMENT,
        actor=actor,
        channel=ticket.channel,
        text=phrase,
        html=f"<p>{phrase}</p>",
        outcome="internal",
    )
    enter_stage(actor, ticket, stage_for(Status.RESOLVED))
    touch(ticket, actor, *_MOVED)
    reindex(ticket)
    return ticket


@command
def close_silent(actor: Actor, *, ticket_id: int) -> bool:
    """Close a resolved ticket whose customer stayed silent; ``False`` when it is no longer due (safe to run twice)."""
    if actor.kind is not ActorKind.SYSTEM:
        raise NotFound()
    ticket = get_ticket_by_id_for(actor, ticket_id, lock=True)
    if ticket.close_due_at is None or ticket.close_due_at > now() or ticket.status != Status.RESOLVED:
        return False
    stage = ticket.stage if ticket.stage.status >= Status.RESOLVED else stage_for(Status.CLOSED)
    closing = stage_for(Status.CLOSED)
    enter_stage(actor, ticket, closing if closing.status == Status.CLOSED else stage, status=Status.CLOSED)
    touch(ticket, actor, *_MOVED)
    publish(actor, TicketClosed(ticket.id, ticket.number, "silence"))
    return True
