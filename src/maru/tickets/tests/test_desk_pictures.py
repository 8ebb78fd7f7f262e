"""Pictures from elsewhere: off until asked for, fetched by the house, shown from its own address."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from maru.core.actors import system_actor
from maru.core.html import sanitise
from maru.core.outbound import Call, call
from maru.core.tenancy import tenant
from maru.tickets.commands.pictures import keep_pictures
from maru.tickets.models import Message, RemotePicture, Ticket
from maru.tickets.tasks import fetch_pictures, forget_old_pictures
from maru.tickets.tests.desk import HTMX, customer_writes, picture, url
from maru.tickets.values import MailFacts


class Elsewhere(ThreadingHTTPServer):
    """Somebody else's web server: pictures under /ok…, other things under other names; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Elsewhere

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/ok-moved.png")
            self.send_header("Set-Cookie", "spy=1")
            self.end_headers()
            return
        inward = self.path.startswith("/inward")
        if inward:
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data")
            self.end_headers()
            return
        body, kind = {
            "/svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
            "/large": (b"\x89PNG\r\n\x1a\n" + b"x" * (6 * 1024 * 1024), "image/png"),
            "/gone": (b"", "text/html"),
        }.get(self.path, (picture(), "image/png"))
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def elsewhere(settings: Any) -> Iterator[Elsewhere]:
    server = Elsewhere()
    settings.OUTBOUND_ALLOWED, settings.OUTBOUND_PORTS = ["127.0.0.1/32"], [server.server_port]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def with_pictures(ticket: Ticket, *addresses: str, more: str = "") -> Message:
    """A mail that names pictures elsewhere, as the post office keeps it."""
    body = "".join(f'<p><img src="{address}" alt="words of {n}"></p>' for n, address in enumerate(addresses))
    safe = sanitise(body + more)
    facts = MailFacts(mail_id=1, remote_images=safe.remote_images)
    return customer_writes(ticket, "newsletter", html=safe.html, mail=facts)


def ask(client: Client, ticket: Ticket, message: Message, **more: Any) -> Any:
    return client.post(url(ticket, f"/messages/{message.id}/pictures"), **more)


def rows(message: Message) -> dict[int, RemotePicture]:
    with tenant(message.organization_id):
        return {row.position: row for row in RemotePicture.objects.filter(message=message)}


def fetched(message: Message) -> int:
    return fetch_pictures(organization_id=message.organization_id, message_id=message.id)


