"""The programming interface, version 1: ``/api/v1``."""

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from maru.api import messages, problems, tickets
from maru.api.operation import ServiceKey
from maru.core.errors import MaruError

DESCRIPTION = """\
Create, read, search, change and answer the tickets of one service.

Every call carries a key of the service: `Authorization: Bearer KEY`. Managers make keys under *Settings → API*.
Errors are `application/problem+json` with a stable `code`; 422 names the fields in `errors`.
"""


class StrictParser(Parser):
    """JSON in UTF-8, in which each field is named once: of two values, whoever checks might see the other one."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(request.body.decode("utf-8-sig"), object_pairs_hook=_once_each)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


class MaruAPI(NinjaAPI):
    """Ninja, with problems in place of its own errors, in the document too."""

    def set_default_exception_handlers(self) -> None:
        handlers: dict[type[Exception], Any] = {
            Exception: problems.of_failure,
            HttpError: problems.of_http_error,
            ValidationError: problems.of_validation,
            MaruError: problems.of_named_error,
        }
        for kind, handler in handlers.items():
            self.add_exception_handler(kind, handler)

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**options)
        for path in document["paths"].values():
            for method, operation in path.items():
                _tell_problems(method, operation["responses"])
        return document

    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        patterns, app_name, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = problems.guarded(pattern.callback)
        return patterns, app_name, namespace


def _tell_problems(method: str, responses: dict[Any, Any]) -> None:
    for status, response in responses.items():
        if int(status) >= 400:
            response["content"] = {"application/problem+json": response["content"].pop("application/json")}
        if int(status) == 429:
            response["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
        if int(status) == 201:
            response["headers"] = {"Location": {"schema": {"type": "string"}}} if method == "post" else {}


api = MaruAPI(
    title="Maru",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api:v1",
    docs_url=None,
    openapi_url=None,
    auth=ServiceKey(),
    parser=StrictParser(),
    openapi_extra={"info": {"license": {"name": "AGPL-3.0-only", "identifier": "AGPL-3.0-only"}}},
)
api.add_router("", tickets.router)
api.add_router("", messages.router)


@cache
def _document() -> str:
    return json.dumps(api.get_openapi_schema(), ensure_ascii=False)


def document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document. Public: it holds nothing of anybody."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    return HttpResponse(_document(), content_type="application/json", headers={"Cache-Control": "public, max-age=300"})
