"""The request form of a company, and the page that thanks for a request."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from maru.core.actors import requester_actor
from maru.core.errors import Conflict, Invalid, TooMany
from maru.core.files import ACCEPT, accepted_words, file_rules
from maru.core.html import strip_invisible
from maru.core.network import network_of_request
from maru.core.robots import HONEYPOT, LEAST_SECONDS, Stamp, heat_of, is_solved, new_challenge, new_stamp, read_stamp
from maru.core.tenancy import tenant
from maru.helpcenter import gate
from maru.helpcenter.commands import submit_request
from maru.helpcenter.forms import RequestForm
from maru.helpcenter.queries import category_choices, find_submission, public_service, submitted
from maru.helpcenter.thresholds import (
    CODE_GUESSES,
    count_form,
    count_heat,
    count_wrong_guess,
    refuse_guessing,
)
from maru.helpcenter.views.common import PublicRequest, public_view, render_public
from maru.helpcenter.views.uploads import Uploads, take_uploads
from maru.organizations.models import Service
from maru.tickets.links import WEB_SENDER, status_path
from maru.tickets.values import Requester


@dataclass(frozen=True, slots=True)
class Desk:
    """Who takes the request, and what it may be about."""

    service: Service
    categories: list[tuple[str, str]]


@dataclass(slots=True)
class Attempt:
    """One sending of the form: what came, and what is wrong with it as a whole."""

    form: RequestForm
    uploads: Uploads
    stamp: Stamp | None
    network: str
    heat: int
    problem: str = ""
    code: str = ""
    code_error: str = ""
    retry_after: int = 0

    @property
    def is_fine(self) -> bool:
        wrong = self.problem or self.code_error or self.uploads.errors
        return not wrong and self.form.is_valid()


@require_http_methods(["GET", "HEAD", "POST"])
@public_view
def request_form(request: PublicRequest) -> HttpResponse:
    """GET shows the form to browsers that know the company code; POST makes one ticket, however often it is sent."""
    organization = request.organization
    if request.method == "POST":
        return _send(request)
    if not gate.is_open(request, organization):
        return redirect("helpcenter:company", organization.slug)
    heat = heat_of(network_of_request(request), organization.id)
    with tenant(organization.id):
        desk = _desk(request)
    return _page(request, desk, RequestForm(categories=desk.categories), Uploads(), heat=heat)


def _desk(request: PublicRequest) -> Desk:
    return Desk(public_service(), category_choices(request.organization))


def _send(request: PublicRequest) -> HttpResponse:
    organization = request.organization
    network = network_of_request(request)
    count_heat(network, organization.id)
    try:
        stamp = read_stamp(request.POST.get("stamp", ""), _purpose(request))
    except (RequestDataTooBig, SuspiciousOperation):
        return _too_big(request)
    with tenant(organization.id):
        if stamp is not None and find_submission(stamp.nonce):
            return redirect("helpcenter:done", organization.slug, stamp.nonce)
        desk = _desk(request)
    attempt = _read(request, desk, stamp, network)
    if attempt.is_fine:
        response = _submit(request, desk.service, attempt)
        if response is not None:
            return response
    return _again(request, desk, attempt)


def _too_big(request: PublicRequest) -> HttpResponse:
    with tenant(request.organization.id):
        desk = _desk(request)
    problem = _("What was sent is too big. Please shorten the text or send fewer files.")
    return _page(request, desk, RequestForm(categories=desk.categories), Uploads(), problem=problem, status=413)


def _read(request: PublicRequest, desk: Desk, stamp: Stamp | None, network: str) -> Attempt:
    organization = request.organization
    attempt = Attempt(
        form=RequestForm(request.POST, categories=desk.categories),
        uploads=Uploads(),
        stamp=stamp,
        network=network,
        heat=heat_of(network, organization.id),
        code=strip_invisible(request.POST.get("code", "")[:200]).strip()[:40],
    )
    try:
        _check_code(request, attempt)
        attempt.problem = _suspicion(request, attempt)
        if not attempt.problem and not attempt.code_error:
            actor = requester_actor(organization.id, "")
            attempt.uploads = take_uploads(request, actor, file_rules(desk.service), network)
    except TooMany as stop:
        _slow_down(attempt, stop)
    return attempt


def _check_code(request: PublicRequest, attempt: Attempt) -> None:
    """A form that lay open while the gate closed asks for the code in its place and loses nothing."""
    organization = request.organization
    if gate.is_open(request, organization):
        return
    refuse_guessing("code", attempt.network, CODE_GUESSES)
    if attempt.code == organization.company_code:
        return
    if attempt.code:
        count_wrong_guess("code", attempt.network, organization.id, CODE_GUESSES)
        attempt.code_error = _("The company code is wrong.")
    else:
        attempt.code_error = _("Please enter the company code.")


def _suspicion(request: PublicRequest, attempt: Attempt) -> str:
    """Why this does not look like a person's form; empty when it does. Cheap checks first, work last."""
    if request.POST.get(HONEYPOT):
        return _("The hidden check field was filled in, perhaps by your browser. Please send the form once more.")
    if attempt.stamp is None:
        return _("This form was open for a long time. Nothing is lost: please press the button once more.")
    if attempt.stamp.age < LEAST_SECONDS:
        return _("That was very quick. Please press the button once more.")
    if attempt.heat and not is_solved(request.POST.get("altcha", "")):
        return _("There are very many requests right now. Please press the button once more to pass a short check.")
    return ""


