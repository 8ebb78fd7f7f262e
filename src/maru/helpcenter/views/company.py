"""The company's front door: its name, the box for the company code, the box for a ticket number."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from maru.core.errors import NotFound
from maru.core.html import strip_invisible
from maru.core.network import network_of_request
from maru.core.robots import heat_of, is_solved, new_challenge
from maru.helpcenter import gate
from maru.helpcenter.thresholds import CODE_GUESSES, count_wrong_guess, refuse_guessing
from maru.helpcenter.views.common import PublicRequest, public_view, render_public
from maru.ui.brand import is_usable, stylesheet


@require_http_methods(["GET", "HEAD", "POST"])
@public_view
def company(request: PublicRequest) -> HttpResponse:
    """GET shows the boxes; POST takes a company code and opens the request form."""
    if request.method == "POST":
        return _take_code(request)
    return _page(request, heat=heat_of(network_of_request(request), request.organization.id))


def _take_code(request: PublicRequest) -> HttpResponse:
    organization, network = request.organization, network_of_request(request)
    # Pasted codes bring spaces, seen and unseen; capitals and digits must be exactly right.
    raw = request.POST.get("code", "")[:200].strip()
    typed = strip_invisible(raw).strip() or raw
    refuse_guessing("code", network, CODE_GUESSES)
    heat = heat_of(network, organization.id)
    if heat and not is_solved(request.POST.get("altcha", "")):
        if typed != organization.company_code:
            count_wrong_guess("code", network, organization.id, CODE_GUESSES)
        return _page(request, typed, _("Please press the button once more to pass a short check."), heat, 422)
    if not typed:
        return _page(request, typed, _("Please enter the company code."), heat, 422)
    if typed != organization.company_code:
        count_wrong_guess("code", network, organization.id, CODE_GUESSES)
        heat = heat_of(network, organization.id)
        return _page(request, typed[:40], _("The company code is wrong."), heat, 422)
    response = redirect("helpcenter:request", organization.slug)
    gate.open_gate(response, organization)
    return response


def _page(request: PublicRequest, typed: str = "", error: str = "", heat: int = 0, status: int = 200) -> HttpResponse:
    context = {
        "typed": typed,
        "error": error,
        "is_open": gate.is_open(request, request.organization),
        "challenge": new_challenge(heat) if heat else None,
    }
    return render_public(request, "helpcenter/company.html", context, status=status)


@require_safe
@public_view
def colours(request: PublicRequest) -> HttpResponse:
    """The company's colours as a small style sheet; its address changes with the colour."""
    if not is_usable(request.organization.colour):
        raise NotFound()
    response = HttpResponse(stylesheet(request.organization.colour), content_type="text/css; charset=utf-8")
    patch_cache_control(response, public=True, max_age=86_400)
    return response


@require_safe
@public_view
def privacy(request: PublicRequest) -> HttpResponse:
    """What is done with what a requester writes."""
    return render_public(request, "helpcenter/privacy.html")


@require_safe
@public_view
def tidy(request: PublicRequest) -> HttpResponse:
    """The address with a slash at its end, as some people type it."""
    return redirect("helpcenter:company", request.organization.slug)
