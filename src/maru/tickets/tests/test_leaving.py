"""Members who leave or work on no tickets; many tickets changed at once."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from maru.accounts.commands import change_member, remove_member
from maru.accounts.commands.members import Rights
from maru.accounts.roles import member_actor
from maru.core.actors import requester_actor, system_actor
from maru.core.errors import Invalid
from maru.core.tenancy import tenant
from maru.tickets import commands, tasks
from maru.tickets.models import Assignment, Participant, Status, Ticket
from maru.tickets.values import Copy


def fresh(ticket: Ticket) -> Ticket:
    with tenant(ticket.organization_id):
        found: Ticket = Ticket.objects.get(id=ticket.id)
        return found


def holders(ticket: Ticket) -> list[int]:
    with tenant(ticket.organization_id):
        return list(Assignment.objects.filter(ticket=ticket).order_by("id").values_list("member_id", flat=True))


@pytest.mark.row("TKT-04")
@pytest.mark.parametrize("how", ["removed", "no desk work"])
def test_what_a_leaving_member_had_waits_for_the_others(
    make_ticket: Any, make_member: Any, admin: Any, agent: Any, how: str
) -> None:
    leaving, boss = make_member("leaving"), member_actor(admin)
    alone, shared, done = make_ticket(), make_ticket(), make_ticket()
    for ticket in (alone, shared, done):
        commands.take(member_actor(leaving), ticket_id=ticket.id)
    commands.assign(member_actor(agent), ticket_id=shared.id, member_ids=[agent.id])
    commands.resolve_internally(member_actor(leaving), ticket_id=done.id)
    if how == "removed":
        remove_member(boss, member_id=leaving.id)
    else:
        change_member(boss, member_id=leaving.id, rights=Rights(role="none"))
    assert tasks.release_member(organization_id=alone.organization_id, member_id=leaving.id) == 2
    assert tasks.release_member(organization_id=alone.organization_id, member_id=leaving.id) == 0
    assert (fresh(alone).assignee_id, holders(alone)) == (None, [])
    assert (fresh(shared).assignee_id, holders(shared)) == (agent.id, [agent.id])
    assert holders(done) == [leaving.id], "history stays"


def test_somebody_who_still_works_keeps_his_tickets(make_ticket: Any, agent: Any) -> None:
    ticket = make_ticket()
    commands.take(member_actor(agent), ticket_id=ticket.id)
    assert tasks.release_member(organization_id=ticket.organization_id, member_id=agent.id) == 0
    assert fresh(ticket).assignee_id == agent.id


@pytest.mark.row("TKT-17")
def test_a_reopened_ticket_of_somebody_who_left_is_unassigned(make_ticket: Any, make_member: Any, admin: Any) -> None:
    leaving = make_member("leaving")
    ticket = make_ticket(email="kim@example.com")
    commands.take(member_actor(leaving), ticket_id=ticket.id)
    commands.reply(member_actor(leaving), ticket_id=ticket.id, text="완료", outcome="resolve")
    remove_member(member_actor(admin), member_id=leaving.id)
    commands.add_customer_message(
        requester_actor(ticket.organization_id, "Kim"),
        ticket_id=ticket.id,
        text="아직이요",
        author_name="Kim",
        author_address="kim@example.com",
        channel="web",
    )
    assert (fresh(ticket).assignee_id, fresh(ticket).status) == (None, Status.NEW)
    assert holders(ticket) == []


def test_who_sees_no_tickets_is_neither_given_nor_called_to_one(make_ticket: Any, make_member: Any, agent: Any) -> None:
    boss = make_member("boss", role="none", is_admin=True)
    with pytest.raises(Invalid):
        commands.comment(member_actor(agent), ticket_id=make_ticket().id, text="보세요", mentions=[boss.id])
    with pytest.raises(Invalid):
        make_ticket(actor=member_actor(agent), assignee_ids=[boss.id])


@pytest.mark.row("EML-05")
def test_letting_a_sender_take_part_confirms_one_whom_a_copy_has_named(make_ticket: Any, agent: Any) -> None:
    ticket = make_ticket(email="kim@example.com", copies=[Copy("lee@example.com", "Lee", is_confirmed=False)])
    held = commands.hold_message(
        system_actor(ticket.organization_id),
        ticket_id=ticket.id,
        text="저도요",
        author_name="Lee",
        author_address="Lee@example.com",
        channel="email",
    )
    commands.accept_held(member_actor(agent), message_id=held.id, as_participant=True)
    with tenant(ticket.organization_id):
        assert Participant.objects.get(ticket=ticket, address="lee@example.com").is_confirmed


@pytest.mark.row("TKT-04")
def test_many_tickets_are_locked_before_the_log(
    organization: Any, make_ticket: Any, agent: Any, client_of: Any
) -> None:
    """Whoever locks tickets while holding the log deadlocks with whoever holds one of them and waits for the log."""
    tickets = [make_ticket() for _ in range(3)]
    with CaptureQueriesContext(connection) as said:
        client_of(agent).post(
            "/desk/ab/tickets/bulk", {"sel": [t.number for t in reversed(tickets)], "assignee": str(agent.id)}
        )
    statements = [query["sql"] for query in said.captured_queries]
    locks = [place for place, sql in enumerate(statements) if "FOR NO KEY UPDATE" in sql]
    log = [place for place, sql in enumerate(statements) if "pg_advisory_xact_lock(7041" in sql]
    assert locks[0] < log[0]
    assert all(str(ticket.number) in statements[locks[0]] for ticket in tickets)
    assert {fresh(ticket).assignee_id for ticket in tickets} == {agent.id}
