"""Registering a ticket by hand, for somebody on the phone or at the counter."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from maru.core.actors import Permission
from maru.core.errors import Invalid
from maru.organizations.desk import DeskRequest, desk_view, render_desk
from maru.tickets.commands import open_ticket
from maru.tickets.forms import TicketForm
from maru.tickets.models import Ticket
from maru.tickets.queries.directory import Directory, directory
from maru.tickets.values import Requester
from maru.tickets.views.bodies import read_typed, store_files
from maru.tickets.views.common import desk_reverse, tell
from maru.tickets.views.templates import wanted_text


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Permission.TICKET_HANDLE)
def new_ticket(request: DeskRequest) -> HttpResponse:
    """The form, and the ticket that comes of it. What cannot be accepted is told beside its field; nothing is lost."""
    names = directory(request.actor)
    form = TicketForm(names, request.POST or None, initial=_initial(request, names))
    if request.method == "POST" and form.is_valid():
        try:
            ticket = _open(request, form.cleaned_data)
        except Invalid as error:
            for name, reason in error.fields.items():
                field = {"content": "body", "files": None, "": None}.get(name, name)
                form.add_error(field if field in form.fields else None, reason)
        else:
            tell(request, _("The ticket is registered."))
            return redirect(desk_reverse(request, "detail", ticket.number))
    context = {
        "form": form,
        "slug": request.organization.slug,
        "service": next(iter(names.services.values()), None),
        "list_url": desk_reverse(request, "list"),
        "format": request.POST.get("format", "text"),
    }
    status = 422 if form.is_bound else 200
    return render_desk(request, "tickets/new.html", context, section="tickets", status=status)


def _initial(request: DeskRequest, names: Directory) -> dict[str, Any]:
    return {
        "service": next(iter(names.services), None),
        "channel": "phone",
        "group": names.my_group_ids[0] if len(names.my_group_ids) == 1 else None,
        "assignees": [request.actor.member_id],
        "body": wanted_text(request, None),
    }


def _open(request: DeskRequest, given: dict[str, Any]) -> Ticket:
    typed = read_typed(request.actor, request)
    stored = store_files(request.actor, request, given["service"])
    return open_ticket(
        request.actor,
        service_id=given["service"],
        title=given["title"],
        html=typed.html,
        text=typed.text,
        requester=Requester(given["name"], given["email"], given["phone"], given["company"]),
        channel=given["channel"],
        category_id=given["category"],
        priority=given["priority"],
        stage_id=given["stage"],
        group_id=given["group"],
        assignee_ids=given["assignees"],
        file_ids=[*stored, *typed.picture_ids],
        shared_note=given["shared_note"],
        language=(get_language() or "")[:2],
        wants_receipt=given["wants_receipt"],
    )
