"""Several people in one ticket: To, Cc, Bcc, replies to all, forwarded mail."""

from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.test import Client

from maru.accounts.roles import member_actor
from maru.channels.kinds.mail.delivery import build
from maru.channels.kinds.mail.tests.conftest import Deliver, letter
from maru.channels.models import OutgoingMail, RawMail
from maru.core.actors import system_actor
from maru.core.errors import Invalid
from maru.core.models import Event
from maru.core.tenancy import tenant
from maru.helpcenter.commands import submit_answer
from maru.inboxes.models import Mailbox
from maru.organizations.models import Service
from maru.tickets.commands import (
    accept_held,
    add_participant,
    dismiss_held,
    hold_message,
    remove_participant,
    reply,
    set_requester,
)
from maru.tickets.links import status_path
from maru.tickets.models import Message, Participant, Ticket
from maru.tickets.tests.desk import url
from maru.tickets.values import Copy, Requester

pytestmark = pytest.mark.django_db

Outbox = Callable[..., list[OutgoingMail]]
KIM, LEE, BOSS, NEW = "kim@customer.example", "lee@customer.example", "boss@customer.example", "new@customer.example"


def ticket_of(organization: Any) -> Ticket:
    with tenant(organization.id):
        return Ticket.objects.order_by("-id").first()


def seats(ticket: Ticket) -> dict[str, tuple[str, bool]]:
    with tenant(ticket.organization_id):
        return {row.address: (row.role, row.is_confirmed) for row in Participant.objects.filter(ticket=ticket)}


def head(row: OutgoingMail) -> Any:
    with tenant(row.organization_id):
        return message_from_bytes(build(row), policy=policy.default)


@pytest.fixture
def asked(organization: Any, deliver: Deliver) -> Ticket:
    deliver(letter(message_id="first@customer.example"))
    return ticket_of(organization)


@pytest.mark.row("EML-11")
def test_everybody_sees_the_copies_and_nobody_the_blind_ones(agent: Any, asked: Ticket, outbox: Outbox) -> None:
    copies = [Copy(LEE, "이 대리"), Copy(BOSS, "Boss, the", is_blind=True)]
    reply(member_actor(agent), ticket_id=asked.id, text="답변입니다.", copies=copies)
    mails = outbox("reply")
    assert [mail.recipient for mail in mails] == [KIM, LEE, BOSS]
    assert len({mail.reply_to for mail in mails}) == 3
    for mail in mails:
        message = head(mail)
        assert [found.addr_spec for found in message["to"].addresses] == [KIM]
        assert [(found.display_name, found.addr_spec) for found in message["cc"].addresses] == [("이 대리", LEE)]
        assert message["reply-to"].addresses[0].addr_spec == mail.reply_to
        assert BOSS not in build_text(mail)
        assert "bcc" not in message


def build_text(row: OutgoingMail) -> str:
    with tenant(row.organization_id):
        return build(row).decode("utf-8", "replace")


@pytest.mark.row("EML-11")
def test_a_reply_to_all_joins_once(
    organization: Any, agent: Any, asked: Ticket, deliver: Deliver, outbox: Outbox
) -> None:
    reply(member_actor(agent), ticket_id=asked.id, text="답변", copies=[Copy(LEE), Copy(BOSS, is_blind=True)])
    first, second, _blind = outbox("reply")
    everybody = f"{first.reply_to}, {KIM}, help@ab.maru.localhost"
    mail = letter(f"Lee <{LEE}>", body="전체 회신입니다.", message_id="all@customer.example").replace(
        "To: help@ab.maru.localhost", f"To: {second.reply_to}, {everybody}\nCc: {NEW}, {LEE}"
    )
    for way in (second.reply_to, first.reply_to, "help@ab.maru.localhost"):
        deliver(mail, to=way)
    with tenant(organization.id):
        assert Ticket.objects.count() == 1
        said = list(Message.objects.filter(ticket=asked, kind="customer").values_list("author_address", flat=True))
        states = list(RawMail.objects.order_by("id").values_list("state", "reason"))
    assert said == [KIM, LEE]
    assert states[1:] == [("done", ""), ("ignored", "delivered twice"), ("ignored", "delivered twice")]
    assert seats(asked) == {
        KIM: ("requester", True),
        LEE: ("copy", True),
        BOSS: ("blind", True),
        NEW: ("copy", False),
    }, "whom a mail names waits for staff; addresses of ours never take part"


