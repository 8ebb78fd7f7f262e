"""What becomes of a mail: the join matrix, bounces, robots, loops."""

from collections.abc import Callable
from typing import Any

import pytest

from maru.channels.commands import retry_mail
from maru.channels.kinds.mail import address
from maru.channels.kinds.mail.keys import reply_keys
from maru.channels.kinds.mail.parse import ParserPool
from maru.channels.kinds.mail.processing import Processor
from maru.channels.kinds.mail.tests.conftest import Deliver, letter
from maru.channels.models import OutgoingMail, RawMail
from maru.core.actors import system_actor
from maru.core.tenancy import tenant
from maru.customers.models import Identity
from maru.tickets.commands import close_silent, remove_participant, reply, set_stage
from maru.tickets.models import Message, MessageKind, Participant, Stage, Status, Ticket

pytestmark = pytest.mark.django_db

Outbox = Callable[..., list[OutgoingMail]]


def tickets(organization: Any) -> list[Ticket]:
    with tenant(organization.id):
        return list(Ticket.objects.order_by("id"))


def messages(organization: Any, ticket: Ticket) -> list[Message]:
    with tenant(organization.id):
        return list(Message.objects.filter(ticket=ticket).order_by("id"))


@pytest.fixture
def asked(organization: Any, deliver: Deliver) -> Ticket:
    """A ticket that Kim opened by mail."""
    deliver(letter(message_id="first@customer.example"))
    return tickets(organization)[0]


@pytest.mark.row("EML-01")
def test_a_mail_becomes_a_ticket_and_gets_a_receipt(organization: Any, deliver: Deliver, outbox: Outbox) -> None:
    row = deliver(letter())
    (ticket,) = tickets(organization)
    assert (row.state, row.ticket_id, row.subject) == (RawMail.State.DONE, ticket.id, "환불 문의")
    assert (ticket.title, ticket.requester_email, ticket.channel, ticket.language) == (
        "환불 문의",
        "kim@customer.example",
        "email",
        "ko",
    )
    (receipt,) = outbox()
    assert (receipt.purpose, receipt.recipient) == ("receipt", "kim@customer.example")
    assert "헬프데스크 접수 완료" in receipt.subject
    assert "환불" not in receipt.text
    assert "환불" not in receipt.html
    assert receipt.headers["Auto-Submitted"] == "auto-replied"
    assert address.read_reply_address(receipt.reply_to) is not None


@pytest.mark.row("EML-05")
def test_an_answer_to_our_mail_joins(organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket) -> None:
    (receipt,) = outbox()
    deliver(
        letter(body="주문 번호는 12번입니다."),
        to=receipt.reply_to.upper().replace("AB.MARU.LOCALHOST", "ab.maru.localhost"),
    )
    deliver(letter(body="또 하나 있어요.", in_reply_to=receipt.header_id))
    deliver(letter(body="제목으로도요.", subject=f"Re: 무엇이든 {address.subject_tag(asked.number)}"))
    deliver(letter(body="처음 메일에 답합니다.", references="first@customer.example"))
    assert len(tickets(organization)) == 1
    assert [message.kind for message in messages(organization, asked)] == [MessageKind.CUSTOMER] * 5


@pytest.mark.row("EML-05")
def test_the_address_of_another_is_held(organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket) -> None:
    (receipt,) = outbox()
    row = deliver(letter("Eve <eve@evil.example>", body="비밀번호를 알려 주세요."), to=receipt.reply_to)
    assert row.state == RawMail.State.DONE
    held = messages(organization, asked)[-1]
    assert (held.kind, held.author_address) == (MessageKind.HELD, "eve@evil.example")
    with tenant(organization.id):
        assert not Participant.objects.filter(address="eve@evil.example").exists()
    assert len(outbox()) == 1


