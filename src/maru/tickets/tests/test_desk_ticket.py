"""The open ticket: reading, acting, and everything that must not get through."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from maru.accounts.models import Group, GroupMember
from maru.accounts.roles import member_actor
from maru.core.actors import requester_actor
from maru.core.html import sanitise
from maru.core.tenancy import tenant
from maru.testing.makers import make_member
from maru.tickets import commands
from maru.tickets.models import IntakeCategory, Message, Participant, Stage
from maru.tickets.tests.desk import HTMX, customer_writes, fresh, url
from maru.tickets.values import MailFacts


def test_the_page_shows_the_conversation(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(title="환불해주세요", text="결제를 취소해 주세요.", email="kim@x.example")
    page = client_of(agent).get(url(ticket)).content.decode()
    for text in ("환불해주세요", "결제를 취소해 주세요.", "kim@x.example", "답변", "내부 메모", "해결"):
        assert text in page
    assert client_of(agent).get(url(ticket).lower()).status_code == 200, "numbers are forgiving"


def test_htmx_gets_the_pane_alone(agent: Any, make_ticket: Any, client_of: Any) -> None:
    page = client_of(agent).get(url(make_ticket()), headers=HTMX).content.decode()
    assert page.lstrip().startswith('<div id="main"')
    assert "<html" not in page


def test_the_page_needs_few_statements_for_any_length(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    client = client_of(agent)

    def count() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert client.get(url(ticket)).status_code == 200
        return len([q for q in caught.captured_queries if "SAVEPOINT" not in q["sql"] and "set_config" not in q["sql"]])

    client.get(url(ticket))
    few = count()
    for n in range(9):
        customer_writes(ticket, f"Nachricht {n}")
    commands.reply(member_actor(agent), ticket_id=ticket.id, text="…")
    assert count() <= few + 1
    assert few <= 18


@pytest.mark.row("TKT-04")
def test_take_assign_forward_and_take_off(
    organization: Any, agent: Any, make_member: Any, make_ticket: Any, client_of: Any
) -> None:
    other, ticket = make_member("other"), make_ticket()
    with tenant(organization.id):
        group = Group(name="결제")
        group.save()
        GroupMember(group=group, member=other).save()
    mine, theirs = client_of(agent), client_of(other)
    mine.post(url(ticket, "/take"))
    assert fresh(ticket).assignee_id == agent.id
    told = theirs.post(url(ticket, "/take"), follow=True).content.decode()
    assert "agent 님이 조금 먼저" in told
    mine.post(url(ticket, "/assign"), {"member": other.id})
    mine.post(url(ticket, "/unassign"), {"member": agent.id})
    assert fresh(ticket).assignee_id == other.id
    theirs.post(url(ticket, "/forward"), {"group": group.id, "comment": "부탁드립니다"})
    after = fresh(ticket)
    assert (after.group_id, after.assignee_id, after.last_comment) == (group.id, None, "부탁드립니다")


@pytest.mark.row("TKT-04")
def test_forwarding_needs_its_permission(make_member: Any, make_ticket: Any, client_of: Any) -> None:
    bound, ticket = make_member("bound", may_forward=False), make_ticket()
    assert client_of(bound).post(url(ticket, "/forward"), {"group": "1"}).status_code == 403
    assert "forward-dialog" not in client_of(bound).get(url(ticket)).content.decode()


@pytest.mark.row("TKT-02", "TKT-08")
def test_fields_change_and_the_history_tells(organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket, client = make_ticket(), client_of(agent)
    with tenant(organization.id):
        stage = Stage.objects.get(status=3)
        category = IntakeCategory.objects.first()
    client.post(url(ticket, "/stage"), {"stage": stage.id})
    client.post(url(ticket, "/priority"), {"priority": "4"})
    client.post(url(ticket, "/category"), {"category": category.id})
    client.post(url(ticket, "/title"), {"title": "새 제목"})
    after = fresh(ticket)
    assert (after.stage_id, after.priority, after.category_name, after.title) == (stage.id, 4, category.name, "새 제목")
    page = client.get(url(ticket, "?tab=events")).content.decode()
    for text in ("단계", "우선순위", "접수유형", "새 제목", "티켓 접수"):
        assert text in page
    for wrong in ({"stage": "999999"}, {"stage": "x"}):
        assert client.post(url(ticket, "/stage"), wrong, follow=True).status_code == 200
    assert fresh(ticket).stage_id == stage.id


def test_htmx_actions_answer_what_changed(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    page = client_of(agent).post(url(ticket, "/take"), {"after": "0", "since": "0"}, headers=HTMX).content.decode()
    assert 'id="pulse"' in page
    assert '<hx-partial hx-target="#ticket-head"' in page
    assert "티켓을 가져왔습니다." in page


def test_hostile_mail_is_shown_harmlessly(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(title="<img src=x onerror=alert(1)>", text="<script>alert(2)</script>", name="<b>x</b>")
    customer_writes(
        ticket, "", html='<a href="javascript:alert(3)" onclick="alert(4)">x</a><iframe src="//evil"></iframe>'
    )
    page = client_of(agent).get(url(ticket)).content.decode()
    for bad in ("<img src=x", "<script>alert(2)", "javascript:", "onclick=", "<iframe src", "<b>x</b>"):
        assert bad not in page


def test_a_message_of_ten_thousand_lines_is_cut_and_readable_in_full(
    agent: Any, make_ticket: Any, client_of: Any
) -> None:
    ticket = make_ticket(text="\n".join(f"Zeile {n}" for n in range(10_000)))
    client = client_of(agent)
    page = client.get(url(ticket)).content.decode()
    assert "Zeile 149" in page
    assert "Zeile 9999" not in page
    assert len(page) < 120_000
    with tenant(ticket.organization_id):
        message_id = Message.objects.get().id
    whole = client.get(url(ticket, f"/messages/{message_id}"), headers=HTMX).content.decode()
    assert "Zeile 9999" in whole
    assert client.get(url(ticket, f"/messages/{message_id}")).status_code == 200
    assert client.get(url(make_ticket(), f"/messages/{message_id}")).status_code == 404


def test_addresses_of_pictures_elsewhere_never_reach_the_page(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    safe = sanitise('<p>글</p><img src="https://track.example/x.png" alt="로고">')
    mail = MailFacts(1, remote_images=safe.remote_images, quoted="> 옛 글")
    message = customer_writes(ticket, "글", html=safe.html, mail=mail)
    client = client_of(agent)
    page = client.get(url(ticket)).content.decode()
    assert "track.example" not in page
    assert '<span class="no-picture">로고</span>' in page
    assert "옛 글" in page
    whole = client.get(url(ticket, f"/messages/{message.id}?images=1"), headers=HTMX).content.decode()
    assert "track.example" not in whole


@pytest.mark.row("EML-05")
@pytest.mark.parametrize(
    ("choice", "kind", "takes_part"),
    [
        ("join", "customer", True),
        ("accept", "customer", False),
        ("dismiss", "comment", False),
    ],
)
def test_held_mail_waits_for_staff(
    organization: Any, agent: Any, make_ticket: Any, client_of: Any, choice: str, kind: str, takes_part: bool
) -> None:
    ticket = make_ticket()
    held = commands.hold_message(
        requester_actor(organization.id, "?"),
        ticket_id=ticket.id,
        text="저도 같은 문제입니다",
        author_name="동료",
        author_address="peer@else.example",
        channel="email",
    )
    client = client_of(agent)
    assert "저도 같은 문제입니다" in client.get(url(ticket)).content.decode()
    client.post(url(ticket, f"/held/{held.id}"), {"do": choice})
    with tenant(organization.id):
        assert Message.objects.get(id=held.id).kind == kind
        assert Participant.objects.filter(address="peer@else.example").exists() is takes_part
    again = client.post(url(ticket, f"/held/{held.id}"), {"do": choice}, follow=True)
    assert again.status_code == 200, "twice is told, not an error"
    assert client.post(url(make_ticket(), f"/held/{held.id}"), {"do": choice}).status_code == 404


@pytest.mark.row("TKT-08")
def test_earlier_inquiries_of_the_same_customer(agent: Any, make_ticket: Any, client_of: Any) -> None:
    make_ticket(title="예전 문의", email="kim@x.example")
    make_ticket(title="남의 문의", email="lee@x.example")
    page = client_of(agent).get(url(make_ticket(email="kim@x.example"), "?tab=earlier")).content.decode()
    assert "예전 문의" in page
    assert "남의 문의" not in page


@pytest.mark.row("TKT-14")
def test_the_pulse_brings_only_what_is_new(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(text="erste")
    client = client_of(agent)
    after = fresh(ticket).last_message_id
    customer_writes(ticket, "zweite")
    page = client.get(url(ticket, f"/pulse?after={after}&since=0"), headers=HTMX).content.decode()
    assert "zweite" in page
    assert "erste" not in page
    quiet = client.get(url(ticket, f"/pulse?after={fresh(ticket).last_message_id}&since=999999999"), headers=HTMX)
    assert 'hx-target="#msgs"' not in quiet.content.decode()


@pytest.mark.row("TKT-18")
def test_the_time_of_closing_is_shown(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    commands.reply(member_actor(agent), ticket_id=ticket.id, text="…", outcome="resolve")
    assert "자동 완료" in client_of(agent).get(url(ticket)).content.decode()


@pytest.mark.row("TKT-17")
def test_a_reopened_ticket_says_so(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    commands.reply(member_actor(agent), ticket_id=ticket.id, text="…", outcome="resolve")
    customer_writes(ticket)
    assert "고객 회신으로 다시 열렸습니다" in client_of(agent).get(url(ticket)).content.decode()
    assert fresh(ticket).assignee_id == agent.id


def test_every_action_of_another_tenants_ticket_is_404(
    agent: Any, other_organization: Any, make_ticket: Any, client_of: Any
) -> None:
    ticket = make_ticket()
    outsider = client_of(make_member(other_organization, "outsider", role="manager"))
    changes = ("take", "assign", "unassign", "forward", "stage", "priority", "category", "title", "requester", "spam")
    writes = ("note", "recipients", "resolve-internally", "messages", "draft", "preview", "held/1")
    for action in (*changes, *writes):
        for slug in ("ab", "other"):
            path = f"/desk/{slug}/tickets/{ticket.number}/{action}"
            assert outsider.post(path, {"body": "x", "stage": "1"}).status_code == 404, path
    for page in ("", "/pulse", "/thread", "/row", "/linked", "/messages/1"):
        assert outsider.get(f"/desk/other/tickets/{ticket.number}{page}").status_code == 404
    assert fresh(ticket).updated_by_name == "김서연"


def test_actions_refuse_get(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    for action in ("take", "spam", "messages", "draft", "stage"):
        assert client_of(agent).get(url(ticket, f"/{action}")).status_code == 405