@pytest.mark.row("EML-11")
def test_a_blind_copy_may_answer_too(
    organization: Any, agent: Any, asked: Ticket, deliver: Deliver, outbox: Outbox
) -> None:
    reply(member_actor(agent), ticket_id=asked.id, text="답변", copies=[Copy(BOSS, is_blind=True)])
    deliver(letter(f"Boss <{BOSS}>", body="저도 봅니다."), to=outbox("reply")[-1].reply_to)
    with tenant(organization.id):
        assert Message.objects.filter(ticket=asked, author_address=BOSS, kind="customer").exists()


def page(ticket: Ticket, address: str) -> str:
    """The status page as the holder of ``address``'s link reads it."""
    text: str = Client().get(status_path("ab", ticket.number, address), follow=True).content.decode()
    return text


def thread_of(row: OutgoingMail) -> str:
    message = head(row)
    return f"{message['in-reply-to'] or ''} {message['references'] or ''}"


@pytest.mark.row("EML-11")
def test_nobody_learns_of_a_blind_copy_by_what_it_writes(
    agent: Any, asked: Ticket, deliver: Deliver, outbox: Outbox, client_of: Any
) -> None:
    actor = member_actor(agent)
    reply(actor, ticket_id=asked.id, text="답변", copies=[Copy(LEE), Copy(BOSS, is_blind=True)])
    deliver(
        letter(f"Boss <{BOSS}>", body="CANARY-BLIND", message_id="blind@boss.example"), to=outbox("reply")[-1].reply_to
    )
    deliver(letter(f"Lee <{LEE}>", body="OPEN-WORD", message_id="open@lee.example"), to=outbox("reply")[1].reply_to)
    reply(actor, ticket_id=asked.id, text="둘째 답변")
    for mail in outbox("reply")[3:]:
        mine = mail.recipient == BOSS
        assert "open@lee.example" in thread_of(mail)
        assert ("blind@boss.example" in thread_of(mail)) is mine
        assert mine or BOSS not in build_text(mail)
        assert "CANARY-BLIND" not in mail.text + mail.html
    for address in (KIM, LEE):
        assert "둘째 답변" in page(asked, address)
        assert "OPEN-WORD" in page(asked, address)
        assert "CANARY-BLIND" not in page(asked, address)
        assert "Boss" not in page(asked, address)
    assert "CANARY-BLIND" in page(asked, BOSS), "he reads what he has written"
    assert "CANARY-BLIND" in client_of(agent).get(url(asked)).content.decode()
    # What was written blind stays so when its writer is seen by all from now on, or takes part no more.
    add_participant(actor, ticket_id=asked.id, address=BOSS, role="copy")
    assert "CANARY-BLIND" not in page(asked, KIM)
    remove_participant(actor, ticket_id=asked.id, address=BOSS)
    assert "CANARY-BLIND" not in page(asked, KIM)


@pytest.mark.row("EML-11")
def test_a_blind_copy_answers_unseen_on_the_status_page_too(agent: Any, asked: Ticket) -> None:
    actor = member_actor(agent)
    reply(actor, ticket_id=asked.id, text="답변", copies=[Copy(BOSS, is_blind=True)])
    submit_answer(
        system_actor(asked.organization_id, name="Boss"),
        nonce="n" * 22,
        ticket_id=asked.id,
        address=BOSS,
        content="CANARY-WEB",
        file_ids=[],
        language="ko",
    )
    assert "CANARY-WEB" in page(asked, BOSS)
    assert "CANARY-WEB" not in page(asked, KIM)


