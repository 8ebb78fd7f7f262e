"""The customer beside a ticket: the card, and correcting it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from maru.core.actors import Permission
from maru.core.errors import Invalid, NotFound
from maru.core.numbers import whole
from maru.organizations.desk import AfterCommit, DeskRequest, desk_view
from maru.tickets.commands import customers as commands
from maru.tickets.models import Ticket
from maru.tickets.queries import get_ticket_for
from maru.tickets.views.common import desk_reverse, is_partial, tell
from maru.tickets.views.composing import render_detail
from maru.tickets.views.detail import pulse_after_commit, render_pulse

FIELDS = ("name", "company", "language")


@require_POST
@desk_view(Permission.TICKET_HANDLE)
def customer(request: DeskRequest, number: str) -> HttpResponse | AfterCommit:
    """``do``: ``correct`` (name, company, language), ``add`` (``kind``, ``value``), ``remove`` (``identity``).

    What cannot be accepted is told beside its field, and what was typed stays.
    """
    ticket = get_ticket_for(request.actor, number)
    try:
        said = _change(request, ticket)
    except NotFound:
        said = _("It no longer exists.")
    except Invalid as error:
        typed: dict[str, Any] = {"typed_customer": request.POST, "customer_errors": error.fields}
        if is_partial(request):
            return render_pulse(request, ticket, **typed)
        return render_detail(request, ticket, status=422, **typed)
    if is_partial(request):
        return pulse_after_commit(request, ticket.id, notice=said)
    tell(request, said)
    return redirect(f"{desk_reverse(request, 'detail', ticket.number)}?tab=customer")


def _change(request: DeskRequest, ticket: Ticket) -> str:
    given, actor = request.POST, request.actor
    match given.get("do"):
        case "add":
            commands.add_identity(actor, ticket_id=ticket.id, kind=given.get("kind", ""), value=given.get("value", ""))
            return _("Added.")
        case "remove":
            identity_id = whole(given.get("identity")) or 0
            commands.remove_identity(actor, ticket_id=ticket.id, identity_id=identity_id)
            return _("Removed.")
        case _:
            commands.correct_customer(actor, ticket_id=ticket.id, **{name: given.get(name, "") for name in FIELDS})
            return _("Saved.")
