"""Following a ticket by its number; with the link of a mail also reading and answering."""

from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from maru.core.actors import requester_actor
from maru.core.errors import Conflict, Invalid, NotFound, TooMany
from maru.core.files import ACCEPT, FileRules, accepted_words, file_response, file_rules
from maru.core.files.kinds import INLINE
from maru.core.ids import read_ticket_number, show_ticket_number
from maru.core.network import network_of_request
from maru.core.robots import heat_of, is_solved, new_challenge, new_stamp, read_stamp
from maru.core.tenancy import tenant
from maru.helpcenter.commands import submit_answer
from maru.helpcenter.forms import AnswerForm
from maru.helpcenter.queries import (
    Entry,
    Reader,
    category_name,
    file_of,
    find_submission,
    find_ticket,
    progress_of,
    reader_for,
    thread_of,
)
from maru.helpcenter.thresholds import NUMBER_GUESSES, count_answer, count_heat, count_wrong_guess, refuse_guessing
from maru.helpcenter.views.common import PublicRequest, public_context, public_view, render_public
from maru.helpcenter.views.uploads import Uploads, take_uploads
from maru.organizations.models import Service
from maru.tickets.links import status_path
from maru.tickets.models import Status, Ticket
from maru.ui.render import render_block


@require_safe
@public_view
def lookup(request: PublicRequest) -> HttpResponse:
    """The box alone; a number typed in any form leads to its page."""
    typed = request.GET.get("number", "").strip()[:60]
    if not typed:
        return _box(request, "")
    number = read_ticket_number(typed)
    if number is None:
        return _missing(request, typed)
    return redirect(status_path(request.organization.slug, number))


@require_safe
@public_view
def status(request: PublicRequest, number: str) -> HttpResponse:
    """Progress for whoever knows the number; the conversation too for whoever holds a mail's link."""
    ticket = _find(request, number)
    if ticket is None:
        return _missing(request, number)
    return _page(request, ticket, AnswerForm(), Uploads())


@require_safe
@public_view
def progress(request: PublicRequest, number: str) -> HttpResponse:
    """The part of the status page that changes by itself; 304 when it has not."""
    ticket = _find(request, number)
    if ticket is None:
        raise NotFound()
    context = {**public_context(request), **_context(request, ticket)}
    tag = str(context["tag"])
    if request.headers.get("If-None-Match") == tag:
        return _tagged(HttpResponseNotModified(), tag)
    return _tagged(render_block(request, "helpcenter/status.html", "progress", context), tag)


def _tag_of(*parts: object) -> str:
    """An ETag of what the changing part shows; keyed, so that it tells nothing of what it was made from."""
    told = "\n".join(map(str, [get_language(), *parts]))
    return f'"{salted_hmac("maru.progress", told, algorithm="sha256").hexdigest()[:32]}"'


def _tagged(response: HttpResponse, tag: str) -> HttpResponse:
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex"
    return response


@require_POST
@public_view
def answer(request: PublicRequest, number: str) -> HttpResponse:
    """Add a message to the ticket; needs the mail's link. The same form sent twice is one message."""
    ticket = _find(request, number)
    reader = _reader(request, ticket) if ticket else None
    if ticket is None or reader is None:
        raise NotFound()
    organization, network = request.organization, network_of_request(request)
    count_heat(network, organization.id)
    form, uploads = AnswerForm(request.POST), Uploads()
    stamp = read_stamp(request.POST.get("stamp", ""), _purpose(ticket))
    with tenant(organization.id):
        if stamp is not None and find_submission(stamp.nonce):
            return redirect(_own_path(request, ticket))
    try:
        uploads = take_uploads(request, requester_actor(organization.id, reader.name), _rules(ticket), network)
        problem = ""
        if stamp is None:
            problem = _("This form was open for a long time. Nothing is lost: please press the button once more.")
        elif heat_of(network, organization.id) and not is_solved(request.POST.get("altcha", "")):
            problem = _(
                "There are very many requests right now. Please press the button once more to pass a short check."
            )
        if form.is_valid() and not uploads.errors and not problem and stamp is not None:
            count_answer(network, ticket.id)
            took = _submit(request, ticket, reader, stamp.nonce, form, uploads)
            return redirect(_own_path(request, took, reader))
    except TooMany as stop:
        response = _page(request, ticket, form, uploads, stop.message, 429)
        response["Retry-After"] = str(stop.retry_after)
        return response
    except (Invalid, Conflict) as refused:
        problem = refused.message
    return _page(request, ticket, form, uploads, problem, 422)


