"""Operations on tickets."""

from typing import Annotated

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Path, Query, Router
from ninja.decorators import decorate_view

from maru.api.cursors import read_cursor, read_timed_cursor, write_cursor
from maru.api.operation import ApiRequest, answer, json_body, only, operation
from maru.api.output import show_new_ticket, show_tickets
from maru.api.schemas import (
    PRIORITY_WORDS,
    STATUS_WORDS,
    Problem,
    RequesterIn,
    TicketIn,
    TicketOut,
    TicketPage,
    TicketPatch,
)
from maru.core.actors import Actor
from maru.core.errors import Invalid
from maru.core.ids import show_ticket_number
from maru.tickets import commands
from maru.tickets.models import Assignment, Channel, Status, Ticket
from maru.tickets.queries.one import get_ticket_for, stage_for
from maru.tickets.search import search
from maru.tickets.trees import HANDLING, INTAKE, Tree
from maru.tickets.values import Requester

router = Router(tags=["tickets"])

Number = Annotated[
    str, Path(description="A ticket number in any form: T-1234-ABCD-5678, t1234abcd5678.", max_length=60)
]
Limit = Annotated[int, Query(ge=1, le=100, description="Items of a page.")]
Cursor = Annotated[str, Query(max_length=200, description="`next` of the page before.")]
STATUS_BY_WORD = {word: status for status, word in STATUS_WORDS.items()}
PRIORITY_BY_WORD = {word: priority for priority, word in PRIORITY_WORDS.items()}
ERRORS = dict.fromkeys((400, 401, 403, 404, 409, 413, 415, 422, 429, 503), Problem)
READ_ERRORS = dict.fromkeys((401, 403, 404, 422, 429, 503), Problem)
IDEMPOTENCY = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "description": "A call with the same key within 24 hours gets the first one's answer and does nothing again.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
        }
    ]
}
_SEARCH_STEP = 200
_MOST_STEPS = 10


@router.post(
    "/tickets",
    response={201: TicketOut, **ERRORS},
    summary="Open a ticket",
    operation_id="create_ticket",
    openapi_extra=IDEMPOTENCY,
)
@decorate_view(json_body)
@operation
def create_ticket(request: ApiRequest, data: TicketIn) -> HttpResponse:
    """Open a ticket with its first message. The requester needs no account."""
    only(request)
    actor = request.auth.actor
    ticket = commands.open_ticket(
        actor,
        service_id=request.auth.key.service_id,
        title=data.title,
        text=data.text,
        html=data.html,
        requester=_requester(data.requester),
        channel=Channel.API,
        category_id=_category(data.category),
        priority=PRIORITY_BY_WORD[data.priority],
        stage_id=data.stage,
        group_id=data.group,
        assignee_ids=data.assignees,
        wants_receipt=data.receipt,
    )
    shown = show_ticket_number(ticket.number)
    return answer(show_new_ticket(ticket, data.assignees), 201, location=f"{request.path}/{shown}")


