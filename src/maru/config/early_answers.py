"""The answer to a body beyond the limit, made before the body is read: a page for people, problem+json for programs."""

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, parse_cookie
from django.utils import translation
from django.utils.translation import gettext as _

from maru.config.middleware import SecurityHeaders, viewer_language
from maru.ui.errors import error_page


def answer(scope: dict[str, Any]) -> HttpResponse:
    """413 in the words of whoever sent it. ``scope``: ASGI's description of the request."""
    request = _request(scope)
    with translation.override(viewer_language(request)):
        if "text/html" in request.headers.get("Accept", ""):
            return SecurityHeaders(_page)(request)
        problem = {"type": "about:blank", "title": HTTPStatus(413).phrase, "status": 413, "code": "too_large"}
        problem["detail"] = _("That was too big to send")
        return HttpResponse(
            json.dumps(problem, ensure_ascii=False), status=413, content_type="application/problem+json"
        )


def _page(request: HttpRequest) -> HttpResponse:
    return error_page(
        request,
        413,
        _("That was too big to send"),
        _("Go back: your browser has kept what you typed. Leave out the largest files and send it again."),
        glyph="file-up",
    )


def _request(scope: dict[str, Any]) -> HttpRequest:
    given = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    request = HttpRequest()
    request.method, request.path = "POST", scope["path"]
    request.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in given.items()}
    request.COOKIES = parse_cookie(given.get("cookie", ""))
    return request
