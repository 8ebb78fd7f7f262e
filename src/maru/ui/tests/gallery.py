"""The gallery behind a bare WSGI server: no database, no accounts, the real styles, scripts and content policy."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation
from whitenoise import WhiteNoise

from maru.assets.build import DIST, build
from maru.ui import kit

CSP = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'"
NAV = [
    {"icon": "ticket", "label": "티켓", "url": "/kit", "count": 12, "current": True, "mobile": True, "key": "t"},
    {"icon": "columns-3", "label": "보드", "url": "/board", "mobile": True, "key": "b"},
    {"icon": "inbox", "label": "메시지함", "url": "/messages", "count": 3, "mobile": True, "key": "m"},
    {"icon": "settings", "label": "설정", "url": "/settings"},
]
SHELL: dict[str, Any] = {
    "area": "agent",
    "nav": NAV,
    "desk": {
        "name": "AB Company",
        "code": "CP48213377",
        "intake_url": "/ab",
        "home_url": "/kit",
        "search_url": "/found",
    },
    "me": {"name": "이수민", "picture": "🦊", "role": "상담원"},
    "bell": {"count": 3, "url": "/messages", "panel_url": ""},
    "csrf_token": "token",
}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        return


class Gallery:
    """What was posted is kept in `posts`; `refuse` makes the board's door say no."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, str]] = []
        self.refuse = False
        self.url = ""

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] == "POST":
            size = int(environ.get("CONTENT_LENGTH") or 0)
            self.posts.append((path, environ["wsgi.input"].read(size).decode("utf-8", "replace")))
            refused = self.refuse and path == "/kit/move"
            body = json.dumps({"detail": "다른 사람이 먼저 옮겼습니다"} if refused else {"ok": True}).encode()
            return self._answer(start, "409 Conflict" if refused else "200 OK", "application/json", body)
        if path == "/kit/people":
            people = {"items": [{"id": 7, "name": "박정호", "note": "기술지원"}, {"id": 8, "name": "박도윤"}]}
            return self._answer(start, "200 OK", "application/json", json.dumps(people).encode())
        request = RequestFactory().get(path, headers={"cookie": environ.get("HTTP_COOKIE", "")})
        with translation.override(request.COOKIES.get("maru_language", "ko")):
            page = render_to_string("ui/kit.html", {**kit.context(), **SHELL}, request)
        return self._answer(start, "200 OK", "text/html; charset=utf-8", page.encode())

    def _answer(self, start: Callable[..., Any], status: str, kind: str, body: bytes) -> list[bytes]:
        start(status, [("Content-Type", kind), ("Content-Security-Policy", CSP), ("Content-Length", str(len(body)))])
        return [body]


@contextmanager
def serve() -> Iterator[Gallery]:
    """A running gallery; `gallery.url` is where."""
    build()
    gallery = Gallery()
    application = WhiteNoise(gallery, root=str(DIST), prefix="static/")
    server = make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Quiet)
    gallery.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gallery
    finally:
        server.shutdown()
        server.server_close()