def _submit(request: PublicRequest, service: Service, attempt: Attempt) -> HttpResponse | None:
    organization = request.organization
    fields = attempt.form.cleaned_data
    assert attempt.stamp is not None
    try:
        count_form(attempt.network, organization.id, fields["email"])
        submit_request(
            requester_actor(organization.id, fields["name"]),
            nonce=attempt.stamp.nonce,
            service_id=service.id,
            requester=Requester(fields["name"], fields["email"], fields["phone"], fields["company"]),
            title=fields["title"],
            content=fields["content"],
            category_id=int(fields["category"]) if fields["category"] else None,
            file_ids=attempt.uploads.ids,
            language=get_language() or organization.language,
        )
    except TooMany as stop:
        _slow_down(attempt, stop)
        return None
    except (Invalid, Conflict) as refused:
        _show_refusal(attempt, refused)
        return None
    response = redirect("helpcenter:done", organization.slug, attempt.stamp.nonce)
    if attempt.code:
        gate.open_gate(response, organization)
    return response


def _show_refusal(attempt: Attempt, refused: Invalid | Conflict) -> None:
    messages = refused.fields if isinstance(refused, Invalid) else {"": refused.message}
    for name, message in messages.items():
        if name in attempt.form.fields:
            attempt.form.add_error(name, message)
        elif name == "files":
            attempt.uploads.errors.append(message)
        else:
            attempt.problem = message


def _slow_down(attempt: Attempt, stop: TooMany) -> None:
    attempt.retry_after = stop.retry_after
    minutes = max(1, -(-stop.retry_after // 60))
    attempt.problem = _(
        "Too many requests came from your network or address. What you typed is kept; try again in %(n)s min."
    ) % {"n": minutes}


def _again(request: PublicRequest, desk: Desk, attempt: Attempt) -> HttpResponse:
    """The form once more, with everything that was typed and every good file."""
    attempt.form.is_valid()
    heat = heat_of(attempt.network, request.organization.id)
    response = _page(
        request,
        desk,
        attempt.form,
        attempt.uploads,
        heat=heat,
        problem=attempt.problem,
        code=attempt.code,
        code_error=attempt.code_error,
        stamp=request.POST.get("stamp", "") if attempt.stamp else "",
        status=429 if attempt.retry_after else 422,
    )
    if attempt.retry_after:
        response["Retry-After"] = str(attempt.retry_after)
    return response


def _page(
    request: PublicRequest,
    desk: Desk,
    form: RequestForm,
    uploads: Uploads,
    *,
    heat: int = 0,
    stamp: str = "",
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    organization = request.organization
    service, rules = desk.service, file_rules(desk.service)
    return render_public(
        request,
        "helpcenter/request.html",
        {
            "form": form,
            "uploads": uploads,
            "rules": rules,
            "accept": ACCEPT,
            "accepted_words": accepted_words(),
            "stamp": stamp or new_stamp(_purpose(request)),
            "honeypot": HONEYPOT,
            "challenge": new_challenge(heat) if heat else None,
            "mail_address": f"{service.slug}@{organization.slug}.{settings.ENVIRONMENT.mail_domain}",
            **context,
        },
        status=status,
    )


def _purpose(request: PublicRequest) -> str:
    return f"request.{request.organization.id}"


@require_safe
@public_view
def done(request: PublicRequest, nonce: str) -> HttpResponse:
    """Thanks, and the number; may be reloaded for a day. Who gave no address gets his own link to the conversation."""
    organization = request.organization
    ticket = submitted(organization, nonce)
    recipient = None if ticket.requester_email else WEB_SENDER
    with tenant(organization.id):
        context = {
            "ticket": ticket,
            "has_mail": bool(ticket.requester_email),
            "status_path": status_path(organization.slug, ticket.number),
            "own_path": status_path(organization.slug, ticket.number, recipient) if recipient else "",
            "public_url": settings.ENVIRONMENT.public_url,
        }
    return render_public(request, "helpcenter/done.html", context)
