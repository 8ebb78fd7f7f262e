"""The rules of a service: set by managers, obeyed by tickets."""

from datetime import timedelta
from typing import Any

import pytest

from maru.accounts.models import Group, GroupMember
from maru.accounts.roles import member_actor
from maru.core.actors import Permission, system_actor
from maru.core.errors import Forbidden, Invalid
from maru.core.models import AuditEntry, Event
from maru.core.tenancy import tenant
from maru.notifications.models import Note
from maru.organizations.models import Service
from maru.testing.makers import make_member
from maru.tickets import commands
from maru.tickets.models import Assignment, Priority, Status, Ticket
from maru.tickets.tests.desk import customer_writes, fresh, url

PAGE = "/desk/ab/settings/rules"
RULES = {
    "answer_within_hours": "4",
    "close_after_hours": "24",
    "reopen_days": "7",
    "file_limit": "3",
    "file_size_mb": "5",
}


def _resolved(ticket: Ticket, agent: Any) -> None:
    commands.reply(member_actor(agent), ticket_id=ticket.id, text="해결했습니다", outcome="resolve")


@pytest.mark.row("TKT-17", "TKT-18", "TKT-09")
def test_managers_set_the_rules(
    organization: Any, other_organization: Any, service: Any, admin: Any, agent: Any, client_of: Any, make_ticket: Any
) -> None:
    client = client_of(admin)
    assert 'value="72"' in client.get(PAGE).content.decode(), "72 hours unless somebody says otherwise"
    assert client.post(PAGE, {"service": service.id, "escalates_reopened": "1", **RULES}).status_code == 302
    with tenant(organization.id):
        after = Service.objects.get(id=service.id)
        assert AuditEntry.objects.get(action="service.rules_changed").details["changed"]["close_after_hours"] == 24
    assert (after.close_after_hours, after.reopen_days, after.file_limit, after.escalates_reopened) == (24, 7, 3, True)
    for name, value in (
        ("close_after_hours", "0"),
        ("close_after_hours", "a day"),
        ("answer_within_hours", ""),
        ("reopen_days", "-1"),
        ("file_limit", "21"),
        ("file_size_mb", "9" * 30),
    ):
        refused = client.post(PAGE, {"service": service.id, **RULES, name: value})
        assert refused.status_code == 422, name
        assert "정수를 입력" in refused.content.decode()
        assert f'value="{value}"' in refused.content.decode()
    assert client_of(agent).get(PAGE).status_code == 403
    assert client_of(agent).post(PAGE, {"service": service.id, **RULES}).status_code == 403
    boss = make_member(other_organization, "boss", role="manager", is_admin=True)
    assert client_of(boss).post("/desk/other/settings/rules", {"service": service.id, **RULES}).status_code == 404
    ticket = make_ticket()
    _resolved(ticket, agent)
    ticket = fresh(ticket)
    assert ticket.close_due_at - ticket.resolved_at == pytest.approx(timedelta(hours=24), abs=timedelta(seconds=5))


@pytest.mark.row("TKT-18")
def test_silence_closes_after_72_hours_and_not_before(organization: Any, agent: Any, make_ticket: Any) -> None:
    ticket = make_ticket()
    _resolved(ticket, agent)
    due = fresh(ticket).close_due_at
    assert due - fresh(ticket).resolved_at == pytest.approx(timedelta(hours=72), abs=timedelta(seconds=5))
    house = system_actor(organization.id)
    assert commands.close_silent(house, ticket_id=ticket.id) is False, "not yet"
    with tenant(organization.id):
        Ticket.objects.filter(id=ticket.id).update(close_due_at=due - timedelta(hours=72, minutes=1))
    assert commands.close_silent(house, ticket_id=ticket.id) is True
    assert commands.close_silent(house, ticket_id=ticket.id) is False, "twice"
    closed = fresh(ticket)
    assert (closed.status, closed.close_due_at) == (Status.CLOSED, None)
    with tenant(organization.id):
        assert Event.objects.filter(kind="ticket.closed").count() == 1


@pytest.mark.row("TKT-18")
def test_a_customer_who_writes_keeps_it_open(organization: Any, agent: Any, make_ticket: Any) -> None:
    ticket = make_ticket()
    _resolved(ticket, agent)
    customer_writes(ticket)
    assert fresh(ticket).close_due_at is None
    with tenant(organization.id):
        assert Assignment.objects.get(ticket=ticket).member_id == agent.id