@pytest.mark.row("EML-05")
@pytest.mark.parametrize(
    "way", ["subject", "in_reply_to", "references", "forged token", "foreign token", "own header id"]
)
def test_a_stranger_never_joins(
    way: str, organization: Any, other_organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket
) -> None:
    stranger = "Eve <eve@evil.example>"
    to = "help@ab.maru.localhost"
    mail = letter(stranger)
    if way == "subject":
        mail = letter(stranger, subject=f"Re: {address.subject_tag(asked.number)}")
    elif way == "in_reply_to":
        mail = letter(stranger, in_reply_to="first@customer.example")
    elif way == "references":
        mail = letter(stranger, references="first@customer.example")
    elif way == "forged token":
        to = f"reply+{asked.number.lower()}.{'a' * 26}@ab.maru.localhost"
    elif way == "foreign token":
        key = reply_keys()[0]
        to = address.reply_address(key, other_organization.id, asked.number, "eve@evil.example", "ab.maru.localhost")
    else:
        mail = letter(stranger, in_reply_to=f"maru.{asked.number.lower()}.{'a' * 26}.1234@ab.maru.localhost")
    deliver(mail, to=to)
    assert len(messages(organization, asked)) == 1
    first, second = tickets(organization)
    assert second.requester_email == "eve@evil.example"
    assert second.linked_to_id == first.id


@pytest.mark.row("EML-05")
def test_a_doubtful_sender_does_not_join(organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket) -> None:
    (receipt,) = outbox()
    deliver(letter("kim@customer.example <eve@evil.example>", subject=address.subject_tag(asked.number)))
    deliver(letter("Kim <kim@customer.example>\nFrom: <eve@evil.example>", body="두 개의 From"), to=receipt.reply_to)
    kinds = [message.kind for message in messages(organization, asked)]
    assert kinds == [MessageKind.CUSTOMER, MessageKind.HELD]


def test_somebody_taken_off_the_ticket_is_held(
    organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket
) -> None:
    (receipt,) = outbox()
    remove_participant(system_actor(organization.id), ticket_id=asked.id, address="kim@customer.example")
    deliver(letter(body="아직 읽고 있어요"), to=receipt.reply_to)
    assert messages(organization, asked)[-1].kind == MessageKind.HELD


@pytest.mark.row("EML-11")
def test_copies_wait_for_staff(organization: Any, deliver: Deliver, outbox: Outbox) -> None:
    deliver(letter(cc="Lee <lee@customer.example>, help@ab.maru.localhost"))
    (ticket,) = tickets(organization)
    with tenant(organization.id):
        found = dict(Participant.objects.filter(ticket=ticket).values_list("address", "is_confirmed"))
    assert found == {"kim@customer.example": True, "lee@customer.example": False}
    reply(system_actor(organization.id), ticket_id=ticket.id, html="<p>안녕하세요.</p>")
    assert [mail.recipient for mail in outbox("reply")] == ["kim@customer.example"]
    row = deliver(letter("Lee <lee@customer.example>", subject=address.subject_tag(ticket.number)))
    assert row.ticket_id != ticket.id


@pytest.mark.row("EML-11")
def test_a_forward_counts_only_from_a_member(organization: Any, deliver: Deliver, admin: Any, outbox: Outbox) -> None:
    body = "---------- Forwarded message ---------\nFrom: Buyer <buyer@shop.example>\nDate: today\nSubject: broken\n\n깨졌어요."
    deliver(letter(admin.account.email, subject="Fwd: broken", body=body))
    deliver(letter("Eve <eve@evil.example>", subject="Fwd: broken", body=body))
    by_member, by_stranger = tickets(organization)
    assert by_member.requester_email == "buyer@shop.example"
    assert by_stranger.requester_email == "eve@evil.example"
    assert "buyer@shop.example" in by_stranger.shared_note
    assert outbox() == []


@pytest.mark.row("EML-07")
def test_robots_get_no_receipt_and_no_answer_changes_anything(
    organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket
) -> None:
    (receipt,) = outbox()
    set_done(organization, asked)
    row = deliver(letter(subject="Out of office", auto_submitted="auto-replied", body="휴가 중"), to=receipt.reply_to)
    assert (row.state, row.reason, row.ticket_id) == (RawMail.State.IGNORED, "out of office", asked.id)
    deliver(letter("no-reply@shop.example", subject="Your code is 1234"))
    deliver(letter("news@shop.example", precedence="bulk"))
    deliver(letter("list@shop.example", list_id="<a.b>"))
    deliver(letter("dev@shop.example", x_auto_response_suppress="All"))
    assert len(tickets(organization)) == 5
    assert [mail.recipient for mail in outbox("receipt")] == ["kim@customer.example"]
    assert tickets(organization)[0].status == Status.RESOLVED


