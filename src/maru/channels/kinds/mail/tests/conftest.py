"""A post office for tests: mails go in as the SMTP door stores them and are worked in at once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from maru.channels.kinds.mail import processing, smtp
from maru.channels.kinds.mail.parse import ParserPool
from maru.channels.models import OutgoingMail, RawMail
from maru.core.tenancy import tenant

Deliver = Callable[..., RawMail]


@pytest.fixture(scope="session")
def parser() -> Iterator[ParserPool]:
    made = ParserPool(1)
    yield made
    made.close()


@pytest.fixture
def deliver(organization: Any, parser: ParserPool) -> Deliver:
    """``deliver("From: …", to="help@…")`` stores a mail, works it in and returns its row."""

    def run(
        mail: str | bytes, *, to: str = "help@ab.maru.localhost", envelope_from: str = "x@outside.example"
    ) -> RawMail:
        raw = mail.encode() if isinstance(mail, str) else mail
        raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        target = smtp.find_target(to)
        assert target is not None
        smtp.store([target], raw, sender=envelope_from, peer="192.0.2.1", transaction="t")
        with tenant(target.organization_id):
            # One transaction is one moment for the queue's now(); what was stored in it is not due yet.
            RawMail.objects.filter(state=RawMail.State.RECEIVED).update(due_at="2020-01-01T00:00Z")
        processing.Processor(parser).batch()
        with tenant(target.organization_id):
            row: RawMail = RawMail.objects.order_by("-id").first()
            return row

    return run


@pytest.fixture
def outbox(organization: Any) -> Callable[..., list[OutgoingMail]]:
    """``outbox()`` lists what has been queued, oldest first."""

    def listed(purpose: str = "") -> list[OutgoingMail]:
        with tenant(organization.id):
            rows = OutgoingMail.objects.order_by("id")
            return list(rows.filter(purpose=purpose) if purpose else rows)

    return listed


def letter(
    sender: str = "Kim <kim@customer.example>", subject: str = "환불 문의", body: str = "환불해 주세요.", **headers: str
) -> str:
    """A plain mail; ``in_reply_to="x"`` adds the header In-Reply-To: <x>, others are written as they are."""
    lines = [f"From: {sender}", "To: help@ab.maru.localhost", f"Subject: {subject}"]
    lines.append(f"Message-ID: <{headers.pop('message_id', f'{abs(hash((sender, subject, body)))}@customer.example')}>")
    for name, value in headers.items():
        bracketed = f"<{value}>" if name in ("in_reply_to", "references") else value
        lines.append(f"{name.replace('_', '-').title()}: {bracketed}")
    return "\n".join([*lines, "Content-Type: text/plain; charset=utf-8", "", body])