@pytest.mark.row("EML-09")
def test_pictures_are_off_until_asked_for_and_then_come_from_us(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    message = with_pictures(ticket, elsewhere.at("/ok.png"), elsewhere.at("/moved"))
    before = client.get(url(ticket)).content.decode()
    assert "이미지 보기" in before
    assert "words of 0" in before
    assert "127.0.0.1" not in before.split('id="msgs"')[1].split('id="pulse"')[0]
    answer = ask(client, ticket, message, headers=HTMX).content.decode()
    assert "이미지 2개를 가져오는 중입니다." in answer
    assert not elsewhere.asked, "the request itself fetches nothing"
    assert ProcrastinateJob.objects.filter(task_name="tickets.fetch_pictures").count() == 1
    assert fetched(message) == 2
    page = client.get(url(ticket)).content.decode()
    assert "이미지 보기" not in page
    for row in rows(message).values():
        assert f'src="/desk/ab/pictures/{row.token}"' in page
    shown = client.get(f"/desk/ab/pictures/{rows(message)[0].token}")
    assert shown.content[8:12] == b"WEBP"
    assert shown["Content-Type"] == "image/webp"
    assert shown["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert (shown["X-Content-Type-Options"], shown["Cross-Origin-Resource-Policy"]) == ("nosniff", "same-origin")
    assert shown["Cache-Control"].startswith("private")


@pytest.mark.row("EML-09")
def test_the_sender_learns_nothing_about_the_reader(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere
) -> None:
    ticket = make_ticket()
    spy = f'<img src="{elsewhere.at("/spy?who=agent")}" width="1" height="1"><img src="{elsewhere.at("/spy2")}" style="width:1px;height:1px">'
    message = with_pictures(ticket, elsewhere.at("/moved"), more=spy)
    ask(client_of(agent), ticket, message, headers={"User-Agent": "Agent's own browser"})
    assert fetched(message) == 1
    assert [path for path, _headers in elsewhere.asked] == ["/moved", "/ok-moved.png"]
    for _path, headers in elsewhere.asked:
        assert not {"Cookie", "Referer", "Authorization", "X-Forwarded-For"} & set(headers)
        assert "Maru" in headers["User-Agent"]


def test_only_pictures_of_public_servers_are_shown(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    bad = [elsewhere.at(path) for path in ("/svg", "/large", "/gone", "/inward")]
    bad += ["http://169.254.169.254/x.png", "http://127.0.0.2/x.png", "http://127.0.0.1:22/x.png", "http://localhost/"]
    message = with_pictures(ticket, *bad, elsewhere.at("/ok.png"))
    ask(client, ticket, message)
    assert fetched(message) == 1
    states = [row.state for _position, row in sorted(rows(message).items())]
    assert states == ["failed"] * len(bad) + ["ready"]
    page = client.get(url(ticket)).content.decode()
    assert "이미지 8개를 가져오지 못했습니다." in page
    assert '<span class="no-picture">words of 0</span>' in page
    assert page.count("/desk/ab/pictures/") == 1


def test_asking_twice_fetches_once_and_a_failure_can_be_tried_again(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    message = with_pictures(ticket, elsewhere.at("/ok.png"), elsewhere.at("/gone"), elsewhere.at("/ok.png"))
    for _again in range(2):
        ask(client, ticket, message)
    assert len(rows(message)) == 3
    fetched(message)
    fetched(message)
    assert [path for path, _headers in sorted(elsewhere.asked)] == ["/gone", "/ok.png"]
    ask(client, ticket, message)
    assert rows(message)[1].state == "waiting"
    fetched(message)
    assert [path for path, _headers in sorted(elsewhere.asked)] == ["/gone", "/gone", "/ok.png"]
    twin = with_pictures(ticket, elsewhere.at("/ok.png"))
    ask(client, ticket, twin)
    fetched(twin)
    assert rows(twin)[0].state == "ready"
    assert len(elsewhere.asked) == 3, "the same picture of another mail comes from our own store"


def test_reading_writes_nothing_and_links_ask_for_nothing(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    message = with_pictures(ticket, elsewhere.at("/ok.png"))
    assert client.get(url(ticket, f"/messages/{message.id}/pictures")).status_code == 405
    client.get(url(ticket, f"/messages/{message.id}"))
    client.get(url(ticket))
    assert not rows(message)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(agent.account)
    assert ask(strict, ticket, message).status_code == 403
    assert not rows(message)
    assert not ProcrastinateJob.objects.filter(task_name="tickets.fetch_pictures").exists()


def test_others_find_nothing(
    agent: Any, make_member: Any, make_ticket: Any, client_of: Any, other_organization: Any, elsewhere: Elsewhere
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    message = with_pictures(ticket, elsewhere.at("/ok.png"))
    ask(client, ticket, message)
    fetched(message)
    token = rows(message)[0].token
    stranger = client_of(make_member("stranger", organization=other_organization))
    theirs = f"/desk/{other_organization.slug}"
    missing = stranger.get(f"{theirs}/pictures/{'0' * 43}")
    found = stranger.get(f"{theirs}/pictures/{token}")
    assert (found.status_code, found.content) == (404, missing.content.replace(b"0" * 43, token.encode()))
    assert stranger.get(f"/desk/ab/pictures/{token}").status_code == 404
    assert stranger.post(f"{theirs}/tickets/{ticket.number}/messages/{message.id}/pictures").status_code == 404
    assert fetch_pictures(organization_id=other_organization.id, message_id=message.id) == 0
    idle = client_of(make_member("idle", role="none", is_admin=True))
    assert idle.get(f"/desk/ab/pictures/{token}").status_code == 403
    assert ask(idle, ticket, message).status_code == 403
    other_ticket = make_ticket(title="another")
    assert ask(client, other_ticket, message).status_code == 404


def test_pictures_are_forgotten_after_their_time(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    message = with_pictures(ticket, elsewhere.at("/ok.png"))
    ask(client, ticket, message)
    fetched(message)
    token = rows(message)[0].token
    with tenant(ticket.organization_id):
        RemotePicture.objects.update(expires_at="2020-01-01T00:00Z")
    assert client.get(f"/desk/ab/pictures/{token}").status_code == 404
    assert "이미지 보기" in client.get(url(ticket)).content.decode()
    assert forget_old_pictures(timestamp=0) == 1
    assert forget_old_pictures(timestamp=0) == 0
    assert not rows(message)


def test_many_pictures_cost_one_statement(agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere) -> None:
    ticket, client = make_ticket(), client_of(agent)

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(url(ticket)).status_code == 200
        return len(caught.captured_queries)

    with_pictures(ticket, elsewhere.at("/1.png"))
    client.get(url(ticket))
    few = count()
    for n in range(5):
        ask(client, ticket, with_pictures(ticket, *(elsewhere.at(f"/{n}-{k}.png") for k in range(5))))
    assert count() == few


def asked_ago(message: Message, seconds: int) -> None:
    with tenant(message.organization_id):
        RemotePicture.objects.filter(message=message).update(asked_at=Now() - timedelta(seconds=seconds))


def test_the_page_looks_again_ever_more_seldom_and_then_gives_up(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    message = with_pictures(ticket, elsewhere.at("/ok.png"))
    ask(client, ticket, message)
    for ago, pause in ((0, "1s"), (8, "2s"), (20, "5s")):
        asked_ago(message, ago)
        page = client.get(url(ticket, f"/messages/{message.id}"), headers=HTMX).content.decode()
        assert f'hx-trigger="load delay:{pause}"' in page
        # A page that looks by itself is nobody's deed: the desk locks all the same.
        assert """hx-headers='{"X-Live": "1"}'""" in page
    asked_ago(message, 31)
    page = client.get(url(ticket, f"/messages/{message.id}"), headers=HTMX).content.decode()
    assert "load delay" not in page
    assert "이미지 1개를 가져오지 못했습니다." in page
    again = ask(client, ticket, message, headers=HTMX).content.decode()
    assert 'hx-trigger="load delay:1s"' in again


def test_what_failed_can_be_tried_again_however_late(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    message = with_pictures(ticket, elsewhere.at("/ok.png"), elsewhere.at("/gone"))
    ask(client, ticket, message)
    fetched(message)
    with tenant(ticket.organization_id):
        RemotePicture.objects.filter(state="failed").update(expires_at="2020-01-01T00:00Z")
    page = client.get(url(ticket)).content.decode()
    assert "이미지 1개를 가져오지 못했습니다." in page
    ask(client, ticket, message)
    assert rows(message)[1].state == "waiting"


def test_more_pictures_than_are_fetched_are_told(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    message = with_pictures(ticket, *(elsewhere.at(f"/{n}.png") for n in range(63)))
    told = "이미지 3개는 가져오지 않습니다."
    assert told in client.get(url(ticket)).content.decode()
    ask(client, ticket, message)
    assert len(rows(message)) == 60
    with tenant(ticket.organization_id):
        RemotePicture.objects.filter(message=message).update(state="ready", content=b"x")
    page = client.get(url(ticket)).content.decode()
    assert told in page
    assert "가져오지 못했습니다" not in page


def test_an_organization_keeps_so_many_bytes_and_the_oldest_go(
    agent: Any,
    make_ticket: Any,
    client_of: Any,
    elsewhere: Elsewhere,
    other_organization: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    messages = [with_pictures(ticket, elsewhere.at(f"/{n}.png"), elsewhere.at(f"/b{n}.png")) for n in range(3)]
    for message in messages:
        ask(client, ticket, message)
    monkeypatch.setattr("maru.tickets.commands.pictures.MOST_KEPT_BYTES", 1000)
    actor = system_actor(ticket.organization_id)
    for message in messages[:2]:
        keep_pictures(actor, message_id=message.id, drawn={0: b"x" * 250, 1: b"x" * 250})
    assert [len(rows(message)) for message in messages] == [2, 2, 2]
    keep_pictures(actor, message_id=messages[2].id, drawn={0: b"x" * 300})
    assert [len(rows(message)) for message in messages] == [0, 2, 2]
    assert rows(messages[2])[1].state == "waiting", "what takes no room stays"
    keep_pictures(system_actor(other_organization.id), message_id=messages[2].id, drawn={1: b"x" * 5000})
    assert [len(rows(message)) for message in messages] == [0, 2, 2]


def test_one_address_that_sets_off_anything_costs_no_other_picture(
    agent: Any, make_ticket: Any, client_of: Any, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = make_ticket()
    message = with_pictures(ticket, elsewhere.at("/bad.png"), elsewhere.at("/ok.png"))
    ask(client_of(agent), ticket, message)

    def odd(asked: Call) -> Any:
        if "/bad" in asked.url:
            raise RuntimeError("nobody thought of this")
        return call(asked)

    monkeypatch.setattr("maru.tickets.fetching.call", odd)
    assert fetched(message) == 1
    assert [rows(message)[n].state for n in (0, 1)] == ["failed", "ready"]
