"""A company with two people at its desk and three tickets, for stories in a browser."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from maru.testing.browsing import watched_page
from maru.testing.house import House

_MAKE = """
import json, sys, django
django.setup()
from django.test import Client
from maru.core.tenancy import tenant
from maru.testing.makers import make_member, make_organization, make_ticket
from maru.tickets.models import Stage
slug = sys.argv[1]
organization = make_organization(slug, "가나다 상사 " + slug)
members = {name: make_member(organization, name, email=f"{key}@{slug}.example", **more) for key, name, more in (
    ("lee", "이수민", {"role": "manager", "is_admin": True, "is_founder": True}), ("jang", "장현우", {}))}
cookies = {}
for name, member in members.items():
    client = Client()
    client.force_login(member.account)
    cookies[name] = {key: morsel.value for key, morsel in client.cookies.items()}
tickets = [make_ticket(organization, title=title, email=f"c{n}@customer.example", name=who, text=title) for n, (title, who) in enumerate((
    ("결제 승인은 됐는데 주문 내역이 비어 있어요", "김서연"), ("환불해주세요", "박도윤"), ("請求書の宛名変更", "佐藤 美咲")))]
print(json.dumps({"cookies": cookies, "numbers": [t.number for t in tickets]}))
"""
_SAY = """
import sys, django
django.setup()
from maru.core.actors import requester_actor
from maru.core.tenancy import tenant
from maru.organizations.models import Organization
from maru.tickets.commands import add_customer_message
from maru.tickets.models import Ticket
slug, number, text = sys.argv[1:]
organization = Organization.objects.get(slug=slug)
with tenant(organization.id):
    ticket_id = Ticket.objects.get(number=number).id
add_customer_message(requester_actor(organization.id, "김서연"), ticket_id=ticket_id, text=text, author_name="김서연", channel="web")
"""


@dataclass
class Desk:
    house: House
    slug: str
    cookies: dict[str, dict[str, str]]
    numbers: list[str]

    @property
    def path(self) -> str:
        return f"/desk/{self.slug}"

    def ticket(self, n: int = 0) -> str:
        return f"{self.path}/tickets/{self.numbers[n]}"

    def customer_says(self, text: str, n: int = 0) -> None:
        run(self.house, _SAY, self.slug, self.numbers[n], text)

    @contextmanager
    def page(self, browser: Any, who: str = "이수민", **options: Any) -> Iterator[Any]:
        with watched_page(browser, self.house.url, **options) as page:
            for name, value in self.cookies[who].items():
                page.context.add_cookies([{"name": name, "value": value, "url": self.house.url}])
            yield page


def run(house: House, script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=house.env,
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture
def desk(house: House) -> Desk:
    """A company of its own with two members and three tickets."""
    slug = f"d{secrets.token_hex(4)}"
    made = json.loads(run(house, _MAKE, slug))
    return Desk(house, slug, made["cookies"], made["numbers"])


def editor(page: Any) -> Any:
    box = page.locator("m-composer .tiptap")
    box.wait_for()
    return box
