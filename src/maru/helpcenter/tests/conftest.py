"""A visitor's browser, and forms filled in as people do."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from maru.core import robots
from maru.core.tenancy import tenant
from maru.organizations.models import Organization
from maru.tickets.models import Ticket

GOOD = {"name": "김서연", "title": "프린터가 안 됩니다", "content": "2층 프린터에서\n종이가 걸립니다.", "consent": "on"}


@pytest.fixture
def visitor() -> Client:
    """A Korean browser that knows nobody; form tokens are enforced as in real life."""
    return Client(headers={"accept-language": "ko"}, enforce_csrf_checks=True)


@pytest.fixture
def invited(visitor: Client, organization: Organization) -> Client:
    """The visitor after giving the right company code."""
    answer = visitor.post(f"/{organization.slug}", {"code": organization.company_code})
    assert answer.status_code == 302
    return visitor


@pytest.fixture
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests type faster than people."""
    monkeypatch.setattr("maru.helpcenter.views.request.LEAST_SECONDS", 0)


@pytest.fixture
def send(organization: Organization, no_hurry: None) -> Callable[..., Any]:
    """``send(client, title=…)`` opens the form, fills it in and sends it; fields of ``None`` are left out."""

    def fill(client: Client, *, stamp: str = "", files: Any = (), **changed: Any) -> Any:
        stamp = stamp or stamp_of(client.get(f"/{organization.slug}/request"))
        fields = {key: value for key, value in {**GOOD, **changed}.items() if value is not None}
        extra = {"files": list(files)} if files else {}
        return client.post(f"/{organization.slug}/request", {**fields, "stamp": stamp, **extra})

    return fill


def stamp_of(response: Any) -> str:
    """The hidden one-time field of a page's form."""
    found = re.search(r'name="stamp" value="([^"]+)"', response.content.decode())
    assert found, response.content.decode()[:2000]
    return found[1]


def old_stamp(purpose: str, age: float) -> str:
    """A stamp made ``age`` seconds ago."""
    made = time.time() - age
    return robots.signing.TimestampSigner(salt=f"maru.form.{purpose}").sign(f"nonce{age}.{made:.2f}")


def text_file(name: str = "note.txt", content: bytes = "메모".encode()) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/plain")


def tickets_of(organization: Organization) -> list[Ticket]:
    with tenant(organization.id):
        return list(Ticket.objects.order_by("id"))
