"""Whatever is typed, sent or made up: told beside the field, nothing lost, nothing half-saved, nothing comes alive."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client

from maru.accounts.roles import member_actor
from maru.core.ids import show_ticket_number
from maru.core.tenancy import TenantModel, tenant
from maru.tickets.commands import comment
from maru.tickets.links import sign_link
from tests.stories.forms import CHOSEN, TYPED, Form, read_page

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>\"'--"
BAD = {
    "nothing": "",
    "blank": " \u200b\u2060 ",
    "long": "가나다\n" * 10_000,
    "hostile": HOSTILE,
    "turned": "\u202egnp.exe\u2066 \u200bzero\u200dwidth",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 4,
    "nul": "a\0b",
    "number": "9" * 40,
}
MADE_UP = ("9" * 40, "-1", "nothing-like-this", "\0", HOSTILE)
DESK = (
    *("members", "members/{member}", "groups", "organization", "messages/settings", "tickets/new", "search?q=a"),
    *("tickets/{number}", "settings/categories", "settings/stages", "settings/views", "settings/mail/new"),
    *("settings/api", "board", "tickets"),
)
ACCOUNT = ("/account", "/account/security")
PUBLIC = (
    "/",
    "/sign-up",
    "/join",
    "/sign-in",
    "/forgot-password",
    "/ab",
    "/ab/request",
    "/ab/status/{number}?k={link}",
)
HANGUL = re.compile("[가-힣]")
# Signing out ends the session that the next form needs; languages would change the words that are looked for.
LEFT_ALONE = ("/sign-out", "/-/language")
# For password managers, and for robots.
NOBODY_TYPES = ("username", "website")


class World:
    """An organization with a ticket, and its admin's browser."""

    def __init__(self, organization: Any, admin: Any, agent: Any, make_ticket: Any) -> None:
        self.organization = organization
        ticket = make_ticket(title="첫 문의", email="kim@customer.example")
        with tenant(organization.id):
            comment(member_actor(agent), ticket_id=ticket.id, text="메모")
        self.facts = {
            "member": agent.id,
            "number": show_ticket_number(ticket.number),
            "link": sign_link("ab", ticket.number, "kim@customer.example"),
        }
        self.client = Client(headers={"accept-language": "ko", "accept": "text/html"}, raise_request_exception=False)
        self.stranger = Client(headers={"accept-language": "ko", "accept": "text/html"}, raise_request_exception=False)
        self.client.force_login(admin.account, backend="django.contrib.auth.backends.ModelBackend")
        self.stranger.post("/ab", {"code": organization.company_code})
        self.before = self.rows()

    def rows(self) -> dict[str, int]:
        """How many rows each tenant table holds."""
        with tenant(self.organization.id):
            return {
                model.__name__: model.objects.count() for model in apps.get_models() if issubclass(model, TenantModel)
            }

    def pages(self) -> Iterator[tuple[Client, str]]:
        for path in DESK:
            yield self.client, f"/desk/ab/{path}".format(**self.facts)
        for path in ACCOUNT:
            yield self.client, path
        for path in PUBLIC:
            yield self.stranger, path.format(**self.facts)

    def forms(self) -> Iterator[tuple[Client, str, Form]]:
        """Every form of every page, each once."""
        seen = set()
        for client, path in self.pages():
            page = client.get(path)
            assert page.status_code == 200, (path, page.status_code)
            for form in read_page(page.content.decode())[0]:
                action = form.action or path
                mark = (re.sub(r"\d+", "0", action), tuple(form.fields))
                if mark not in seen and not action.startswith(LEFT_ALONE):
                    seen.add(mark)
                    yield client, action, form


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside has not happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(organization: Any, admin: Any, agent: Any, make_ticket: Any) -> World:
    return World(organization, admin, agent, make_ticket)


def same(typed: str, shown: str) -> bool:
    """A browser drops line breaks in one line and gives CR LF; what is invisible may be taken out."""
    return "".join(typed.split()) == "".join(shown.split())


def judge(world: World, client: Client, action: str, form: Form, changed: dict[str, str]) -> list[str]:
    """What is wrong with the answer to a form with some fields changed."""
    sent = form.values | changed
    response = client.post(action, sent)
    if response.status_code >= 500:
        return [f"{response.status_code}"]
    html = response.content.decode() if response["Content-Type"].startswith("text/html") else ""
    found = ["hostile markup came alive"] if "<img src=x onerror" in html or "<svg onload" in html else []
    if response.status_code < 400:
        return found
    if world.rows() != world.before:
        found.append(f"refused with {response.status_code}, yet rows changed")
    forms, errors = read_page(html)
    if response.status_code == 422 and html:
        if any(not HANGUL.search(text) for text in errors):
            found.append(f"not in Korean: {errors}")
        found += lost(form, sent, forms)
    return found


def lost(form: Form, sent: dict[str, str], forms: list[Form]) -> list[str]:
    """Typed texts that the answer's form no longer holds."""
    again = next((one for one in forms if set(form.names(TYPED)) <= set(one.names(TYPED))), None)
    if again is None:
        return ["the form is gone"] if form.names(TYPED) and forms else []
    return [
        f"{name} lost: {again.values[name][:40]!r}"
        for name in form.names(TYPED - {"time"})
        if name not in NOBODY_TYPES
        and "\0" not in sent[name]
        and "\u200b" not in sent[name]
        and not same(sent[name], again.values[name])
    ]


@pytest.mark.parametrize("kind", BAD)
def test_every_typed_field_takes_anything(world: World, kind: str) -> None:
    found = {}
    for client, action, form in world.forms():
        for name in form.names(TYPED):
            with undone():
                if problems := judge(world, client, action, form, {name: BAD[kind]}):
                    found[f"{action} {name}"] = problems
    assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())


def test_made_up_choices_and_hidden_fields_are_refused(world: World) -> None:
    found = {}
    for client, action, form in world.forms():
        for name in form.names(CHOSEN):
            for text in MADE_UP:
                with undone():
                    if problems := judge(world, client, action, form, {name: text}):
                        found[f"{action} {name} {text[:10]!r}"] = problems
    assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())
