"""What every request passes: headers, the viewer's language and time zone, answers for named errors."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from maru.core.errors import MaruError, TooMany
from maru.ui import errors

Handler = Callable[[HttpRequest], HttpResponse]

# No 'unsafe-*': scripts and styles are files. Pictures in mail come from our own address only.
CSP = (
    "default-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)


class SecurityHeaders:
    """Security headers for every answer, errors and static files included."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", CSP)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", "DENY")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        if settings.SECURE_HSTS_SECONDS:
            headers.setdefault("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}")
        if not request.path.startswith(settings.STATIC_URL):
            headers.setdefault("Cache-Control", "private, no-store")
        return response


def viewer_language(request: HttpRequest) -> str:
    """Chosen by cookie (the account's choice is copied there at sign-in), else by the browser, else English.

    Public pages put their organization's language before the browser's last resort themselves.
    """
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if chosen in LANGUAGES:
        return chosen
    for wanted, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        short = wanted.split("-")[0]
        if short in LANGUAGES:
            return short
    return settings.LANGUAGE_CODE


class Viewer:
    """Activates the viewer's language and, from a cookie the browser sets, the time zone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = viewer_language(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        name = request.COOKIES.get("time_zone", "")
        try:
            timezone.activate(zoneinfo.ZoneInfo(name) if name else zoneinfo.ZoneInfo("Asia/Seoul"))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            # A cookie may hold anything; "America" is a folder of the database of zones.
            timezone.activate(zoneinfo.ZoneInfo("Asia/Seoul"))
        try:
            response = self.get_response(request)
            patch_vary_headers(response, ["Accept-Language", "Cookie"])
            response.headers.setdefault("Content-Language", translation.get_language() or language)
            return response
        finally:
            translation.deactivate()
            timezone.deactivate()


class NamedErrors:
    """Turns a named error that a view let through into a page in the viewer's words."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DataError):
            # NUL in a text, a number beyond every column: no page sends such things.
            return errors.bad_request(request, error)
        if not isinstance(error, MaruError):
            return None
        if isinstance(error, TooMany):
            return errors.too_many(request, error, error.retry_after)
        page: dict[int, Callable[[HttpRequest, Exception], HttpResponse]] = {
            403: errors.forbidden,
            404: errors.not_found,
        }
        return page.get(error.status, errors.bad_request)(request, error)
