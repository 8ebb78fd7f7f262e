"""The web server's entry: pages go to Django's WSGI application in one thread, event streams stay on the loop.

One port serves both, so nobody has to open a second one (docs/adr/0002-one-port.md has the figures). Bodies are read
on the loop before a page gets the thread, so that a slow sender never holds it.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.http import HttpResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "maru.config.settings")

from maru.config import early_answers
from maru.config.wsgi import application as wsgi_application
from maru.notifications.live import stream

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LIVE = re.compile(r"/desk/[^/]+/live")
BODY_LIMIT = 64 * 1024 * 1024
DRAIN_SECONDS = 20
# A sender from whom nothing has come for so long has gone, or means to keep the line busy.
SILENCE_SECONDS = 30
_CHUNK = 256 * 1024

_pages: Any = WSGIMiddleware(cast(Any, wsgi_application), workers=1)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI 3 application."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] != "http":
        return
    elif LIVE.fullmatch(scope["path"]):
        await stream(scope, receive, send)
    else:
        await _page(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > BODY_LIMIT:
        await _too_large(scope, receive, send)
        return
    with SpooledTemporaryFile(max_size=1024 * 1024) as body:
        size = 0
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message = await receive()
            except TimeoutError:
                await _refuse(early_answers.too_slow(scope), send)
                return
            if message["type"] == "http.disconnect":
                return
            size += body.write(message.get("body", b""))
            if size > BODY_LIMIT:
                await _too_large(scope, receive, send)
                return
            if not message.get("more_body"):
                break
        body.seek(0)

        async def replay() -> Message:
            chunk = body.read(_CHUNK)
            return {"type": "http.request", "body": chunk, "more_body": body.tell() < size}

        await _pages(scope, replay, send)


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    await _refuse(early_answers.too_large(scope), send)
    # Browsers read the answer while they still send; hanging up at once would show them a broken connection instead.
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass


async def _refuse(response: HttpResponse, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.items()]
    headers += [(b"content-length", str(len(response.content)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
