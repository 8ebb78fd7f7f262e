"""Operations on conversations, and the lists a program needs to choose from."""

from django.http import HttpResponse
from ninja import Router
from ninja.decorators import decorate_view

from maru.accounts.models import Group, Member
from maru.api.cursors import read_cursor, write_cursor
from maru.api.operation import ApiRequest, answer, json_body, only, operation
from maru.api.output import show_messages, stage_name
from maru.api.schemas import (
    STATUS_WORDS,
    Categories,
    MessageIn,
    MessageOut,
    MessagePage,
    NamedList,
    Stages,
)
from maru.api.tickets import ERRORS, IDEMPOTENCY, READ_ERRORS, Cursor, Limit, Number
from maru.core.actors import Actor
from maru.tickets import commands
from maru.tickets.models import Channel, IntakeCategory, Message, Status, Ticket
from maru.tickets.queries.one import get_ticket_for, stages_of

router = Router()


@router.get(
    "/tickets/{number}/messages",
    response={200: MessagePage, **READ_ERRORS},
    tags=["tickets"],
    summary="Read a conversation",
    operation_id="list_messages",
)
@operation
def list_messages(request: ApiRequest, number: Number, cursor: Cursor = "", limit: Limit = 50) -> HttpResponse:
    """Oldest first: customer's messages, replies, comments, and mail that is held back."""
    only(request, "cursor", "limit")
    ticket = get_ticket_for(request.auth.actor, number)
    messages = Message.objects.filter(ticket_id=ticket.id).order_by("id")
    if cursor:
        messages = messages.filter(id__gt=read_cursor(cursor))
    page = list(messages[: limit + 1])
    following = write_cursor(page[limit - 1].id) if len(page) > limit else None
    return answer({"items": show_messages(page[:limit]), "next": following})


@router.post(
    "/tickets/{number}/messages",
    response={201: MessageOut, **ERRORS},
    tags=["tickets"],
    summary="Answer, comment, or add what the customer said",
    operation_id="create_message",
    openapi_extra=IDEMPOTENCY,
)
@decorate_view(json_body)
@operation
def create_message(request: ApiRequest, number: Number, data: MessageIn) -> HttpResponse:
    """A reply is mailed to the requester and everybody who takes part; a comment only staff see."""
    only(request)
    actor = request.auth.actor
    ticket = get_ticket_for(actor, number)
    return answer(show_messages([_add(actor, ticket, data)])[0], 201)


def _add(actor: Actor, ticket: Ticket, data: MessageIn) -> Message:
    text, html = data.text, data.html
    if data.kind == "reply":
        return commands.reply(
            actor, ticket_id=ticket.id, text=text, html=html, outcome=data.outcome, seen_message_id=data.seen
        )
    if data.kind == "comment":
        return commands.comment(actor, ticket_id=ticket.id, text=text, html=html, mentions=data.mentions)
    author = data.author
    return commands.add_customer_message(
        actor,
        ticket_id=ticket.id,
        text=text,
        html=html,
        author_name=author.name if author else ticket.requester_name,
        author_address=author.email if author else ticket.requester_email,
        channel=Channel.API,
    )


@router.get(
    "/categories",
    response={200: Categories, **READ_ERRORS},
    tags=["lists"],
    summary="Intake categories",
    operation_id="list_categories",
)
@operation
def list_categories(request: ApiRequest) -> HttpResponse:
    """What a request can be about; a tree by `parent`."""
    only(request)
    rows = IntakeCategory.objects.order_by("order", "id")
    return answer(
        {"items": [{"id": row.id, "parent": row.parent_id, "name": row.name, "public": row.is_public} for row in rows]}
    )


@router.get(
    "/stages", response={200: Stages, **READ_ERRORS}, tags=["lists"], summary="Stages", operation_id="list_stages"
)
@operation
def list_stages(request: ApiRequest) -> HttpResponse:
    """The columns of the board, in their order."""
    only(request)
    return answer(
        {
            "items": [
                {
                    "id": stage.id,
                    "name": stage_name(stage),
                    "names": stage.names,
                    "status": STATUS_WORDS[Status(stage.status)],
                }
                for stage in stages_of()
            ]
        }
    )


@router.get(
    "/groups", response={200: NamedList, **READ_ERRORS}, tags=["lists"], summary="Groups", operation_id="list_groups"
)
@operation
def list_groups(request: ApiRequest) -> HttpResponse:
    """Groups a ticket can be forwarded to."""
    only(request)
    return answer({"items": list(Group.objects.order_by("order", "id").values("id", "name"))})


@router.get(
    "/members", response={200: NamedList, **READ_ERRORS}, tags=["lists"], summary="Members", operation_id="list_members"
)
@operation
def list_members(request: ApiRequest) -> HttpResponse:
    """Members a ticket can be given to."""
    only(request)
    members = Member.objects.filter(state=Member.State.ACTIVE).exclude(role=Member.Role.NONE)
    return answer({"items": list(members.order_by("id").values("id", "name"))})
