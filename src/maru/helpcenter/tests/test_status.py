"""Following a ticket: what a number shows, what a link opens, what nobody gets to see."""

import html
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from maru.accounts.roles import member_actor
from maru.core.actors import system_actor
from maru.core.files import any_file, store_file
from maru.core.ids import new_ticket_number, show_ticket_number
from maru.core.tenancy import tenant
from maru.helpcenter.tests.conftest import stamp_of, text_file, tickets_of
from maru.tickets import commands
from maru.tickets.links import WEB_SENDER, read_link, sign_link, status_path, status_url
from maru.tickets.models import Message, MessageKind, Participant, Stage, Status, Ticket
from maru.tickets.values import Copy

SECRETS = ("환불해주세요", "결제를 취소", "김서연", "seoyeon@objectlab.kr", "010-1234-5678", "이수민", "CANARY")


@pytest.fixture
def ticket(make_ticket: Any) -> Ticket:
    return make_ticket(email="seoyeon@objectlab.kr", phone="010-1234-5678")


@pytest.fixture
def talked(ticket: Ticket, make_member: Any) -> Ticket:
    """A ticket with an answer, a comment and a held mail."""
    staff = member_actor(make_member("이수민", role="agent"))
    commands.reply(staff, ticket_id=ticket.id, html="<p>확인하고 <b>있습니다</b></p>", outcome="hold")
    commands.comment(staff, ticket_id=ticket.id, html="<p>CANARY-COMMENT</p>")
    commands.hold_message(
        system_actor(ticket.organization_id),
        ticket_id=ticket.id,
        text="CANARY-HELD",
        author_name="x",
        author_address="x@evil.example",
        channel="email",
    )
    return ticket


def opened(ticket: Ticket, address: str = "seoyeon@objectlab.kr") -> str:
    return status_path("ab", ticket.number, address)


@pytest.mark.row("TKT-01", "EML-06")
@pytest.mark.parametrize("form", ["{0}", "{1}", "lower", "spaces", "forgiven"])
def test_the_number_in_any_form(ticket: Ticket, visitor: Client, form: str) -> None:
    shown = show_ticket_number(ticket.number)
    typed = {
        "lower": shown.lower(),
        "spaces": f" {shown.replace('-', ' ')} ",
        "forgiven": shown.replace("0", "o").replace("1", "l"),
    }.get(form, form.format(ticket.number, shown))
    answer = visitor.get("/ab/status", {"number": typed})
    assert answer.headers["Location"] == f"/ab/status/{shown}"
    assert visitor.get(f"/ab/status/{typed.strip()}").status_code == 200


@pytest.mark.row("TKT-01", "EML-06")
def test_the_number_shows_progress_and_nothing_private(talked: Ticket, visitor: Client) -> None:
    page = visitor.get(f"/ab/status/{talked.number}").content.decode()
    steps = re.findall(r'<li class="(\w*)[^"]*"( aria-current="step")?><span class="mark".*?<b>([^<]+)</b>', page, re.S)
    assert steps == [
        ("done", "", "접수"),
        ("done", "", "진행중"),
        ("now", ' aria-current="step"', "보류"),
        ("", "", "완료"),
    ]
    assert "현재 단계: 보류" in page
    for secret in SECRETS:
        assert secret not in page
    assert 'name="content"' not in page


def test_the_stepper_moves_in_the_visitors_language(ticket: Ticket, agent: Any) -> None:
    with tenant(ticket.organization_id):
        done = Stage.objects.get(status=Status.RESOLVED)
    commands.set_stage(member_actor(agent), ticket_id=ticket.id, stage_id=done.id)
    page = Client(headers={"accept-language": "ja"}).get(f"/ab/status/{ticket.number}").content.decode()
    assert "現在の進捗：完了" in page
    # A pause nobody made is not ticked off.
    assert re.search(r'<li class=""><span class="mark" aria-hidden="true">3</span><span><b>保留</b>', page)


def test_spam_looks_like_any_other(ticket: Ticket, agent: Any, visitor: Client) -> None:
    before = visitor.get(f"/ab/status/{ticket.number}").content
    commands.mark_spam(member_actor(agent), ticket_id=ticket.id, is_spam=True)
    assert visitor.get(f"/ab/status/{ticket.number}").content == before


@pytest.mark.row("TKT-01")
def test_anothers_number_is_no_number(
    ticket: Ticket, other_organization: Any, make_ticket: Any, visitor: Client
) -> None:
    foreign = make_ticket(organization=other_organization)
    unknown = show_ticket_number(new_ticket_number())
    theirs = show_ticket_number(foreign.number)

    def seen(number: str, path: str) -> tuple[int, str]:
        answer = visitor.get(path.format(number))
        return answer.status_code, answer.content.decode().replace(number, "N")

    for path in (
        "/ab/status/{}",
        "/ab/status/{}/progress",
        "/ab/status/{}?k=" + sign_link("other", foreign.number, ""),
    ):
        assert seen(theirs, path) == seen(unknown, path)
    assert seen(theirs, "/ab/status/{}")[0] == 404
    assert "이 번호로 접수된 티켓이 없습니다." in seen(theirs, "/ab/status/{}")[1]


