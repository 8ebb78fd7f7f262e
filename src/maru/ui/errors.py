"""Error pages in the visitor's language with a way back. None of them touches the database."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.utils.translation import gettext

log = logging.getLogger("maru.ui")


def error_page(
    request: HttpRequest,
    status: int,
    title: str,
    text: str,
    hint: str = "",
    glyph: str = "compass",
) -> HttpResponse:
    """A calm page that says what happened and what to do; `glyph` names its icon."""
    context: dict[str, Any] = {
        "status": status,
        "title": title,
        "text": text,
        "hint": hint,
        "glyph": glyph,
    }
    try:
        # Context processors may ask the database; an error page goes without them.
        body = _environment().get_template("ui/error.html").render(request=request, **context)
    except Exception:
        log.exception("error page failed")
        body = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{text}</p>"
    return HttpResponse(body, status=status)


def _environment() -> Any:
    for engine in engines.all():
        if hasattr(engine, "env"):
            return engine.env
    raise LookupError("No Jinja2 engine in TEMPLATES")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return error_page(
        request,
        400,
        gettext("This request could not be understood"),
        gettext("Something in the address or in what was sent is not right. Go back and try again."),
        glyph="circle-help",
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return error_page(
        request,
        403,
        gettext("You may not open this page"),
        gettext("Your role does not include this. Ask an administrator of your organization if you need it."),
        glyph="lock",
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404. The same page whether the thing never was or belongs to somebody else."""
    return error_page(
        request,
        404,
        gettext("There is nothing here"),
        gettext("The address may have a typing mistake, or what was here has been moved or removed."),
    )


def too_many(request: HttpRequest, exception: Exception | None = None, retry_after: int = 60) -> HttpResponse:
    """429, with a Retry-After header in seconds."""
    response = error_page(
        request,
        429,
        gettext("Too many attempts"),
        gettext("This happened too often in a short time. Wait a few minutes and try again."),
        glyph="hourglass",
    )
    response["Retry-After"] = str(retry_after)
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500. Works while the database is down."""
    return error_page(
        request,
        500,
        gettext("Something went wrong on our side"),
        gettext("The problem has been recorded. What was saved before is safe. Try again in a moment."),
        glyph="cloud-alert",
    )


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 while the database is away, with a Retry-After header in seconds."""
    response = error_page(
        request,
        503,
        gettext("Maru is not available just now"),
        gettext("It is usually back within a minute. What was saved before is safe. Try again in a moment."),
        glyph="cloud-alert",
    )
    response["Retry-After"] = "5"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that was open too long or came without cookies."""
    return error_page(
        request,
        403,
        gettext("This form has expired"),
        gettext("Go back, reload the page and send it again. Your browser usually keeps what you typed."),
        gettext("If it happens again, allow cookies for this site."),
        glyph="timer-off",
    )
