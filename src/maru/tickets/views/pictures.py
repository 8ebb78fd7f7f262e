"""Pictures from elsewhere: asked for with a button, then shown from our own address."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from maru.core.actors import Permission
from maru.core.files import picture_response
from maru.core.limits import hit
from maru.organizations.desk import DeskRequest, desk_view
from maru.tickets.commands.pictures import ask_for_pictures
from maru.tickets.queries import get_ticket_for
from maru.tickets.queries.conversation import read_entry
from maru.tickets.queries.pictures import picture_content
from maru.tickets.views.common import desk_reverse, is_partial
from maru.tickets.views.detail import render_message

PER_HOUR = 120


@require_POST
@desk_view(Permission.TICKET_VIEW)
def show_pictures(request: DeskRequest, number: str, message_id: int) -> HttpResponse:
    """Have a message's pictures fetched: a form of its own, so that no link or prefetch can tell a sender anything."""
    ticket = get_ticket_for(request.actor, number)
    read_entry(request.actor, ticket, message_id)
    hit(f"pictures:member:{request.member.id}", limit=PER_HOUR, seconds=3600)
    ask_for_pictures(request.actor, message_id=message_id)
    if is_partial(request):
        return render_message(request, ticket, message_id)
    return redirect(f"{desk_reverse(request, 'detail', ticket.number)}#m{message_id}")


@require_safe
@desk_view(Permission.TICKET_VIEW)
def picture(request: DeskRequest, token: str) -> HttpResponse:
    """A fetched picture; reading it fetches nothing."""
    return picture_response(picture_content(request.actor, token))
