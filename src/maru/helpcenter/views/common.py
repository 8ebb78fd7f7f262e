"""What all public pages share: whose they are, in which language, and that they know nothing of the desk."""

import functools
import zoneinfo
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt

from maru.core.robots import comes_from_us
from maru.helpcenter.queries import organization_at
from maru.organizations.models import Organization
from maru.ui.brand import is_usable
from maru.ui.errors import csrf_failure

P = ParamSpec("P")
_LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


class PublicRequest(HttpRequest):
    """A request that has passed :func:`public_view`."""

    organization: Organization


PublicView = Callable[Concatenate[PublicRequest, P], HttpResponse]
Page = Callable[Concatenate[HttpRequest, str, P], HttpResponse]


def public_view(view: PublicView[P]) -> Page[P]:
    """A page of the company named by ``slug``, for everybody, with no session.

    Forms are accepted from our own pages only, by what the browser says of their origin.
    """

    @functools.wraps(view)
    def enter(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if slug != slug.lower() and request.method == "GET":
            return redirect(request.get_full_path().replace(f"/{slug}", f"/{slug.lower()}", 1))
        public = cast(PublicRequest, request)
        public.organization = organization_at(slug)
        _speak(public)
        _forget_desk(public)
        if request.method == "POST" and not comes_from_us(request):
            return csrf_failure(request)
        return view(public, *args, **kwargs)

    return cast(Page[P], csrf_exempt(enter))


def _speak(request: PublicRequest) -> None:
    """The visitor's own choice, else a language his browser asks for, else the organization's."""
    organization = request.organization
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    asked = [
        wanted.split("-")[0]
        for wanted, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    ]
    language = next(
        (code for code in [chosen, *asked, organization.language] if code in _LANGUAGES), settings.LANGUAGE_CODE
    )
    translation.activate(language)
    request.LANGUAGE_CODE = language
    if not request.COOKIES.get("time_zone"):
        with suppress(zoneinfo.ZoneInfoNotFoundError, ValueError):
            timezone.activate(zoneinfo.ZoneInfo(organization.time_zone))


def _forget_desk(request: PublicRequest) -> None:
    """One-time messages of the desk in the same browser are not for this page, and must not be used up by it."""
    if hasattr(request, "_messages"):
        del request._messages


def public_context(request: PublicRequest) -> dict[str, Any]:
    """What ``ui/public.html`` needs."""
    organization = request.organization
    colour = organization.colour
    return {
        "organization": organization,
        "company": {
            "name": organization.name,
            "url": reverse("helpcenter:company", args=[organization.slug]),
            "mark": organization.name[:1].upper(),
        },
        "brand_css_url": (
            f"{reverse('helpcenter:colours', args=[organization.slug])}?v={colour[1:]}" if is_usable(colour) else ""
        ),
        "contact_url": reverse("helpcenter:request", args=[organization.slug]),
        "status_url": reverse("helpcenter:lookup", args=[organization.slug]),
    }


def render_public(
    request: PublicRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A public page; search engines keep out of everything but the front door."""
    response = render(request, template, {**public_context(request), **(context or {})}, status=status)
    if template != "helpcenter/company.html":
        response["X-Robots-Tag"] = "noindex"
    return response
