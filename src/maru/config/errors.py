"""Answers for what no view could answer: a page for people, a problem for programs."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from maru.api.problems import missing, problem
from maru.ui import errors


def _is_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, such as for a host that is not ours."""
    if _is_program(request):
        return problem(400, "malformed", _("The request could not be read."))
    return errors.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    if _is_program(request):
        return problem(403, "forbidden", _("You do not have permission to do this."))
    return errors.forbidden(request, exception)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return missing(request) if _is_program(request) else errors.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500; 503 when it was the database that could not be reached, which passes by itself."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        if _is_program(request):
            return problem(503, "unavailable", _("Please try again in a moment."), headers={"Retry-After": "5"})
        return errors.unavailable(request)
    if _is_program(request):
        return problem(500, "failure", _("Something went wrong on our side."))
    return errors.server_error(request)