@pytest.mark.row("EML-11")
def test_mail_that_was_not_let_in_is_named_to_nobody(
    organization: Any, agent: Any, asked: Ticket, deliver: Deliver, outbox: Outbox
) -> None:
    actor = member_actor(agent)
    reply(actor, ticket_id=asked.id, text="하나")
    way = outbox("reply")[0].reply_to
    for number in (1, 2):
        deliver(
            letter(f"X <x{number}@evil.example>", body=f"글 {number}", message_id=f"x{number}@evil.example"), to=way
        )
    with tenant(organization.id):
        held = list(Message.objects.filter(ticket=asked, kind="held").order_by("id"))
    assert len(held) == 2
    dismiss_held(actor, message_id=held[0].id)
    reply(actor, ticket_id=asked.id, text="둘")
    assert "first@customer.example" in thread_of(outbox("reply")[-1])
    assert "evil.example" not in thread_of(outbox("reply")[-1])


@pytest.mark.row("EML-11")
def test_mailboxes_of_ours_never_take_part(organization: Any, agent: Any, deliver: Deliver) -> None:
    with tenant(organization.id):
        Mailbox(
            service=Service.objects.first(),
            address="support@company.example",
            host="h",
            user_name="support@company.example",
        ).save()
    mail = letter(message_id="both@customer.example").replace(
        "To: help@ab.maru.localhost", f"To: support@company.example\nCc: sales@ab.maru.localhost, {LEE}"
    )
    deliver(mail)
    ticket = ticket_of(organization)
    assert seats(ticket) == {KIM: ("requester", True), LEE: ("copy", False)}
    for own in ("support@company.example", "HELP@ab.maru.localhost"):
        with pytest.raises(Invalid):
            add_participant(member_actor(agent), ticket_id=ticket.id, address=own)
        with pytest.raises(Invalid):
            reply(member_actor(agent), ticket_id=ticket.id, text="글", copies=[Copy(own)])


@pytest.mark.row("EML-11")
def test_the_history_tells_who_changed_what(agent: Any, asked: Ticket, deliver: Deliver, client_of: Any) -> None:
    actor = member_actor(agent)

    def told(action: Callable[[], Any]) -> list[str]:
        with tenant(asked.organization_id):
            before = Event.objects.order_by("-id").values_list("id", flat=True).first()
        action()
        with tenant(asked.organization_id):
            kinds = Event.objects.filter(id__gt=before or 0, kind__startswith="ticket.participants")
            return list(kinds.order_by("id").values_list("kind", flat=True))

    def answer(**more: Any) -> Callable[[], Any]:
        return lambda: reply(actor, ticket_id=asked.id, text="글", **more)

    changed = ["ticket.participants"]
    assert told(answer()) == []
    assert told(answer(copies=[Copy(LEE)])) == changed
    assert told(answer(copies=[Copy(LEE)])) == []
    assert told(answer(copies=[Copy(LEE, is_blind=True)])) == changed
    assert told(answer(without=[LEE])) == changed
    assert told(answer(without=[LEE, KIM])) == []
    mail = letter(body="더 있어요", in_reply_to="first@customer.example", cc=f"{BOSS}, {NEW}")
    assert told(lambda: deliver(mail)) == ["ticket.participants_named"]
    shown = client_of(agent).get(url(asked)).content.decode()
    assert "메일에 <b>2</b>명을 더 지정" in shown
    assert "<b>Kim</b>: 받는 사람 변경" not in shown


