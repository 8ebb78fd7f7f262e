"""``/desk/<slug>/live``: the event stream of an organization, as a bare ASGI application on the event loop.

Answers: 200 with ``text/event-stream``; 200 with JSON for ``?poll=1``; 204 to who is not signed in (a browser's
EventSource stops asking then); 404 for a missing or foreign organization; 429 for too many streams. Every error is a
constant: what went wrong is in the log only.
"""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from maru.notifications.live import frames
from maru.notifications.live.database import tenant_reading
from maru.notifications.live.feed import DATABASE_TROUBLE, Subscriber
from maru.notifications.live.frames import RESYNC, Frame
from maru.notifications.live.hub import Crowded, Hub, close_current_hub, current_hub
from maru.notifications.live.reading import REPLAY_LIMIT, Batch, newest, read_batch
from maru.notifications.live.rights import Listener, Refusal, authenticate, session_key_of

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

BEAT_SECONDS = 25.0
RETRY_MILLISECONDS = 1000
_PATH = re.compile(r"/desk/([^/]+)/live")
_NUMBER = re.compile(r"[0-9]{1,18}")
_COMMON: Headers = [
    (b"cache-control", b"private, no-store, no-transform"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Cookie"),
]
_STREAM: Headers = [*_COMMON, (b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
_JSON: Headers = [*_COMMON, (b"content-type", b"application/json")]
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    503: "Service Unavailable",
}

log = logging.getLogger("maru.live")


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve one request for the stream; ``scope["path"]`` is ``/desk/<slug>/live``."""
    path = _PATH.fullmatch(scope["path"])
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    polls = query.get("poll") == ["1"]
    if scope["method"] != "GET":
        return await _refuse(send, 405)
    if path is None or not _host_is_ours(scope["headers"]):
        return await _refuse(send, 400)
    try:
        hub = await current_hub()
        async with hub.pool.connection() as connection, connection.transaction():
            listener = await authenticate(connection, session_key_of(scope["headers"]), path[1])
        if listener is Refusal.NOT_FOUND:
            return await _refuse(send, 404)
        if not isinstance(listener, Listener):
            return await _signed_out(send, polls)
        after = _last_event_id(scope["headers"], query)
        if polls:
            return await _poll(hub, listener, after, send)
        await _stream(hub, listener, after, receive, send)
    except Crowded:
        await _refuse(send, 429, [(b"retry-after", b"60")])
    except DATABASE_TROUBLE as error:
        log.warning("A live page could not be served: %s", type(error).__name__)
        await _unavailable(send, polls)
    except Exception:
        log.exception("A live page failed")
        await _unavailable(send, polls)


async def close_streams() -> None:
    """End every stream of this event loop, when the server stops."""
    await close_current_hub()


def _host_is_ours(headers: Headers) -> bool:
    host = next((value for name, value in headers if name == b"host"), b"").decode("latin-1")
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _last_event_id(headers: Headers, query: dict[str, list[str]]) -> int | None:
    """The number a page has seen last; -1 when it says something that is none, ``None`` when it says nothing or 0."""
    said = next((value for name, value in headers if name == b"last-event-id"), b"").decode("latin-1")
    said = said or query.get("after", [""])[0]
    if said in ("", "0"):
        return None
    return int(said) if _NUMBER.fullmatch(said) else -1


async def _refuse(send: Send, status: int, headers: Headers | None = None) -> None:
    body = json.dumps({"type": "about:blank", "title": _TITLES[status], "status": status}).encode()
    start = [*_COMMON, (b"content-type", b"application/problem+json"), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})


async def _signed_out(send: Send, polls: bool) -> None:
    if polls:
        return await _refuse(send, 401)
    await send({"type": "http.response.start", "status": 204, "headers": _COMMON})
    await send({"type": "http.response.body", "body": b""})


async def _unavailable(send: Send, polls: bool) -> None:
    """An EventSource gives up for good after an error status, so a stream that cannot start ends at once instead."""
    if polls:
        return await _refuse(send, 503, [(b"retry-after", b"5")])
    with contextlib.suppress(Exception):  # the answer may have begun already; then it just ends
        await send({"type": "http.response.start", "status": 200, "headers": _STREAM})
    with contextlib.suppress(Exception):
        await send({"type": "http.response.body", "body": frames.retry(RETRY_MILLISECONDS)})


async def _opening(hub: Hub, listener: Listener, after: int | None) -> tuple[list[Frame], int]:
    """What a page is told first, and the number it then stands at.

    ``hello`` with the newest number for a page that comes without one; else the frames it has missed, or ``resync``
    when they cannot be told: too many, or a number that never was.
    """
    organization_id = listener.key.organization_id
    async with tenant_reading(hub.pool, organization_id) as connection:
        last = await newest(connection, organization_id)
        if after is None:
            return [Frame("hello", {"newest": last}, last)], last
        batch = Batch([], after, 0)
        if 0 <= after <= last:
            batch = await read_batch(connection, organization_id, after, REPLAY_LIMIT + 1)
    if not 0 <= after <= last or batch.rows > REPLAY_LIMIT:
        last = max(last, batch.last if batch.rows else 0)
        return [Frame(RESYNC, {"newest": last}, last)], last
    return [d.frame for d in batch.deliveries if d.suits(listener.member_id, listener.permissions)], batch.last


async def _poll(hub: Hub, listener: Listener, after: int | None, send: Send) -> None:
    told, last = await _opening(hub, listener, after)
    body = {"newest": last, "events": [frame.as_json() for frame in told]}
    await send({"type": "http.response.start", "status": 200, "headers": _JSON})
    await send({"type": "http.response.body", "body": json.dumps(body, ensure_ascii=False).encode()})


async def _stream(hub: Hub, listener: Listener, after: int | None, receive: Receive, send: Send) -> None:
    async with hub.subscribed(listener) as subscriber:
        told, last = await _opening(hub, listener, after)
        await send({"type": "http.response.start", "status": 200, "headers": _STREAM})
        first = frames.retry(RETRY_MILLISECONDS) + b"".join(frame.encoded() for frame in told)
        await send({"type": "http.response.body", "body": first, "more_body": True})
        leaving = asyncio.create_task(_until_gone(receive, subscriber))
        try:
            await _follow(subscriber, last, send)
        finally:
            leaving.cancel()


async def _until_gone(receive: Receive, subscriber: Subscriber) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    subscriber.cut()


async def _follow(subscriber: Subscriber, seen: int, send: Send) -> None:
    """Send what comes until the page is cut; what the opening already told (numbers up to ``seen``) is dropped."""
    while not subscriber.is_cut:
        try:
            await asyncio.wait_for(subscriber.wake.wait(), BEAT_SECONDS)
        except TimeoutError:
            body = frames.beat(max(seen, subscriber.position))
        else:
            subscriber.wake.clear()
            body = b"".join(_drain(subscriber, seen))
        if body and not subscriber.is_cut:
            await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _drain(subscriber: Subscriber, seen: int) -> list[bytes]:
    bodies: list[bytes] = []
    while subscriber.queue:
        delivery = subscriber.queue.popleft()
        if not delivery.number or delivery.number > seen:
            bodies.append(delivery.encoded)
    return bodies