@pytest.mark.parametrize("typed", ["T-1", "x" * 5000, "'; drop table", "T-UUUU-UUUU-UUUU", "\u202eT", "<b>"])
def test_what_is_no_number(organization: Any, visitor: Client, typed: str) -> None:
    answer = visitor.get("/ab/status", {"number": typed})
    assert answer.status_code == 404
    assert "<b>" not in answer.content.decode().split('name="number"')[1].split(">")[0]


@pytest.mark.row("TKT-01")
def test_a_thousand_numbers(ticket: Ticket) -> None:
    thief = Client(headers={"accept-language": "ko"}, REMOTE_ADDR="2001:db8:0:1::7")
    answers = [thief.get(f"/ab/status/{new_ticket_number()}").status_code for _time in range(60)]
    assert answers[:30] == [404] * 30
    assert set(answers[31:]) == {429}
    assert thief.get(f"/ab/status/{ticket.number}").status_code == 429
    moved = Client(headers={"accept-language": "ko"}, REMOTE_ADDR="2001:db8:0:1:ffff::1")
    assert moved.get(f"/ab/status/{ticket.number}").status_code == 429
    honest = Client(headers={"accept-language": "ko"}, REMOTE_ADDR="2001:db8:0:2::7")
    assert honest.get(f"/ab/status/{ticket.number}").status_code == 200


def test_the_link_opens_the_conversation(talked: Ticket, visitor: Client) -> None:
    answer = visitor.get(opened(talked))
    page = answer.content.decode()
    assert "환불해주세요" in page
    assert "<b>있습니다</b>" in page
    assert "CANARY" not in page
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not answer.cookies


def test_links_that_open_nothing_more(talked: Ticket, make_ticket: Any, visitor: Client) -> None:
    own = "seoyeon@objectlab.kr"
    other = make_ticket(email=own)
    good = sign_link("ab", talked.number, own)
    for token in (
        "",
        "x",
        "é",
        good[:-1],
        good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        good.swapcase(),
        sign_link("ab", other.number, own),
        sign_link("other", talked.number, own),
        sign_link("ab", talked.number, "stranger@example.com"),
        sign_link("ab", talked.number, WEB_SENDER),
        sign_link("ab", talked.number, own, days=-1),
    ):
        answer = visitor.get(f"/ab/status/{talked.number}", {"k": token})
        assert answer.status_code == 200
        assert "환불해주세요" not in answer.content.decode(), token
    assert read_link(good, "ab", talked.number)
    assert status_url("ab", talked.number).endswith(f"/ab/status/{show_ticket_number(talked.number)}")


def test_who_no_longer_takes_part(talked: Ticket, visitor: Client) -> None:
    with tenant(talked.organization_id):
        Participant.objects.filter(ticket=talked).update(is_confirmed=False)
    assert "환불해주세요" not in visitor.get(opened(talked)).content.decode()


def test_a_copied_person_sees_what_came_after(ticket: Ticket, agent: Any, visitor: Client) -> None:
    commands.reply(
        member_actor(agent), ticket_id=ticket.id, html="<p>함께 보냅니다</p>", copies=[Copy("lee@example.com", "이")]
    )
    page = visitor.get(opened(ticket, "lee@example.com")).content.decode()
    assert "함께 보냅니다" in page
    assert "결제를 취소" not in page


def test_automatic_mail_never_shows(ticket: Ticket, visitor: Client) -> None:
    with tenant(ticket.organization_id):
        Message(
            ticket=ticket, kind=MessageKind.CUSTOMER, channel="email", text="Your code is 493021", is_automatic=True
        ).save()
    assert "493021" not in visitor.get(opened(ticket)).content.decode()


def test_hostile_words_are_words(ticket: Ticket, visitor: Client) -> None:
    with tenant(ticket.organization_id):
        hostile = (
            '<p onclick="x()" style="position:fixed">a<img src="https://evil.example/x.png"><script>1</script></p>'
        )
        Message(ticket=ticket, kind=MessageKind.REPLY, channel="web", text="a", html=hostile).save()
        Message(
            ticket=ticket, kind=MessageKind.CUSTOMER, channel="email", text="<script>2</script>", html=hostile
        ).save()
    page = visitor.get(opened(ticket)).content.decode()
    for wrong in ("evil.example", "onclick", "position:fixed", "<script>1", "<script>2"):
        assert wrong not in page


def answer_with(client: Client, ticket: Ticket, **changed: Any) -> Any:
    path = opened(ticket)
    fields = {
        "content": "추가로 말씀드립니다",
        "k": path.split("?k=")[1],
        "stamp": stamp_of(client.get(path)),
        **changed,
    }
    return client.post(f"/ab/status/{ticket.number}/answer", fields)


