"""Answers to a body that is too big or never came whole, made before it is read: a page for people, problem+json for programs."""

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, parse_cookie
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from maru.config.middleware import SecurityHeaders, viewer_language
from maru.ui.errors import error_page


def too_large(scope: dict[str, Any]) -> HttpResponse:
    """413 in the words of whoever sent it. ``scope``: ASGI's description of the request."""
    title = _("That was too big to send")
    text = _("Go back: your browser has kept what you typed. Leave out the largest files and send it again.")
    return _answer(scope, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", title, text, "file-up")


def too_slow(scope: dict[str, Any]) -> HttpResponse:
    """408 in the words of whoever sent only a part. ``scope``: ASGI's description of the request."""
    title = _("Not everything arrived")
    text = _("The connection stopped in the middle. Go back: your browser has kept what you typed. Send it again.")
    return _answer(scope, HTTPStatus.REQUEST_TIMEOUT, "too_slow", title, text, "hourglass")


def _answer(
    scope: dict[str, Any], status: HTTPStatus, code: str, title: Promise, text: Promise, glyph: str
) -> HttpResponse:
    request = _request(scope)
    with translation.override(viewer_language(request)):
        if "text/html" in request.headers.get("Accept", ""):
            page = SecurityHeaders(lambda asked: error_page(asked, status, str(title), str(text), glyph=glyph))
            return page(request)
        problem = {"type": "about:blank", "title": status.phrase, "status": status, "code": code, "detail": str(title)}
        content = json.dumps(problem, ensure_ascii=False)
        return HttpResponse(content, status=status, content_type="application/problem+json")


def _request(scope: dict[str, Any]) -> HttpRequest:
    given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    request = HttpRequest()
    request.method, request.path = "POST", scope["path"]
    request.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in given.items()}
    request.COOKIES = parse_cookie(given.get("cookie", ""))
    return request