def _submit(
    request: PublicRequest, ticket: Ticket, reader: Reader, nonce: str, form: AnswerForm, uploads: Uploads
) -> Ticket:
    return submit_answer(
        requester_actor(request.organization.id, reader.name or reader.address, ticket.customer_id),
        nonce=nonce,
        ticket_id=ticket.id,
        address=reader.address,
        content=form.cleaned_data["content"],
        file_ids=uploads.ids,
        language=get_language() or request.organization.language,
    )


@require_safe
@public_view
def file(request: PublicRequest, token: str) -> HttpResponse:
    """A file of the conversation, for whoever holds the ticket's link."""
    ticket = _find(request, request.GET.get("n", ""))
    if ticket is None:
        raise NotFound()
    with tenant(request.organization.id):
        reader = _reader(request, ticket)
        if reader is None:
            raise NotFound()
        stored = file_of(ticket, reader, token)
    return file_response(stored, inline="inline" in request.GET)


def _find(request: PublicRequest, typed: str) -> Ticket | None:
    """The ticket, counting wrong numbers against the visitor's network. :raises TooMany:"""
    network = network_of_request(request)
    refuse_guessing("number", network, NUMBER_GUESSES)
    ticket = find_ticket(request.organization, typed)
    if ticket is None:
        count_wrong_guess("number", network, request.organization.id, NUMBER_GUESSES)
    return ticket


def _reader(request: PublicRequest, ticket: Ticket) -> Reader | None:
    with tenant(request.organization.id):
        return reader_for(request.organization, ticket, _token(request))


def _token(request: PublicRequest) -> str:
    """The proof the page was opened with; its forms carry it along."""
    return request.POST.get("k") or request.GET.get("k", "")


def _own_path(request: PublicRequest, ticket: Ticket, reader: Reader | None = None) -> str:
    """Back to the page with the proof it was opened with; a follow-up ticket gets its own."""
    slug = request.organization.slug
    if reader is not None and reader.address:
        return f"{status_path(slug, ticket.number, reader.address)}#newest"
    return f"{status_path(slug, ticket.number)}?k={_token(request)}#newest"


def _missing(request: PublicRequest, typed: str) -> HttpResponse:
    """One answer for numbers that never were and numbers of somebody else."""
    return _box(request, typed, _("There is no ticket with this number here. Please check it once more."), 404)


def _box(request: PublicRequest, typed: str, error: str = "", status: int = 200) -> HttpResponse:
    return render_public(request, "helpcenter/lookup.html", {"typed": typed[:60], "error": error}, status=status)


def _context(request: PublicRequest, ticket: Ticket) -> dict[str, object]:
    organization = request.organization
    with tenant(organization.id):
        reader = _reader(request, ticket)
        entries: list[Entry] = thread_of(ticket, reader) if reader else []
        steps = progress_of(organization, ticket)
        now_at = next(step for step in steps if step.state == "now")
        category = category_name(organization, ticket)
        shown = [entry.id for entry in entries]
        return {
            "ticket": ticket,
            "number": show_ticket_number(ticket.number),
            "steps": steps,
            "step": now_at,
            "is_over": ticket.status >= Status.RESOLVED,
            "category": category,
            "reader": reader,
            "entries": entries,
            "inline_types": INLINE,
            "token": _token(request),
            "tag": _tag_of(steps, category, ticket.last_agent_at, ticket.resolved_at, ticket.title, shown),
        }


def _rules(ticket: Ticket) -> FileRules:
    with tenant(ticket.organization_id):
        return file_rules(Service.objects.get(id=ticket.service_id))


def _page(
    request: PublicRequest, ticket: Ticket, form: AnswerForm, uploads: Uploads, problem: str = "", status: int = 200
) -> HttpResponse:
    organization = request.organization
    context = _context(request, ticket)
    number = context["number"]
    path = reverse("helpcenter:progress", args=[organization.slug, number])
    context["progress_url"] = f"{path}?k={context['token']}" if context["reader"] else path
    if context["reader"]:
        heat = heat_of(network_of_request(request), organization.id)
        context |= {
            "form": form,
            "uploads": uploads,
            "problem": problem,
            "rules": _rules(ticket),
            "accept": ACCEPT,
            "accepted_words": accepted_words(),
            "stamp": new_stamp(_purpose(ticket)),
            "challenge": new_challenge(heat) if heat else None,
        }
    response = render_public(request, "helpcenter/status.html", context, status=status)
    # The address may hold a proof: no page we link to needs to learn it.
    response["Referrer-Policy"] = "no-referrer"
    return response


def _purpose(ticket: Ticket) -> str:
    return f"answer.{ticket.organization_id}.{ticket.id}"
