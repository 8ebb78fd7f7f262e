"""Heads of mails that lie about their sender, or are merely odd."""

from dataclasses import replace
from typing import Any

import pytest

from maru.accounts.roles import member_actor
from maru.channels.kinds.mail.delivery import build
from maru.channels.kinds.mail.tests.conftest import Deliver, letter
from maru.channels.kinds.mail.tests.test_intake import Outbox, tickets
from maru.core.tenancy import tenant
from maru.tickets.commands import reply

pytestmark = pytest.mark.django_db


def test_a_spoofed_sender_gets_no_receipt_and_speaks_for_nobody(
    organization: Any, deliver: Deliver, outbox: Outbox, agent: Any, settings: Any
) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, authserv_id="mx.ours")
    forged = "Authentication-Results: mx.ours; dmarc=fail header.from=customer.example\n"
    deliver(forged + letter())
    deliver(
        forged
        + letter(
            sender=f"Agent <{agent.account.email}>",
            subject="Fwd: 환불",
            body="---------- Forwarded message ---------\nFrom: Lee <lee@victim.example>\nSubject: 환불\nTo: x@y.example\n\n환불",
        )
    )
    assert outbox() == []
    assert [ticket.requester_email for ticket in tickets(organization)] == ["kim@customer.example", agent.account.email]


def test_an_odd_message_id_does_not_keep_our_answer_here(
    organization: Any, deliver: Deliver, outbox: Outbox, agent: Any
) -> None:
    deliver(letter(message_id="a\x01b@customer.example"))
    (ticket,) = tickets(organization)
    reply(member_actor(agent), ticket_id=ticket.id, text="네")
    with tenant(organization.id):
        assert build(outbox("reply")[0])