@pytest.mark.row("EML-11")
def test_every_way_to_take_part_asks_the_same(
    organization: Any, agent: Any, asked: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = member_actor(agent)

    def held(address: str) -> int:
        message = hold_message(
            system_actor(organization.id),
            ticket_id=asked.id,
            text="글",
            author_name="x",
            author_address=address,
            channel="email",
        )
        return int(message.id)

    own = "help@ab.maru.localhost"
    with pytest.raises(Invalid):
        accept_held(actor, message_id=held(own), as_participant=True)
    with pytest.raises(Invalid):
        set_requester(actor, ticket_id=asked.id, requester=Requester(name="x", email=own))
    monkeypatch.setattr("maru.tickets.commands.participants.MOST", 1)
    waiting = held(LEE)
    with pytest.raises(Invalid):
        accept_held(actor, message_id=waiting, as_participant=True)
    accept_held(actor, message_id=waiting)
    set_requester(actor, ticket_id=asked.id, requester=Requester(name="x", email=BOSS))
    assert seats(asked) == {BOSS: ("requester", True)}, "whoever takes the requester's place needs no more room"


@pytest.mark.row("EML-11")
def test_a_ticket_may_have_several_requesters(agent: Any, asked: Ticket, outbox: Outbox) -> None:
    actor = member_actor(agent)
    add_participant(actor, ticket_id=asked.id, address=LEE, role="requester")
    add_participant(actor, ticket_id=asked.id, address=BOSS)
    add_participant(actor, ticket_id=asked.id, address=BOSS, role="blind")
    add_participant(actor, ticket_id=asked.id, address=KIM, role="blind")
    assert seats(asked) == {KIM: ("requester", True), LEE: ("requester", True), BOSS: ("blind", True)}
    reply(actor, ticket_id=asked.id, text="두 분께", without=[BOSS, KIM])
    mails = outbox("reply")
    assert [mail.recipient for mail in mails] == [KIM, LEE], "the requester's own address stays"
    assert [found.addr_spec for found in head(mails[0])["to"].addresses] == [KIM, LEE]
    assert head(mails[0])["cc"] is None
    with pytest.raises(Invalid):
        add_participant(actor, ticket_id=asked.id, address=LEE, role="owner")


def test_a_name_cannot_add_headers_or_people(agent: Any, asked: Ticket, outbox: Outbox) -> None:
    evil = "x\r\nBcc: victim@else.example\u2028, evil <y@z.example>"
    reply(member_actor(agent), ticket_id=asked.id, text="글", copies=[Copy(LEE, evil)])
    for mail in outbox("reply"):
        message = head(mail)
        assert [found.addr_spec for found in message["cc"].addresses] == [LEE]
        assert "bcc" not in message


def test_too_many_people_are_refused(agent: Any, asked: Ticket) -> None:
    actor = member_actor(agent)
    for start in (0, 20):
        reply(actor, ticket_id=asked.id, text="글", copies=[Copy(f"n{start + n}@x.example") for n in range(20)])
    with pytest.raises(Invalid):
        reply(actor, ticket_id=asked.id, text="글", copies=[Copy(f"m{n}@x.example") for n in range(20)])
    assert len(seats(asked)) == 41


def test_a_mail_cannot_fill_a_ticket_with_strangers(agent: Any, asked: Ticket, deliver: Deliver) -> None:
    for start in range(0, 45, 15):
        named = ", ".join(f"s{start + n}@strangers.example" for n in range(15))
        deliver(letter(body=f"글 {start}", in_reply_to="first@customer.example", cc=named))
    waiting = [address for address, (_role, confirmed) in seats(asked).items() if not confirmed]
    assert len(waiting) == 20
    reply(member_actor(agent), ticket_id=asked.id, text="글", copies=[Copy(f"n{n}@x.example") for n in range(20)])
    assert len(seats(asked)) == 41


@pytest.mark.row("EML-11")
def test_the_composer_adds_and_leaves_out(agent: Any, asked: Ticket, client_of: Any, outbox: Outbox) -> None:
    client = client_of(agent)
    given = {"mode": "reply", "format": "text", "submit": "open"}
    client.post(url(asked, "/messages"), {**given, "body": "하나", "copies": f"이 <{LEE}>", "blind": BOSS})
    assert seats(asked)[LEE] == ("copy", True)
    assert seats(asked)[BOSS] == ("blind", True)
    page = client.get(url(asked)).content.decode()
    assert f'name="without" value="{LEE}"' in page
    assert f'name="without" value="{KIM}"' not in page
    assert "(숨은 참조)" in page
    client.post(url(asked, "/messages"), {**given, "body": "둘", "without": [LEE, KIM]})
    assert seats(asked) == {KIM: ("requester", True), BOSS: ("blind", True)}
    assert [mail.recipient for mail in outbox("reply")][3:] == [KIM, BOSS]
    refused = client.post(url(asked, "/messages"), {**given, "body": "셋", "blind": "nope"})
    assert refused.status_code == 422
    assert "nope" in refused.content.decode()
    client.post(url(asked, "/recipients"), {"do": "add", "address": LEE, "role": "requester"})
    assert seats(asked)[LEE] == ("requester", True)