@pytest.mark.row("TKT-17")
def test_a_reopened_ticket_goes_back_to_its_agent_or_to_nobody(
    organization: Any, agent: Any, make_member: Any, make_ticket: Any
) -> None:
    ticket, left = make_ticket(), make_ticket()
    leaving = make_member("leaving")
    _resolved(ticket, agent)
    _resolved(left, leaving)
    with tenant(organization.id):
        type(leaving).objects.filter(id=leaving.id).update(state="removed")
    customer_writes(ticket)
    customer_writes(left)
    assert (fresh(ticket).status, fresh(ticket).assignee_id) == (Status.OPEN, agent.id)
    assert (fresh(left).status, fresh(left).assignee_id) == (Status.NEW, None)
    with tenant(organization.id):
        assert not Assignment.objects.filter(ticket=left).exists()


@pytest.mark.row("TKT-17")
def test_a_reopened_ticket_is_escalated_where_the_service_wants_it(
    organization: Any, service: Any, agent: Any, make_ticket: Any, client_of: Any
) -> None:
    with tenant(organization.id):
        Service.objects.filter(id=service.id).update(escalates_reopened=True)
    ticket = make_ticket()
    commands.take(member_actor(agent), ticket_id=ticket.id)
    _resolved(ticket, agent)
    customer_writes(ticket, "아직 안 됩니다")
    after = fresh(ticket)
    assert (after.status, after.assignee_id, after.priority) == (Status.NEW, None, Priority.HIGH)
    with tenant(organization.id):
        assert not Assignment.objects.filter(ticket=ticket).exists()
        assert Note.objects.filter(recipient=agent, kind=Note.Kind.REMOVED).exists(), "who had it is told"
    assert "우선순위가 올랐습니다" in client_of(agent).get(url(ticket)).content.decode()


@pytest.mark.row("TKT-04")
def test_who_is_in_several_groups_chooses_one(organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    with tenant(organization.id):
        groups = Group.bulk([Group(name=name) for name in ("하나", "둘", "셋")])
        GroupMember.bulk([GroupMember(group=group, member=agent) for group in groups[:2]])
    ticket, actor = make_ticket(), member_actor(agent)
    with pytest.raises(Invalid):
        commands.take(actor, ticket_id=ticket.id)
    with pytest.raises(Forbidden):
        commands.take(actor, ticket_id=ticket.id, group_id=groups[2].id)
    page = client_of(agent).get(url(ticket)).content.decode()
    assert f'name="group" value="{groups[1].id}"' in page
    assert client_of(agent).post(url(ticket, "/take"), {"group": groups[1].id}).status_code == 302
    after = fresh(ticket)
    assert (after.assignee_id, after.group_id, after.status) == (agent.id, groups[1].id, Status.OPEN)
    commands.take(actor, ticket_id=ticket.id, group_id=groups[1].id)
    with tenant(organization.id):
        assert Event.objects.filter(kind="ticket.taken").count() == 1, "a second click takes nothing"


@pytest.mark.row("TKT-04")
def test_forwarding(
    organization: Any, agent: Any, admin: Any, make_member: Any, make_ticket: Any, client_of: Any
) -> None:
    with tenant(organization.id):
        group = Group(name="기술지원")
        group.save()
        other = make_member("other")
        GroupMember.bulk([GroupMember(group=group, member=member) for member in (other, admin)])
    ticket = make_ticket()
    commands.take(member_actor(agent), ticket_id=ticket.id)
    given = {"group": group.id, "member": other.id, "comment": "로그 첨부합니다"}
    mute = make_member("mute", may_forward=False)
    assert not member_actor(mute).can(Permission.TICKET_FORWARD)
    assert client_of(mute).post(url(ticket, "/forward"), given).status_code == 403
    assert client_of(admin).post(url(ticket, "/forward"), given).status_code == 302, "managers always may"
    after = fresh(ticket)
    assert (after.group_id, after.assignee_id) == (group.id, other.id)
    with tenant(organization.id):
        kinds = set(Note.objects.values_list("recipient__name", "kind"))
        assert {("other", Note.Kind.FORWARDED), ("agent", Note.Kind.REMOVED)} <= kinds
        assert "로그 첨부합니다" in Note.objects.get(kind=Note.Kind.FORWARDED).excerpt
    untouched = make_ticket()
    client_of(admin).post(url(untouched, "/forward"), given)
    assert fresh(untouched).status == Status.OPEN, "somebody has it now"
