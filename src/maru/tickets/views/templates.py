"""Prepared answers: offered to whoever writes, kept by managers in the settings."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from maru.core.actors import Permission
from maru.core.errors import Invalid
from maru.core.html import html_to_text
from maru.core.numbers import whole
from maru.organizations.desk import DeskRequest, desk_view, render_desk, render_settings
from maru.tickets.commands import templates as commands
from maru.tickets.merging import fill_html, offered, values_for
from maru.tickets.models import AnswerTemplate, Ticket
from maru.tickets.queries import get_ticket_for
from maru.tickets.queries.templates import find_templates, get_template_for
from maru.tickets.views.common import desk_reverse, tell

SHORT = 8


def _ticket(request: DeskRequest) -> Ticket | None:
    number = request.GET.get("ticket", "")
    return get_ticket_for(request.actor, number) if number else None


@require_safe
@desk_view(Permission.TICKET_HANDLE)
def choose(request: DeskRequest) -> HttpResponse:
    """Templates for what is typed (``q``) as JSON; for browsers without scripts a page of links."""
    ticket = _ticket(request)
    typed = request.GET.get("q")
    if "json" in request.headers.get("Accept", ""):
        found = find_templates(request.actor, typed or "", limit=commands.MOST if typed is None else SHORT)
        return JsonResponse({"items": [{"id": str(row.id), "name": row.title, "note": row.code} for row in found]})
    back = desk_reverse(request, "detail", ticket.number) if ticket else desk_reverse(request, "new")
    context = {"templates": find_templates(request.actor, typed or ""), "back": back, "ticket": ticket}
    return render_desk(request, "tickets/templates.html", context, section="tickets")


@require_safe
@desk_view(Permission.TICKET_HANDLE)
def filled(request: DeskRequest, template_id: int) -> HttpResponse:
    """A template with its codes filled in for ``ticket``, or for a ticket that is being registered, as JSON."""
    return JsonResponse({"html": filled_html(request, template_id, _ticket(request))})


def filled_html(request: DeskRequest, template_id: int, ticket: Ticket | None) -> str:
    """The HTML of a template for a ticket; codes that mean nothing yet stay. Raises NotFound, Forbidden."""
    template = get_template_for(request.actor, template_id)
    given = {name: request.GET.get(name, "")[:300] for name in ("customer", "title")}
    return fill_html(template.html, values_for(request.actor, ticket, **given))


def wanted_text(request: DeskRequest, ticket: Ticket | None) -> str:
    """The text of the template named by ``?template=``, for forms that work without scripts; empty without one."""
    template_id = whole(request.GET.get("template"))
    if template_id is None or not request.actor.can(Permission.TICKET_HANDLE):
        return ""
    return html_to_text(filled_html(request, template_id, ticket))


@require_safe
@desk_view(Permission.SERVICE_CONFIGURE)
def templates(request: DeskRequest) -> HttpResponse:
    """All templates, by title."""
    context = {"templates": AnswerTemplate.objects.order_by("title", "id"), "most": commands.MOST}
    return render_settings(request, "tickets/settings/templates.html", context, section="templates")


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Permission.SERVICE_CONFIGURE)
def template(request: DeskRequest, template_id: int | None = None) -> HttpResponse:
    """A template, or a new one. What cannot be accepted is told beside its field, and nothing typed is lost."""
    known = get_template_for(request.actor, template_id) if template_id is not None else None
    values: dict[str, Any] = {"title": "", "code": "", "body": "", "format": "html"}
    if known is not None:
        values |= {"title": known.title, "code": known.code, "body": known.html}
    errors: dict[str, str] = {}
    if request.method == "POST":
        values = {name: request.POST.get(name, "") for name in values}
        is_html = values["format"] == "html"
        try:
            commands.save_template(
                request.actor,
                template_id=template_id,
                title=values["title"],
                code=values["code"],
                html=values["body"] if is_html else "",
                text="" if is_html else values["body"],
            )
        except Invalid as error:
            errors = error.fields
        else:
            tell(request, _("Saved."))
            return redirect(desk_reverse(request, "templates"))
    context = {"known": known, "values": values, "errors": errors, "codes": offered(), "limits": commands}
    status = 422 if errors else 200
    return render_settings(request, "tickets/settings/template.html", context, section="templates", status=status)


@require_POST
@desk_view(Permission.SERVICE_CONFIGURE)
def template_delete(request: DeskRequest, template_id: int) -> HttpResponse:
    """Forget a template."""
    commands.delete_template(request.actor, template_id=template_id)
    tell(request, _("Template deleted."))
    return redirect(desk_reverse(request, "templates"))
