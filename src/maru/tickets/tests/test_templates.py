"""Prepared answers: kept by managers, found by code, filled in for the ticket at hand."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction

from maru.accounts.roles import member_actor
from maru.core.errors import Forbidden, Invalid, NotFound
from maru.core.ids import show_ticket_number
from maru.core.models import AuditEntry
from maru.core.tenancy import tenant
from maru.testing.makers import make_member, make_organization, make_ticket
from maru.tickets.commands.templates import delete_template, save_template
from maru.tickets.merging import CODES, fill_html, fill_text, offered
from maru.tickets.models import AnswerTemplate, Message
from maru.tickets.tests.desk import fresh, url

JSON = {"accept": "application/json"}
ALL = "<p>#{ticket.number} #{ticket.title} #{customer.name} #{agent.name} #{organization.name} #{un.known}</p>"

pytestmark = pytest.mark.row("TPL-01")


def test_codes_are_filled_in_and_nothing_they_hold_becomes_html() -> None:
    values = {"customer.name": '<img src=x onerror="alert(1)">', "ticket.title": "a & b"}
    filled = fill_html("<p>#{customer.name} #{ ticket.title } #{ticket.number}</p>", values)
    assert "<img" not in filled
    assert "a &amp; b" in filled
    assert "#{ticket.number}" in filled, "what is not known stays to be seen"
    assert fill_text("#{ticket.title}", values) == "a & b"
    assert fill_text("#{customer.name}", {"customer.name": "#{ticket.title}", **values}) == values["customer.name"]
    assert [code for code, _meaning in offered()] == [f"#{{{code}}}" for code in CODES]


@pytest.mark.row("TKT-03")
def test_a_template_for_a_ticket(organization: Any, admin: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    template = save_template(member_actor(admin), title="접수 확인", code="/접수", html=ALL)
    assert template.code == "접수"
    ticket = make_ticket(title="<b>환불</b>")
    client = client_of(agent)
    for typed in ("접", "/접수", "확인"):
        items = client.get(f"/desk/ab/templates?ticket={ticket.number}&q={typed}", headers=JSON).json()["items"]
        assert items == [{"id": str(template.id), "name": "접수 확인", "note": "접수"}]
    assert client.get("/desk/ab/templates?q=없는것", headers=JSON).json() == {"items": []}
    html = client.get(f"/desk/ab/templates/{template.id}?ticket={ticket.number}").json()["html"]
    shown = show_ticket_number(ticket.number)
    assert f"{shown} &lt;b&gt;환불&lt;/b&gt; 김서연 agent AB Company #{{un.known}}" in html
    plain = client.get(f"/desk/ab/templates?ticket={ticket.number}").content.decode()
    assert f"/desk/ab/tickets/{ticket.number}?template={template.id}" in plain
    page = client.get(url(ticket, f"?template={template.id}")).content.decode()
    assert f"{shown} &lt;b&gt;환불&lt;/b&gt; 김서연 agent" in page, "without scripts the text stands in the form"


def test_a_customer_without_a_name(organization: Any, admin: Any, client_of: Any) -> None:
    template = save_template(member_actor(admin), title="인사", html="<p>#{customer.name}</p>")
    for language, word in (("", "고객"), ("ja", "お客"), ("en", "customer")):
        ticket = make_ticket(organization, name="", email="a@b.example", language=language)
        html = client_of(admin).get(f"/desk/ab/templates/{template.id}?ticket={ticket.number}").json()["html"]
        assert html == f"<p>{word}</p>"


@pytest.mark.row("TKT-03")
def test_a_ticket_registered_with_a_template(organization: Any, admin: Any, agent: Any, client_of: Any) -> None:
    template = save_template(member_actor(admin), title="전화", html=ALL)
    client = client_of(agent)
    page = client.get(f"/desk/ab/tickets/new?template={template.id}").content.decode()
    assert "#{ticket.number}" in page, "a ticket that is not there yet has no number"
    assert "agent AB Company" in page
    given = {
        "title": "전화 문의", "body": ALL, "format": "html", "channel": "phone", "priority": "2", "name": "박도윤",
        "service": str(_service(organization)), "assignees": [agent.id],
    }  # fmt: skip
    answer = client.post("/desk/ab/tickets/new", given)
    assert answer.status_code == 302, answer.content.decode()
    with tenant(organization.id):
        message = Message.objects.order_by("-id")[0]
        number = show_ticket_number(message.ticket.number)
    assert f"{number} 전화 문의 박도윤 agent AB Company" in message.html
    assert f"{number} 전화 문의 박도윤 agent AB Company" in message.text


def _service(organization: Any) -> int:
    from maru.organizations.models import Service

    with tenant(organization.id):
        return int(Service.objects.get(slug="help").id)


def test_what_a_stranger_writes_is_not_filled_in(organization: Any) -> None:
    ticket = make_ticket(organization, text="#{agent.name} #{ticket.number}")
    with tenant(organization.id):
        assert Message.objects.get(ticket=ticket).text == "#{agent.name} #{ticket.number}"


def test_templates_in_the_settings(organization: Any, admin: Any, agent: Any, client_of: Any) -> None:
    client = client_of(admin)
    new = "/desk/ab/settings/templates/new"
    hostile = '<p onclick="x()">안녕하세요<script>alert(1)</script> #{customer.name}</p>'
    assert client.post(new, {"title": "인사", "code": "HELLO", "body": hostile, "format": "html"}).status_code == 302
    with tenant(organization.id):
        made = AnswerTemplate.objects.get()
    assert (made.code, made.html) == ("hello", "<p>안녕하세요 #{customer.name}</p>")
    for given, reason in (
        ({"title": "", "body": "x"}, "제목을 입력"),
        ({"title": "인사", "body": "x"}, "같은 제목의 템플릿"),
        ({"title": "둘", "code": "hello", "body": "x"}, "같은 검색 코드"),
        ({"title": "둘", "code": "a b", "body": "x"}, "공백과"),
        ({"title": "둘", "code": "x" * 31, "body": "x"}, "최대 30자"),
        ({"title": "둘" * 81, "body": "x"}, "최대 80자"),
        ({"title": "둘", "body": "  "}, "내용을"),
        ({"title": "둘", "body": "<p></p>", "format": "html"}, "내용을"),
    ):
        answer = client.post(new, {"code": "", "format": "text", **given})
        assert answer.status_code == 422
        assert reason in answer.content.decode(), given
    address = f"/desk/ab/settings/templates/{made.id}"
    assert "안녕하세요" in client.get(address).content.decode()
    changed = {"title": "새 인사", "code": "hello", "body": "첫 줄\n둘째 줄", "format": "text"}
    assert client.post(address, changed).status_code == 302
    with tenant(organization.id):
        assert "첫 줄<br>" in AnswerTemplate.objects.get().html
    assert "새 인사" in client.get("/desk/ab/settings/templates").content.decode()
    plain = client_of(agent)
    assert plain.get("/desk/ab/settings/templates").status_code == 403
    assert plain.post(address, changed).status_code == 403
    assert plain.post(f"{address}/delete").status_code == 403
    assert client.post(f"{address}/delete").status_code == 302
    assert client.post(f"{address}/delete").status_code == 404, "twice"
    with tenant(organization.id):
        actions = list(AuditEntry.objects.filter(object_type="template").values_list("action", flat=True))
    assert actions == ["template.added", "template.changed", "template.deleted"]


def test_two_managers_with_one_title_at_once(django_db_blocker: Any) -> None:
    """Two real connections that commit; the run's database is thrown away afterwards."""
    with django_db_blocker.unblock():
        organization = make_organization("at-once", "At once")
        told: list[dict[str, str]] = []
        first, second = (member_actor(make_member(organization, name, role="manager")) for name in ("one", "two"))

        def be_second() -> None:
            try:
                save_template(second, title="환불 안내", code="refund", text="둘")
            except Invalid as error:
                told.append(error.fields)
            finally:
                connection.close()

        runner = threading.Thread(target=be_second)
        with transaction.atomic():
            save_template(first, title="환불 안내", code="refund", text="하나")
            runner.start()
            deadline = time.monotonic() + 30
            while not _somebody_waits():
                assert time.monotonic() < deadline
                time.sleep(0.01)
        runner.join()
        with tenant(organization.id):
            assert "하나" in AnswerTemplate.objects.get().html
        assert [sorted(fields) for fields in told] == [["code", "title"]]


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


def test_templates_of_another_tenant(
    organization: Any, other_organization: Any, admin: Any, agent: Any, client_of: Any
) -> None:
    template = save_template(member_actor(admin), title="비밀", code="x", html="<p>비밀</p>")
    boss = make_member(other_organization, "boss", role="manager", is_admin=True)
    for act in (
        lambda: save_template(member_actor(boss), template_id=template.id, title="y", text="y"),
        lambda: delete_template(member_actor(boss), template_id=template.id),
    ):
        with pytest.raises(NotFound):
            act()
    client = client_of(boss)
    assert client.get(f"/desk/other/templates/{template.id}").status_code == 404
    assert client.get("/desk/other/templates?q=x", headers=JSON).json() == {"items": []}
    ticket = make_ticket(organization)
    theirs = save_template(member_actor(boss), title="y", text="#{customer.name}")
    assert client.get(f"/desk/other/templates/{theirs.id}?ticket={ticket.number}").status_code == 404
    with pytest.raises(Forbidden):
        save_template(member_actor(agent), title="z", text="z")
    with pytest.raises(Invalid):
        save_template(member_actor(admin), title="\u200b", text="z")
    assert fresh(ticket).title
