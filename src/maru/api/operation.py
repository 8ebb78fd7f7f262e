"""What surrounds each operation: the key, the limits, one transaction in its organization, repeated calls."""

import functools
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, cast

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError
from ninja.security import HttpBearer

from maru.api.keys import actor_of, find_key, may_come_from
from maru.api.models import ApiKey, IdempotentCall
from maru.api.problems import problem, wants_json
from maru.core.actors import Actor
from maru.core.errors import Forbidden, Invalid
from maru.core.limits import hit
from maru.core.network import client_ip, network_of
from maru.core.tenancy import tenant
from maru.organizations.models import Service

P = ParamSpec("P")
Operation = Callable[Concatenate["ApiRequest", P], HttpResponse]

CALLS_PER_MINUTE = 30_000
"""Calls one key may make: more than one machine can answer, less than what would starve its neighbours for long."""
REFUSED_PER_MINUTE = 60
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_NUL = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with a valid key."""

    key: ApiKey
    actor: Actor


class ApiRequest(HttpRequest):
    auth: Caller


class ServiceKey(HttpBearer):
    """``Authorization: Bearer KEY``."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        ip = client_ip(request)
        key = find_key(token)
        if key is None:
            hit(f"api:refused:{network_of(ip)}", limit=REFUSED_PER_MINUTE, seconds=60)
            return None
        if not may_come_from(key, ip):
            raise Forbidden(_("This key may not be used from your address."), code="address_not_allowed")
        hit(f"api:key:{key.id}", limit=CALLS_PER_MINUTE, seconds=60)
        return Caller(key, actor_of(key))

    def __call__(self, request: HttpRequest) -> Caller | None:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise AuthenticationError()
        return self.authenticate(request, token.strip())


def operation(function: Operation[P]) -> Operation[P]:
    """Run an operation in one transaction inside the key's organization.

    A POST with an ``Idempotency-Key`` is done once: its answer is kept for 24 hours and given again, word for word.
    """

    @functools.wraps(function)
    def run(request: ApiRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        actor = request.auth.actor
        with tenant(actor.organization_id):
            _require_active(actor)
            name = request.headers.get("Idempotency-Key")
            if request.method != "POST" or name is None:
                return function(request, *args, **kwargs)
            return _once(request, name, lambda: function(request, *args, **kwargs))

    return cast(Operation[P], run)


def _require_active(actor: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select state from organizations_service where organization_id = %s and id = %s",
            [actor.organization_id, actor.service_id],
        )
        row = cursor.fetchone()
    if row is None or row[0] != Service.State.ACTIVE:
        raise Forbidden(_("This service is suspended."), code="service_suspended")


def _once(request: ApiRequest, name: str, call: Callable[[], HttpResponse]) -> HttpResponse:
    if not _IDEMPOTENCY_KEY.fullmatch(name):
        raise Invalid({"Idempotency-Key": _("1 to 200 printable ASCII characters.")})
    actor = request.auth.actor
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode() + request.body).hexdigest()
    with connection.cursor() as cursor:
        # A second call with the same key waits here until the first has committed or failed.
        cursor.execute(
            "insert into api_idempotentcall as c (organization_id, service_id, key, request_hash, body)"
            " values (%s, %s, %s, %s, '') on conflict (organization_id, service_id, key) do update"
            " set request_hash = excluded.request_hash, status = null, body = '', created_at = now()"
            " where c.created_at < now() - interval '24 hours' returning id",
            [actor.organization_id, actor.service_id, name, digest],
        )
        row = cursor.fetchone()
    if row is None:
        known = IdempotentCall.objects.get(service_id=actor.service_id, key=name)
        if known.request_hash != digest:
            return problem(
                422,
                "idempotency_key_reused",
                _("This Idempotency-Key was used for another request. Please take a new one."),
            )
        kept = json.loads(known.body)
        return HttpResponse(kept["content"], status=known.status, headers=kept["headers"])
    response = call()
    headers = {name: response.headers[name] for name in ("Content-Type", "Location") if name in response.headers}
    IdempotentCall.objects.filter(id=row[0]).update(
        status=response.status_code,
        body=json.dumps({"headers": headers, "content": response.content.decode()}),
    )
    return response


def answer(body: Any, status: int = 200, **headers: str) -> HttpResponse:
    """A JSON answer. ``headers``: ``location="/api/v1/…"``."""
    return HttpResponse(
        json.dumps(body, ensure_ascii=False, default=_plain, separators=(",", ":")),
        status=status,
        content_type="application/json",
        headers={name.title(): value for name, value in headers.items()},
    )


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(type(value).__name__)


def only(request: HttpRequest, *names: str) -> None:
    """Refuse query parameters that do not exist, and values no text may hold. Raises Invalid."""
    for name, values in request.GET.lists():
        if name not in names:
            raise Invalid({name[:60]: _("There is no field of this name.")})
        if len(values) > 1:
            raise Invalid({name: _("Please give it once.")})
        if _NUL.search(values[0]):
            raise Invalid({name: _("Characters are not allowed here that no text may hold (NUL, half of a pair).")})


def json_body(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view whose body must be JSON, checked before anything is read (``decorate_view``)."""

    @functools.wraps(function)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return wants_json(request) or function(request, *args, **kwargs)

    return run
