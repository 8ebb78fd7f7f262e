"""A thin HTTP client with keep-alive and cookies, so that what is measured is the server."""

import http.client
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    headers: http.client.HTTPMessage
    ms: float


class Client:
    """One connection."""

    def __init__(self, port: int, headers: dict[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Accept-Language": "ko", **(headers or {})}
        self.cookies: dict[str, str] = {}

    def call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        sent = self.headers | (headers or {})
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        began = time.perf_counter()
        self.connection.request(method, path, body, sent)
        response = self.connection.getresponse()
        content = response.read()
        ms = (time.perf_counter() - began) * 1000
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _equals, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(response.status, content, response.headers, ms)

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        return self.call("GET", path, headers=headers)

    def post_form(self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.call("POST", path, urlencode(fields).encode(), kind | (headers or {}))

    def sign_in(self, email: str, password: str) -> None:
        """Sign in as a person does. Raises AssertionError when refused."""
        page = self.get("/sign-in")
        answer = self.post_form(
            "/sign-in", hidden_fields(page.body) | {"email": email, "login": email, "password": password}
        )
        assert answer.status == 302, answer.body[:2000].decode()


def hidden_fields(body: bytes) -> dict[str, str]:
    """Names and values of the hidden fields of a page."""
    found = {}
    for tag in re.findall(rb"<input[^>]*type=\"hidden\"[^>]*>", body):
        name, value = re.search(rb'name="([^"]*)"', tag), re.search(rb'value="([^"]*)"', tag)
        if name:
            found[name[1].decode()] = value[1].decode() if value else ""
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def timed(client: Client, paths: Sequence[str]) -> list[float]:
    """Milliseconds of each request, one after the other. Raises AssertionError for an answer that is not 200."""
    times = []
    for path in paths:
        answer = client.get(path)
        assert answer.status == 200, f"{path}: {answer.status} {answer.body[:300]!r}"
        times.append(answer.ms)
    return times
