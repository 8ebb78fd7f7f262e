"""Sending: each mail arrives whatever the other side does; doubled only when the line dies after its 250."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.mail import get_connection
from django.core.mail import send_mail as django_send_mail

from maru.channels.kinds.mail import delivery
from maru.channels.kinds.mail.tests.conftest import Deliver, letter
from maru.channels.kinds.mail.tests.nasty import NastyServer
from maru.channels.models import OutgoingMail
from maru.core import mailing
from maru.core.actors import system_actor
from maru.core.environment import Relay
from maru.core.files import any_file, store_file
from maru.core.tenancy import tenant
from maru.customers.models import Identity
from maru.tickets.commands import reply

pytestmark = pytest.mark.django_db

Outbox = Callable[..., list[OutgoingMail]]
MESSAGE_ID = re.compile(rb"(?m)^Message-ID: <([^>]+)>")


@pytest.fixture
def relay(settings: Any) -> Callable[[NastyServer], None]:
    """Sends through the given server from now on."""

    def use(server: NastyServer) -> None:
        there = Relay("127.0.0.1", server.port, None, None, False, False)
        settings.ENVIRONMENT = replace(settings.ENVIRONMENT, relay=there)

    return use


@pytest.fixture
def send(organization: Any) -> Callable[[], int]:
    """Sends everything that waits, now."""

    def run() -> int:
        with tenant(organization.id):
            OutgoingMail.objects.filter(due_at__isnull=False).update(due_at="2020-01-01T00:00Z", lease_until=None)
        return delivery.deliver_due()

    return run


@pytest.fixture
def receipt(deliver: Deliver, outbox: Outbox) -> OutgoingMail:
    deliver(letter())
    return outbox()[0]


@pytest.mark.row("EML-06")
def test_a_mail_is_sent_once(receipt: OutgoingMail, relay: Any, send: Any, outbox: Outbox) -> None:
    with NastyServer() as server:
        relay(server)
        send()
        send()
    ((sender, recipient, raw),) = server.accepted
    assert recipient == "kim@customer.example"
    assert sender == receipt.reply_to
    assert MESSAGE_ID.search(raw)[1].decode() == receipt.header_id  # type: ignore[index]
    row = outbox()[0]
    assert (row.state, row.due_at, row.attempts) == (OutgoingMail.State.SENT, None, 1)


@pytest.mark.row("EML-07")
@pytest.mark.parametrize("trouble", ["451", "rcpt450", "mail550", "cut", "mute"])
def test_passing_trouble_is_waited_out(
    trouble: str, receipt: OutgoingMail, relay: Any, send: Any, outbox: Outbox
) -> None:
    with NastyServer([trouble]) as server:
        relay(server)
        send()
        row = outbox()[0]
        assert (row.state, row.attempts) == (OutgoingMail.State.DEFERRED, 1)
        assert row.error
        assert row.due_at is not None
        assert row.lease_until is None
        send()
    assert len(server.accepted) == 1
    assert outbox()[0].state == OutgoingMail.State.SENT
    identifiers = {MESSAGE_ID.search(raw)[1] for raw in server.seen}  # type: ignore[index]
    assert len(identifiers) == 1


def test_a_line_that_dies_after_its_250_doubles_with_one_message_id(
    receipt: OutgoingMail, relay: Any, send: Any
) -> None:
    with NastyServer(["late"]) as server:
        relay(server)
        send()
        send()
    assert len(server.accepted) == 2
    assert server.accepted[0][2] == server.accepted[1][2]


@pytest.mark.row("EML-07")
def test_a_refused_address_is_given_up_and_flagged(
    organization: Any, receipt: OutgoingMail, relay: Any, send: Any, outbox: Outbox
) -> None:
    with NastyServer(["rcpt550"]) as server:
        relay(server)
        send()
        assert send() == 0
    row = outbox()[0]
    assert row.state == OutgoingMail.State.FAILED
    assert row.error == "550 5.1.1 unknown user"
    with tenant(organization.id):
        assert Identity.objects.get(value="kim@customer.example").undeliverable_at is not None


def test_trouble_beyond_three_days_is_given_up(
    organization: Any, receipt: OutgoingMail, relay: Any, send: Any, outbox: Outbox
) -> None:
    with tenant(organization.id):
        OutgoingMail.objects.update(created_at="2020-01-01T00:00Z")
    with NastyServer(["451"]) as server:
        relay(server)
        send()
    assert outbox()[0].state == OutgoingMail.State.FAILED


def test_two_senders_never_take_one_row(organization: Any, receipt: OutgoingMail) -> None:
    with tenant(organization.id):
        OutgoingMail.objects.update(due_at="2020-01-01T00:00Z")
    assert len(delivery._claim(10)) == 1
    assert delivery._claim(10) == []


def test_without_a_relay_the_postbox_is_the_world(receipt: OutgoingMail, send: Any, outbox: Outbox) -> None:
    send()
    assert outbox()[0].state == OutgoingMail.State.SENT


def test_on_a_public_host_mail_waits_for_a_relay(
    receipt: OutgoingMail, send: Any, outbox: Outbox, settings: Any
) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, host="192.0.2.1")
    send()
    row = outbox()[0]
    assert row.state == OutgoingMail.State.DEFERRED
    assert "MARU_RELAY_URL" in row.error


@pytest.mark.row("TKT-14")
def test_an_answer_carries_its_files_and_pictures(
    organization: Any, deliver: Deliver, outbox: Outbox, relay: Any, send: Any
) -> None:
    row = deliver(letter())
    actor = system_actor(organization.id, name="박상담")
    stored = store_file(actor, name="안내.pdf", source=b"%PDF-1.4 x", allowed=any_file())
    reply(actor, ticket_id=row.ticket_id, html="<p>안내문을 보내 드립니다.</p>", file_ids=[stored.id])
    with NastyServer() as server:
        relay(server)
        send()
    from maru.channels.kinds.mail.parse.reader import read_mail

    sent = [read_mail(raw) for _sender, _recipient, raw in server.accepted]
    answer = sent[-1]
    assert "안내문을 보내 드립니다." in answer.text  # type: ignore[union-attr]
    assert [file.name for file in answer.attachments] == ["안내.pdf"]  # type: ignore[union-attr]
    assert answer.sender.name == "박상담 (AB Company)"  # type: ignore[union-attr]
    assert outbox("reply")[0].headers["In-Reply-To"]


def test_other_apps_send_by_the_slot_and_by_django(organization: Any, admin: Any, outbox: Outbox) -> None:
    mailing.send_mail(
        organization_id=organization.id, purpose="invitation", recipient="new@x.example", subject="초대", text="오세요"
    )
    backend = get_connection("maru.channels.outgoing.OutboxBackend")
    django_send_mail("Reset", "https://example.com/reset", None, [admin.account.email], connection=backend)
    invitation, reset = outbox()
    assert (invitation.purpose, invitation.recipient, invitation.sender) == (
        "invitation",
        "new@x.example",
        "help@ab.maru.localhost",
    )
    assert (reset.recipient, reset.is_automatic) == (admin.account.email, True)
    assert "https://example.com/reset" in reset.text