@router.get("/tickets", response={200: TicketPage, **READ_ERRORS}, summary="List tickets", operation_id="list_tickets")
@operation
def list_tickets(
    request: ApiRequest,
    q: Annotated[
        str, Query(max_length=200, description="Words, a number, a mail address, the last digits of a phone.")
    ] = "",
    status: Annotated[str, Query(max_length=100, description="Status words, separated by commas.")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> HttpResponse:
    """The last changed first; with `q`, the newest first. Spam is left out."""
    only(request, "q", "status", "cursor", "limit")
    statuses = _statuses(status)
    tickets, following = (
        _found(request.auth.actor, q, statuses, cursor, limit)
        if q.strip()
        else _listed(request.auth.actor, statuses, cursor, limit)
    )
    return answer({"items": show_tickets(tickets), "next": following})


@router.get(
    "/tickets/{number}", response={200: TicketOut, **READ_ERRORS}, summary="Read a ticket", operation_id="get_ticket"
)
@operation
def get_ticket(request: ApiRequest, number: Number) -> HttpResponse:
    """One ticket without its conversation."""
    only(request)
    return answer(show_tickets([get_ticket_for(request.auth.actor, number)])[0])


@router.patch(
    "/tickets/{number}", response={200: TicketOut, **ERRORS}, summary="Change a ticket", operation_id="change_ticket"
)
@decorate_view(json_body)
@operation
def change_ticket(request: ApiRequest, number: Number, data: TicketPatch) -> HttpResponse:
    """All of it or nothing: when one field cannot be changed, none is."""
    only(request)
    actor = request.auth.actor
    ticket = get_ticket_for(actor, number)
    _change(actor, ticket.id, data)
    return answer(show_tickets([get_ticket_for(actor, number)])[0])


def _change(actor: Actor, ticket_id: int, data: TicketPatch) -> None:
    if data.status is not None and data.stage is not None:
        raise Invalid({"stage": _("Please give either “status” or “stage”.")})
    # First: a new customer is numbered before the log is held, as everywhere, so that nobody waits crosswise.
    if data.requester is not None:
        commands.set_requester(actor, ticket_id=ticket_id, requester=_requester(data.requester))
    if data.title is not None:
        commands.rename(actor, ticket_id=ticket_id, title=data.title)
    if data.priority is not None:
        commands.set_priority(actor, ticket_id=ticket_id, priority=PRIORITY_BY_WORD[data.priority])
    if "category" in data.model_fields_set:
        commands.set_category(actor, ticket_id=ticket_id, category_id=_category(data.category))
    if "handling_category" in data.model_fields_set:
        chosen = _category(data.handling_category, HANDLING)
        commands.set_category(actor, ticket_id=ticket_id, category_id=chosen, tree=HANDLING)
    if data.group is not None:
        commands.forward(actor, ticket_id=ticket_id, group_id=data.group)
    if data.assignees is not None:
        _assign(actor, ticket_id, data.assignees)
    if data.spam is not None:
        commands.mark_spam(actor, ticket_id=ticket_id, is_spam=data.spam)
    stage_id = stage_for(STATUS_BY_WORD[data.status]).id if data.status is not None else data.stage
    if stage_id is not None:
        commands.set_stage(actor, ticket_id=ticket_id, stage_id=stage_id)


def _assign(actor: Actor, ticket_id: int, wanted: list[int]) -> None:
    now = set(Assignment.objects.filter(ticket_id=ticket_id).values_list("member_id", flat=True))
    new = [member_id for member_id in dict.fromkeys(wanted) if member_id not in now]
    if new:
        commands.assign(actor, ticket_id=ticket_id, member_ids=new)
    for member_id in now - set(wanted):
        commands.unassign(actor, ticket_id=ticket_id, member_id=member_id)


def _requester(given: RequesterIn) -> Requester:
    return Requester(name=given.name, email=given.email, phone=given.phone, company=given.company)


def _category(given: int | str | None, tree: Tree = INTAKE) -> int | None:
    """An id as it is; a name looked up. Raises Invalid when no category, or more than one, is called so."""
    if not isinstance(given, str):
        return given
    found = list(tree.model.objects.filter(name=given.strip()).values_list("id", flat=True)[:2])
    if len(found) != 1:
        raise Invalid({tree.column: _("Please choose a category from the list.")})
    return int(found[0])


def _statuses(written: str) -> list[Status]:
    words = [word.strip() for word in written.split(",") if word.strip()]
    unknown = [word for word in words if word not in STATUS_BY_WORD]
    if unknown:
        raise Invalid({"status": _("One of: %(choices)s.") % {"choices": ", ".join(STATUS_BY_WORD)}})
    return [STATUS_BY_WORD[word] for word in dict.fromkeys(words)]


def _listed(actor: Actor, statuses: list[Status], cursor: str, limit: int) -> tuple[list[Ticket], str | None]:
    tickets = Ticket.objects.filter(service_id=actor.service_id, is_spam=False).order_by("-updated_at", "-id")
    if statuses:
        tickets = tickets.filter(status__in=statuses)
        if max(statuses) < Status.RESOLVED:
            # Said once more in the form the partial index has.
            tickets = tickets.filter(status__lt=Status.RESOLVED)
    if cursor:
        moment, last = read_timed_cursor(cursor)
        tickets = tickets.filter(updated_at__lte=moment).exclude(updated_at=moment, id__gte=last)
    page = list(tickets[: limit + 1])
    more = len(page) > limit
    page = page[:limit]
    return page, write_cursor(page[-1].updated_at, page[-1].id) if more else None


def _found(actor: Actor, q: str, statuses: list[Status], cursor: str, limit: int) -> tuple[list[Ticket], str | None]:
    """Search knows nothing of services, states and spam: take ids in steps and look at the tickets themselves."""
    before = read_cursor(cursor) if cursor else None
    page: list[Ticket] = []
    for _step in range(_MOST_STEPS):
        ids = search(actor.organization_id, q, before_id=before, limit=_SEARCH_STEP)
        tickets = Ticket.objects.filter(id__in=ids, service_id=actor.service_id, is_spam=False)
        if statuses:
            tickets = tickets.filter(status__in=statuses)
        page += tickets.order_by("-id")
        if len(page) > limit:
            return page[:limit], write_cursor(page[limit - 1].id)
        if len(ids) < _SEARCH_STEP:
            return page, None
        before = ids[-1]
    return page, write_cursor(before or 0)