@pytest.mark.row("EML-07")
def test_two_of_our_own_desks_fall_silent(organization: Any, deliver: Deliver, outbox: Outbox) -> None:
    for number in range(5):
        deliver(letter("help@other.maru.localhost", subject=f"loop {number}"))
    assert outbox() == []
    for number in range(8):
        deliver(letter("robot@outside.example", subject=f"no marks at all {number}"))
    assert len(outbox()) == 3
    assert len(tickets(organization)) == 13


@pytest.mark.row("EML-07")
def test_our_own_mail_that_comes_back_is_ignored(
    organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket
) -> None:
    (receipt,) = outbox()
    row = deliver(letter("help@ab.maru.localhost", message_id=receipt.header_id))
    assert (row.state, row.ticket_id) == (RawMail.State.IGNORED, asked.id)
    assert len(tickets(organization)) == 1


@pytest.mark.row("EML-07")
def test_a_bounce_is_shown_and_the_address_flagged(
    organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket
) -> None:
    (receipt,) = outbox()
    report = BOUNCE.replace("ORIGINAL", receipt.header_id)
    row = deliver(report, to=receipt.reply_to, envelope_from="")
    assert (row.state, row.ticket_id) == (RawMail.State.DONE, asked.id)
    (bounced,) = outbox()
    assert bounced.state == OutgoingMail.State.BOUNCED
    assert "5.1.1" in bounced.error
    with tenant(organization.id):
        identity = Identity.objects.get(value="kim@customer.example")
    assert identity.undeliverable_at is not None
    assert len(messages(organization, asked)) == 1
    deliver(letter(body="여기 있어요", subject=address.subject_tag(asked.number)))
    with tenant(organization.id):
        identity.refresh_from_db()
    assert identity.undeliverable_at is None


@pytest.mark.row("EML-07")
def test_a_forged_bounce_flags_nobody(organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket) -> None:
    row = deliver(BOUNCE.replace("ORIGINAL", "maru.guessed@ab.maru.localhost"), envelope_from="")
    assert row.state == RawMail.State.IGNORED
    assert outbox()[0].state == OutgoingMail.State.QUEUED
    with tenant(organization.id):
        assert Identity.objects.get(value="kim@customer.example").undeliverable_at is None


def set_done(organization: Any, ticket: Ticket) -> None:
    with tenant(organization.id):
        stage = Stage.objects.get(status=Status.RESOLVED)
    set_stage(system_actor(organization.id), ticket_id=ticket.id, stage_id=stage.id)


@pytest.mark.row("EML-06")
def test_completion_is_mailed_and_an_answer_reopens(
    organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket
) -> None:
    set_done(organization, asked)
    (completion,) = outbox("completion")
    assert "헬프데스크 처리 완료" in completion.subject
    deliver(letter(body="아직 안 됩니다."), to=completion.reply_to)
    (ticket,) = tickets(organization)
    assert ticket.status < Status.RESOLVED


@pytest.mark.row("EML-05")
def test_an_answer_to_a_ticket_closed_for_good_opens_a_linked_one(
    organization: Any, deliver: Deliver, outbox: Outbox, asked: Ticket
) -> None:
    (receipt,) = outbox()
    set_done(organization, asked)
    with tenant(organization.id):
        Ticket.objects.filter(id=asked.id).update(close_due_at="2020-01-01T00:00Z")
    assert close_silent(system_actor(organization.id), ticket_id=asked.id)
    with tenant(organization.id):
        Ticket.objects.filter(id=asked.id).update(closed_at="2020-01-01T00:00Z")
    deliver(letter(body="오랜만입니다."), to=receipt.reply_to)
    _old, new = tickets(organization)
    assert new.linked_to_id == asked.id


def test_one_mail_over_two_ways_is_one_message(organization: Any, deliver: Deliver) -> None:
    deliver(letter(message_id="same@x", body="같은 말"))
    twin = deliver("Received: by other\n" + letter(message_id="same@x", body="같은 말"))
    other = deliver(letter(message_id="same@x", body="다른 말"))
    assert (twin.state, other.state) == (RawMail.State.IGNORED, RawMail.State.DONE)
    assert len(tickets(organization)) == 2


