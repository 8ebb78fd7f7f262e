"""Writing: replies, notes, drafts, the preview of a mail, mentions, and the stop before a newer message is overlooked."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from maru.core.actors import Permission
from maru.core.errors import Invalid
from maru.core.html import html_to_text, sanitise, show, text_to_html
from maru.core.models import StoredFile
from maru.core.numbers import whole
from maru.organizations.desk import AfterCommit, DeskRequest, desk_view, render_desk
from maru.tickets import commands
from maru.tickets.commands.drafts import drop_drafts, save_draft
from maru.tickets.errors import NewerMessage
from maru.tickets.models import Message, Ticket
from maru.tickets.queries import get_ticket_by_id_for, get_ticket_for
from maru.tickets.queries.conversation import mentionable, read_beside, read_conversation
from maru.tickets.queries.directory import directory
from maru.tickets.slots import preview_mail
from maru.tickets.views.bodies import Typed, read_copies, read_typed, store_files
from maru.tickets.views.common import desk_reverse, is_partial, reason_of, tell
from maru.tickets.views.detail import detail_context, pulse_after_commit
from maru.tickets.views.timeline import message
from maru.ui.render import render_block

OUTCOMES = ("open", "hold", "resolve")
_MAIL_CSP = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@require_POST
@desk_view(Permission.TICKET_VIEW)
def send(request: DeskRequest, number: str) -> HttpResponse | AfterCommit:
    """A reply (``submit``: ``open``, ``hold``, ``resolve``) or, in note mode, a comment.

    Stops with 409 and the newer message when somebody has written since the page was read; what was typed stays.
    """
    ticket = get_ticket_for(request.actor, number)
    typed = read_typed(request.actor, request)
    try:
        _send(request, ticket, typed)
    except NewerMessage:
        return _stop(request, ticket, typed)
    except Invalid as error:
        return _refuse(request, ticket, typed, reason_of(error))
    drop_drafts(request.actor, ticket_id=ticket.id)
    if is_partial(request):
        return pulse_after_commit(request, ticket.id, sent=True)
    tell(request, _("Note added.") if typed.mode == "note" else _("Reply sent."))
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(desk_reverse(request, "detail", ticket.number) + query)


def _send(request: DeskRequest, ticket: Ticket, typed: Typed) -> None:
    copies = read_copies(typed.copies) + read_copies(typed.blind, is_blind=True) if typed.mode == "reply" else []
    stored = store_files(request.actor, request, ticket.service_id)
    file_ids = [*stored, *typed.picture_ids]
    if typed.mode == "note":
        commands.comment(
            request.actor,
            ticket_id=ticket.id,
            html=typed.html,
            text=typed.text,
            mentions=typed.mentions,
            file_ids=file_ids,
        )
        return
    commands.reply(
        request.actor,
        ticket_id=ticket.id,
        html=typed.html,
        text=typed.text,
        outcome=typed.action if typed.action in OUTCOMES else "open",
        seen_message_id=None if typed.anyway else typed.seen,
        file_ids=file_ids,
        copies=copies,
        without=typed.without,
    )


def _stop(request: DeskRequest, ticket: Ticket, typed: Typed) -> HttpResponse:
    fresh = get_ticket_by_id_for(request.actor, ticket.id)
    newer = read_conversation(request.actor, fresh, after_id=typed.seen or 0, limit=3)
    names = directory(request.actor)
    shown = [message(request.organization.slug, entry, names) for entry in newer.entries if entry.is_public]
    context = {
        "ticket": fresh,
        "newer": shown,
        "typed": typed,
        "slug": request.organization.slug,
        "list_url": desk_reverse(request, "list"),
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
    }
    if is_partial(request):
        return render_block(request, "tickets/stop.html", "dialog", context, status=409)
    return render_detail(request, fresh, status=409, typed=typed, composer_mode=typed.mode, newer=shown)


def _refuse(request: DeskRequest, ticket: Ticket, typed: Typed, reason: str) -> HttpResponse:
    if is_partial(request):
        return render_block(request, "tickets/stop.html", "refusal", {"reason": reason}, status=422)
    return render_detail(request, ticket, status=422, typed=typed, composer_mode=typed.mode, refusal=reason)


def render_detail(request: DeskRequest, ticket: Ticket, *, status: int = 200, **more: Any) -> HttpResponse:
    """The whole page of a ticket, for plain forms that could not be accepted."""
    names = directory(request.actor)
    context = detail_context(request, ticket, names, is_lazy=True, **more)
    return render_desk(request, "tickets/list.html", context, section="tickets", status=status)


@require_POST
@desk_view(Permission.TICKET_HANDLE)
def draft(request: DeskRequest, number: str) -> HttpResponse:
    """Keep what is typed (cleaned); an empty body forgets it."""
    ticket = get_ticket_for(request.actor, number)
    body = request.POST.get("body", "")
    html = sanitise(body).html if request.POST.get("format") == "html" else text_to_html(body)
    mode = "note" if request.POST.get("mode") == "note" else "reply"
    save_draft(request.actor, ticket_id=ticket.id, mode=mode, html=html)
    return JsonResponse({"ok": True})


@require_POST
@xframe_options_sameorigin
@desk_view(Permission.TICKET_HANDLE)
def preview(request: DeskRequest, number: str) -> HttpResponse:
    """The mail as the customer will read it, before it is sent."""
    ticket = get_ticket_for(request.actor, number)
    typed = read_typed(request.actor, request)
    html = sanitise(typed.html).html if typed.html else text_to_html(typed.text)
    tokens = dict(StoredFile.objects.filter(id__in=typed.picture_ids).values_list("id", "token"))

    def picture(content_id: str) -> str | None:
        token = tokens.get(whole(content_id[1:].split("@")[0]) or 0)
        return f"{desk_reverse(request, 'file', token, 'picture')}?inline=1" if token else None

    seat = next((seat for seat in read_beside(request.actor, ticket).seats if seat.is_confirmed), None)
    unsent = Message(ticket=ticket, author_name=request.actor.name, html=html, text=html_to_text(html))
    mail = preview_mail(ticket, unsent, seat.address if seat else "", is_final=typed.action == "resolve")
    answer = HttpResponse(show(mail.html if mail else html, inline=picture))
    # A mail styles itself inside its tags; it is shown in a frame of its own that may do nothing else.
    answer["Content-Security-Policy"] = _MAIL_CSP
    return answer


@require_safe
@desk_view(Permission.TICKET_VIEW)
def mentions(request: DeskRequest) -> HttpResponse:
    """Members whose name has what is typed after ``@``."""
    found = mentionable(request.actor, request.GET.get("q", "")[:50])
    return JsonResponse({"items": [{"id": str(row[0]), "name": row[1], "note": ""} for row in found]})