def test_writing_back(talked: Ticket, agent: Any, visitor: Client) -> None:
    commands.resolve_internally(member_actor(agent), ticket_id=talked.id)
    answer = answer_with(visitor, talked, files=[text_file("photo.txt")])
    assert answer.status_code == 302
    page = visitor.get(answer.headers["Location"].split("#")[0]).content.decode()
    assert "추가로 말씀드립니다" in page
    assert "photo.txt" in page
    with tenant(talked.organization_id):
        talked.refresh_from_db()
        message = Message.objects.latest("id")
    assert talked.status < Status.RESOLVED
    assert (message.kind, message.channel, message.author_address) == ("customer", "web", "seoyeon@objectlab.kr")


def test_writing_back_badly(talked: Ticket, visitor: Client) -> None:
    with tenant(talked.organization_id):
        before = Message.objects.count()
    empty = answer_with(visitor, talked, content=" \u200b ", files=[text_file("kept.txt")])
    assert "내용을 입력해 주세요." in empty.content.decode()
    assert "kept.txt" in empty.content.decode()
    bad = answer_with(visitor, talked, files=[text_file("a.exe", b"MZ")])
    assert "추가로 말씀드립니다" in bad.content.decode()
    assert answer_with(visitor, talked, stamp="forged").status_code == 422
    for token in ("", sign_link("ab", talked.number, "x@y.kr")):
        assert answer_with(visitor, talked, k=token).status_code == 404
    with tenant(talked.organization_id):
        assert Message.objects.count() == before


def test_writing_back_twice_is_once(talked: Ticket, visitor: Client) -> None:
    stamp = stamp_of(visitor.get(opened(talked)))
    for _time in range(3):
        assert answer_with(visitor, talked, stamp=stamp).status_code == 302
    with tenant(talked.organization_id):
        assert Message.objects.filter(text__startswith="추가로").count() == 1


def test_a_ticket_closed_for_good_gets_a_linked_new_one(organization: Any, talked: Ticket, visitor: Client) -> None:
    with tenant(talked.organization_id):
        Ticket.objects.update(status=Status.CLOSED, closed_at=timezone.now() - timedelta(days=99))
    answer = answer_with(visitor, talked)
    old, new = tickets_of(organization)
    assert new.linked_to_id == old.id
    assert new.title == "다시 문의: 환불해주세요"
    assert "추가로 말씀드립니다" in visitor.get(answer.headers["Location"].split("#")[0]).content.decode()


def test_files_of_the_conversation(talked: Ticket, agent: Any, visitor: Client) -> None:
    staff = member_actor(agent)
    public = store_file(staff, name="견적서.txt", source=b"x", allowed=any_file())
    private = store_file(staff, name="메모.txt", source=b"x", allowed=any_file())
    commands.reply(staff, ticket_id=talked.id, html="<p>첨부</p>", file_ids=[public.id])
    commands.comment(staff, ticket_id=talked.id, html="<p>내부</p>", file_ids=[private.id])
    page = html.unescape(visitor.get(opened(talked)).content.decode())
    found = re.search(r'href="(/ab/files/[^"]+)"', page)
    assert found
    download = visitor.get(found[1])
    assert download.headers["Content-Disposition"].startswith("attachment;")
    assert download.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    token = opened(talked).split("?k=")[1]
    for path, query in (
        (f"/ab/files/{private.token}", {"n": talked.number, "k": token}),
        (f"/ab/files/{public.token}", {"n": talked.number, "k": ""}),
        (f"/ab/files/{public.token}", {"n": talked.number}),
        (f"/ab/files/{public.token}", {"k": token}),
        ("/ab/files/guess", {"n": talked.number, "k": token}),
    ):
        assert visitor.get(path, query).status_code == 404, path


def test_the_live_part(talked: Ticket, agent: Any, visitor: Client) -> None:
    path = opened(talked).replace("?", "/progress?")
    tag = re.search(r"data-tag='([^']+)'", visitor.get(opened(talked)).content.decode())
    assert tag
    known = {"if-none-match": html.unescape(tag[1])}
    same = visitor.get(path, headers=known)
    assert (same.status_code, same.content) == (304, b"")
    commands.comment(member_actor(agent), ticket_id=talked.id, html="<p>내부</p>")
    assert visitor.get(path, headers=known).status_code == 304
    commands.reply(member_actor(agent), ticket_id=talked.id, html="<p>완료했습니다</p>", outcome="resolve")
    fresh = visitor.get(path, headers=known)
    assert fresh.status_code == 200
    assert "완료했습니다" in fresh.content.decode()
    assert "<html" not in fresh.content.decode()
    assert "완료했습니다" not in visitor.get(f"/ab/status/{talked.number}/progress").content.decode()


def test_questions_to_the_database(talked: Ticket, visitor: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(13):
        visitor.get(f"/ab/status/{talked.number}")
    with django_assert_max_num_queries(18):
        visitor.get(opened(talked))


def test_links_last_ninety_days(ticket: Ticket) -> None:
    proof = read_link(sign_link("ab", ticket.number, "A@b.kr"), "ab", ticket.number)
    assert proof
    assert proof.is_for("a@B.kr ")
    assert not proof.is_for("a@b.krx")
    assert 89 * 86_400 < proof.expires - time.time() < 91 * 86_400
