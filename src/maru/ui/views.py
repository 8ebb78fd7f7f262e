"""
Preferences anybody may set: the theme and the language of this browser.

They need no form token: a foreign page could at worst change a colour, and error pages have no token to give.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from maru.ui.jinja import THEMES

_YEAR = 365 * 24 * 3600


def _back(request: HttpRequest) -> HttpResponse:
    wanted = request.POST.get("next") or request.META.get("HTTP_REFERER", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(wanted if safe else "/")


def _keep(response: HttpResponse, name: str, value: str, secure: bool) -> None:
    response.set_cookie(name, value, max_age=_YEAR, samesite="Lax", secure=secure, path="/")


@csrf_exempt
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep `theme` (light, dark, auto) in a cookie and go back to where the form stood."""
    response = _back(request)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        _keep(response, "theme", chosen, request.is_secure())
    return response


@csrf_exempt
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep `language` in the language cookie and go back to where the form stood."""
    response = _back(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES) and check_for_language(chosen):
        _keep(response, settings.LANGUAGE_COOKIE_NAME, chosen, request.is_secure())
    return response
