"""Every error of the programming interface as ``application/problem+json`` (RFC 9457), never as a page."""

import functools
import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja.errors import HttpError, ValidationError

from maru.core.errors import Invalid, MaruError, TooMany

log = logging.getLogger("maru.api")

BODY_LIMIT = 1024 * 1024
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
View = Callable[..., HttpResponseBase]


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> HttpResponse:
    """An error answer. ``code`` is a stable word for programs, ``detail`` a sentence for people.

    ``errors`` are fields with what is wrong with them, see :func:`field_error`.
    """
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    if errors:
        body["errors"] = list(errors)
    return HttpResponse(
        json.dumps({**body, **more}, ensure_ascii=False),
        status=status,
        content_type="application/problem+json",
        headers=dict(headers or {}),
    )


def field_error(path: Sequence[str], message: str, *, in_body: bool) -> dict[str, str]:
    """One entry of ``errors``: the field as people write it, and for those of the body a JSON pointer (RFC 6901)."""
    found = {"field": ".".join(path), "message": message}
    if in_body:
        found["pointer"] = "#" + "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    return found


def of_named_error(request: HttpRequest, error: MaruError) -> HttpResponse:
    """NotFound, Forbidden, Invalid, Conflict, TooMany."""
    if isinstance(error, TooMany):
        return problem(429, error.code, error.message, headers={"Retry-After": str(error.retry_after)})
    fields = error.fields if isinstance(error, Invalid) else {}
    # Headers and parameters have no place in the body.
    errors = [
        field_error(
            field.split("."),
            text,
            in_body=request.method in _WITH_BODY and field not in request.headers and field not in request.GET,
        )
        for field, text in fields.items()
        if field
    ]
    return problem(error.status, error.code, error.message, errors=errors)


def of_validation(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Fields that do not fit their schema, each with its path and a sentence."""
    errors: dict[tuple[str, ...], dict[str, str]] = {}
    for each in error.errors:
        # The first two say where ninja found it: ("body", "data", "requester", "email"), ("query", "limit").
        path = [str(part) for part in each["loc"] if not str(part).startswith(("function-", "literal", "constrained"))]
        in_body = path[0] == "body"
        inside = path[2:] if in_body else path[1:]
        found = field_error(inside, _sentence(each), in_body=in_body)
        errors.setdefault(tuple(inside), found if inside else {**found, "field": "body"})
    return problem(422, "invalid", _("Please check the fields named in “errors”."), errors=list(errors.values()))


def _sentence(error: Mapping[str, Any]) -> str:
    limits = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return _("This field is required.")
        case "extra_forbidden":
            return _("There is no field of this name.")
        case "too_long" if limits.get("field_type") == "List":
            return _("At most %(n)s entries.") % {"n": f"{limits['max_length']:,}"}
        case "string_too_long" | "too_long":
            return _("At most %(n)s characters.") % {"n": f"{limits['max_length']:,}"}
        case "string_too_short" | "too_short":
            return _("Please write something.")
        case "greater_than_equal":
            return _("%(n)s or more.") % {"n": limits["ge"]}
        case "less_than_equal":
            return _("At most %(n)s.") % {"n": limits["le"]}
        case "literal_error" | "enum":
            return _("One of: %(choices)s.") % {"choices": limits["expected"].replace("'", "").replace(" or ", ", ")}
        case "string_unicode" | "string_control":
            return _("Characters are not allowed here that no text may hold (NUL, half of a pair).")
    # The framework's own sentences are English only, and tell of its insides.
    return str(limits.get("error") or _of_kind(error["type"]))


def _of_kind(type_of_error: str) -> str:
    """What was expected instead of a value of another kind, such as ``int_parsing``."""
    match type_of_error.partition("_")[0]:
        case "string":
            return _("This must be text.")
        case "int":
            return _("This must be a whole number.")
        case "bool":
            return _("This must be true or false.")
        case "list":
            return _("This must be a list.")
        case "model" | "dict":
            return _("This must be an object.")
    return _("This value does not fit.")


def of_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What the framework raises itself: no key, or a body that is no JSON."""
    if error.status_code == 401:
        return problem(
            401,
            "unauthorized",
            _("Please send a valid key: “Authorization: Bearer KEY”."),
            headers={"WWW-Authenticate": 'Bearer realm="maru"'},
        )
    return problem(400, "malformed", _("The body is not valid JSON."))


def of_failure(request: HttpRequest, error: Exception) -> HttpResponse:
    """What nobody foresaw: a constant text and a number to find it in the log by."""
    if isinstance(error, RequestDataTooBig):
        return too_large()
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return problem(400, "malformed", _("The request could not be read."))
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("database unreachable: %s", error)
        return problem(503, "unavailable", _("Please try again in a moment."), headers={"Retry-After": "5"})
    incident = secrets.token_hex(6)
    log.error("incident %s at %s", incident, request.path, exc_info=error)
    return problem(500, "failure", _("Something went wrong on our side."), incident=incident)


def too_large() -> HttpResponse:
    """413."""
    return problem(413, "too_large", _("The body may have at most %(n)s bytes.") % {"n": f"{BODY_LIMIT:,}"})


def missing(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
    """404 for addresses that do not exist."""
    return problem(404, "not_found", _("There is nothing at this address."))


def guarded(view: View) -> View:
    """Check what comes before an operation: size and type of the body; and put a problem in place of a bare 405."""

    @functools.wraps(view)
    def enter(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in _WITH_BODY:
            declared = request.META.get("CONTENT_LENGTH") or "0"
            if not declared.isdigit() or int(declared) > BODY_LIMIT:
                return too_large()
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return missing(request)
        except Exception as error:
            return of_named_error(request, error) if isinstance(error, MaruError) else of_failure(request, error)
        if response.status_code == 405:
            allowed = response.headers.get("Allow", "")
            return problem(
                405,
                "method_not_allowed",
                _("Allowed here: %(methods)s.") % {"methods": allowed},
                headers={"Allow": allowed},
            )
        return response

    return enter


def wants_json(request: HttpRequest) -> HttpResponse | None:
    """415 when a body is of another type than JSON."""
    if request.headers.get("Content-Encoding", "identity").lower() not in ("", "identity"):
        return problem(415, "unsupported_media_type", _("Please send the body uncompressed."))
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if (request.content_type or "").lower() != "application/json" or charset not in ("utf-8", "utf8"):
        return problem(415, "unsupported_media_type", _("Please send the body as application/json in UTF-8."))
    return None