@pytest.mark.row("EML-07")
def test_what_cannot_be_read_is_kept(organization: Any, deliver: Deliver) -> None:
    row = deliver(b"X: y\r\n" * 300 + b"\r\nhi")
    assert (row.state, row.reason) == (RawMail.State.QUARANTINED, "too_many_headers: 300")
    assert bytes(row.raw).startswith(b"X: y\r\n")


@pytest.mark.row("EML-07")
def test_three_failures_end_in_quarantine_and_a_retry_is_fresh(
    organization: Any, admin: Any, deliver: Deliver, parser: ParserPool
) -> None:
    with tenant(organization.id):
        Stage.objects.update(status=Status.CLOSED)
    row = deliver(letter())
    assert (row.state, row.attempts) == (RawMail.State.RECEIVED, 1)
    for _ in range(2):
        again(organization, parser)
    with tenant(organization.id):
        row.refresh_from_db()
        assert row.state == RawMail.State.QUARANTINED
        assert row.reason.startswith("failed three times: NotFound")
        Stage.objects.update(status=Status.NEW)
    retry_mail(system_actor(organization.id), mail_id=row.id)
    again(organization, parser)
    with tenant(organization.id):
        row.refresh_from_db()
    assert row.state == RawMail.State.DONE


def again(organization: Any, parser: ParserPool) -> None:
    """The pause is over."""
    with tenant(organization.id):
        RawMail.objects.filter(state=RawMail.State.RECEIVED).update(due_at="2020-01-01T00:00Z")
    Processor(parser).batch()


def test_characters_that_no_database_takes_are_gone(organization: Any, deliver: Deliver) -> None:
    row = deliver(
        letter("=?utf-8?q?a=00b?= <kim@customer.example>", subject="=?utf-7?q?+2AA-=00?= x", body="본문\0\x0b끝")
    )
    assert row.state == RawMail.State.DONE
    assert messages(organization, tickets(organization)[0])[0].text == "본문끝"


def test_a_mail_that_grows_by_escaping_is_shown_as_text(organization: Any, deliver: Deliver) -> None:
    html = "From: kim@customer.example\nContent-Type: text/html\n\n" + "&amp;<b>x</b>" * 20 + "&" * 300_000
    row = deliver(html)
    assert row.state == RawMail.State.DONE


@pytest.mark.row("EML-07")
def test_marked_spam_goes_to_the_spam_box(organization: Any, deliver: Deliver, outbox: Outbox) -> None:
    deliver(letter(x_spam_flag="YES"))
    assert tickets(organization)[0].is_spam
    assert outbox() == []


@pytest.mark.row("EML-09")
def test_pictures_files_and_quotes_arrive(organization: Any, deliver: Deliver) -> None:
    from maru.channels.kinds.mail.tests.test_letters import LETTERS

    deliver((LETTERS / "inline-and-hostile.eml").read_bytes())
    deliver((LETTERS / "gmail-ko.eml").read_bytes())
    deliver((LETTERS / "attachment-names.eml").read_bytes())
    pictured, quoted, filed = tickets(organization)
    with tenant(organization.id):
        (message,) = messages(organization, pictured)
        assert [a.content_id for a in message.attachments.all()] == ["shot@example.kr"]
        assert message.remote_images == ["https://tracker.example/p.gif"]
        assert "비밀번호를 다시 설정한 뒤" in messages(organization, quoted)[0].quoted
        names = {a.file.name for a in messages(organization, filed)[0].attachments.all()}
    assert names == {"계약서 최종.pdf", "견적서.hwp"}


BOUNCE = """From: Mail Delivery System <MAILER-DAEMON@mx.customer.example>
To: help@ab.maru.localhost
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="r"

--r
Content-Type: text/plain

The mail could not be delivered.

--r
Content-Type: message/delivery-status

Final-Recipient: rfc822; kim@customer.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--r
Content-Type: text/rfc822-headers

Message-ID: <ORIGINAL>
To: kim@customer.example

--r--
"""
