"""Following a ticket by its number; with the link of a mail also reading and answering."""

from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from maru.core.actors import requester_actor
from maru.core.errors import Conflict, Invalid, NotFound, TooMany
from maru.core.files import ACCEPT, accepted_words, file_response
from maru.core.ids import read_ticket_number
from maru.core.network import network_of_request
from maru.core.robots import heat_of, is_solved, new_challenge, new_stamp, read_stamp
from maru.core.tenancy import tenant
from maru.helpcenter.commands import submit_answer
from maru.helpcenter.forms import AnswerForm
from maru.helpcenter.queries import Reader, file_of, find_submission
from maru.helpcenter.thresholds import count_answer, count_heat
from maru.helpcenter.views.common import PublicRequest, public_context, public_view, render_public
from maru.helpcenter.views.following import Found, find, look_again, token_of
from maru.helpcenter.views.uploads import Uploads, take_uploads
from maru.tickets.links import status_path
from maru.tickets.models import Ticket
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
    found = find(request, number, for_page=True)
    if found is None:
        return _missing(request, number)
    return _page(request, found, AnswerForm(), Uploads())


@require_safe
@public_view
def progress(request: PublicRequest, number: str) -> HttpResponse:
    """The part of the status page that changes by itself; 304 when it has not."""
    found = find(request, number, for_page=True)
    if found is None:
        raise NotFound()
    if request.headers.get("If-None-Match") == found.page["tag"]:
        return _tagged(HttpResponseNotModified(), found)
    context = {**public_context(request), **found.page}
    return _tagged(render_block(request, "helpcenter/status.html", "progress", context), found)


def _tagged(response: HttpResponse, found: Found) -> HttpResponse:
    response["ETag"] = found.page["tag"]
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex"
    return response


@require_POST
@public_view
def answer(request: PublicRequest, number: str) -> HttpResponse:
    """Add a message to the ticket; needs the mail's link. The same form sent twice is one message."""
    found = find(request, number)
    if found is None or found.reader is None:
        raise NotFound()
    organization = request.organization
    count_heat(network_of_request(request), organization.id)
    stamp = read_stamp(request.POST.get("stamp", ""), _purpose(found.ticket))
    with tenant(organization.id):
        if stamp is not None and find_submission(stamp.nonce):
            return redirect(_own_path(request, found.ticket))
    form, uploads, problem, wait = AnswerForm(request.POST), Uploads(), "", 0
    try:
        actor = requester_actor(organization.id, found.reader.name)
        uploads = take_uploads(request, actor, found.rules, network_of_request(request))
        problem = _suspicion(request, stamp is not None)
        if form.is_valid() and not uploads.errors and not problem and stamp is not None:
            took = _submit(request, found.ticket, found.reader, stamp.nonce, form, uploads)
            return redirect(_own_path(request, took, found.reader))
    except TooMany as stop:
        problem, wait = stop.message, stop.retry_after
    except (Invalid, Conflict) as refused:
        problem = refused.message
    look_again(request, found)
    response = _page(request, found, form, uploads, problem, 429 if wait else 422)
    if wait:
        response["Retry-After"] = str(wait)
    return response


def _suspicion(request: PublicRequest, has_stamp: bool) -> str:
    if not has_stamp:
        return _("This form was open for a long time. Nothing is lost: please press the button once more.")
    heat = heat_of(network_of_request(request), request.organization.id)
    if heat and not is_solved(request.POST.get("altcha", "")):
        return _("There are very many requests right now. Please press the button once more to pass a short check.")
    return ""


def _submit(
    request: PublicRequest, ticket: Ticket, reader: Reader, nonce: str, form: AnswerForm, uploads: Uploads
) -> Ticket:
    count_answer(network_of_request(request), ticket.id)
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
    found = find(request, request.GET.get("n", ""))
    if found is None or found.reader is None:
        raise NotFound()
    with tenant(request.organization.id):
        stored = file_of(found.ticket, found.reader, token)
    return file_response(stored, inline="inline" in request.GET)


def _own_path(request: PublicRequest, ticket: Ticket, reader: Reader | None = None) -> str:
    """Back to the page with the proof it was opened with; a follow-up ticket gets its own."""
    slug = request.organization.slug
    if reader is not None and reader.address:
        return f"{status_path(slug, ticket.number, reader.address)}#newest"
    return f"{status_path(slug, ticket.number)}?k={token_of(request)}#newest"


def _missing(request: PublicRequest, typed: str) -> HttpResponse:
    """One answer for numbers that never were and numbers of somebody else."""
    return _box(request, typed, _("There is no ticket with this number here. Please check it once more."), 404)


def _box(request: PublicRequest, typed: str, error: str = "", status: int = 200) -> HttpResponse:
    return render_public(request, "helpcenter/lookup.html", {"typed": typed[:60], "error": error}, status=status)


def _page(
    request: PublicRequest, found: Found, form: AnswerForm, uploads: Uploads, problem: str = "", status: int = 200
) -> HttpResponse:
    organization, context = request.organization, found.page
    path = reverse("helpcenter:progress", args=[organization.slug, context["number"]])
    context["progress_url"] = f"{path}?k={token_of(request)}" if found.reader else path
    if found.reader:
        heat = heat_of(network_of_request(request), organization.id)
        context |= {
            "form": form,
            "uploads": uploads,
            "problem": problem,
            "rules": found.rules,
            "accept": ACCEPT,
            "accepted_words": accepted_words(),
            "stamp": new_stamp(_purpose(found.ticket)),
            "challenge": new_challenge(heat) if heat else None,
        }
    response = render_public(request, "helpcenter/status.html", context, status=status)
    # The address may hold a proof: no page we link to needs to learn it.
    response["Referrer-Policy"] = "no-referrer"
    return response


def _purpose(ticket: Ticket) -> str:
    return f"answer.{ticket.organization_id}.{ticket.id}"
