"""The verbs of a ticket: they work, and they refuse."""

from datetime import timedelta
from typing import Any

import pytest

from maru.accounts.models import Group, GroupMember
from maru.accounts.roles import member_actor
from maru.core.actors import requester_actor, system_actor
from maru.core.errors import Conflict, Forbidden, Invalid, NotFound
from maru.core.models import Event
from maru.core.tenancy import tenant
from maru.tickets import commands
from maru.tickets.errors import AlreadyTaken, NewerMessage, TicketClosedForGood
from maru.tickets.models import Message, Participant, Priority, Stage, Status, Ticket
from maru.tickets.queries import get_ticket_for
from maru.tickets.values import Requester


def fresh(ticket: Ticket) -> Ticket:
    with tenant(ticket.organization_id):
        return Ticket.objects.select_related("stage").get(id=ticket.id)


def kinds(ticket: Ticket) -> list[str]:
    with tenant(ticket.organization_id):
        return list(
            Event.objects.filter(subject_type="ticket", subject_id=ticket.id)
            .order_by("id")
            .values_list("kind", flat=True)
        )


def test_a_request_becomes_a_new_ticket_with_its_first_message(make_ticket: Any) -> None:
    ticket = make_ticket(title="  환불\u200b해주세요 ", email="Kim@Example.com", text="두 번 결제됐어요.")
    assert ticket.title == "환불해주세요"
    assert (ticket.status, ticket.requester_email) == (Status.NEW, "kim@example.com")
    assert kinds(ticket) == ["ticket.opened"]
    with tenant(ticket.organization_id):
        assert Message.objects.get(ticket=ticket).text == "두 번 결제됐어요."
        assert Participant.objects.get(ticket=ticket).address == "kim@example.com"
        assert ticket.customer.number == 1


def test_a_second_request_of_the_same_address_joins_the_same_customer(make_ticket: Any, agent: Any) -> None:
    first, second = make_ticket(email="kim@example.com"), make_ticket(email="KIM@example.com", phone="010-1234-5678")
    called = make_ticket(email="", phone="+82 10 1234 5678", name="", actor=member_actor(agent), channel="phone")
    assert first.customer_id == second.customer_id == called.customer_id


def test_a_phone_number_typed_into_a_form_joins_nobody(make_ticket: Any) -> None:
    known = make_ticket(email="kim@example.com", phone="010-1234-5678")
    stranger = make_ticket(email="stranger@example.com", phone="010-1234-5678")
    assert stranger.customer_id != known.customer_id


@pytest.mark.parametrize("title", ["", " \u200b ", "x" * 301])
def test_a_bad_title_opens_nothing(organization: Any, make_ticket: Any, title: str) -> None:
    with pytest.raises(Invalid) as refused:
        make_ticket(title=title)
    assert "title" in refused.value.fields
    with tenant(organization.id):
        assert not Ticket.objects.exists()


def test_a_requester_cannot_choose_stage_or_assignee(make_ticket: Any, agent: Any, organization: Any) -> None:
    with tenant(organization.id):
        done = Stage.objects.get(status=Status.RESOLVED)
    ticket = make_ticket(stage_id=done.id, assignee_ids=[agent.id], shared_note="x")
    assert (ticket.status, ticket.assignee_id, ticket.shared_note) == (Status.NEW, None, "")


@pytest.mark.row("TKT-04")
def test_the_second_to_take_a_ticket_is_told_who_was_first(make_ticket: Any, make_member: Any) -> None:
    first, second = make_member("first"), make_member("second")
    ticket = make_ticket()
    taken = commands.take(member_actor(first), ticket_id=ticket.id)
    assert (taken.assignee_id, taken.status) == (first.id, Status.OPEN)
    with pytest.raises(AlreadyTaken) as refused:
        commands.take(member_actor(second), ticket_id=ticket.id)
    assert refused.value.name == "first"


@pytest.mark.row("TKT-04")
def test_taking_what_is_mine_already_changes_nothing(make_ticket: Any, make_member: Any) -> None:
    """Not even for a member of several groups, while the ticket is in none of them."""
    member = make_member("several")
    ticket = make_ticket()
    commands.take(member_actor(member), ticket_id=ticket.id)
    with tenant(ticket.organization_id):
        for name in ("기술지원", "결제"):
            group = Group(name=name)
            group.save()
            GroupMember(group=group, member=member).save()
    before = fresh(ticket)
    commands.take(member_actor(member), ticket_id=ticket.id)
    after = fresh(ticket)
    assert (after.group_id, after.assignee_id, after.updated_at) == (None, member.id, before.updated_at)
    # Asked for, the group does change.
    commands.take(member_actor(member), ticket_id=ticket.id, group_id=group.id)
    assert fresh(ticket).group_id == group.id


@pytest.mark.row("TKT-04")
def test_several_members_can_be_assigned_and_taken_off_again(make_ticket: Any, make_member: Any, agent: Any) -> None:
    other = make_member("other")
    ticket = make_ticket()
    commands.assign(member_actor(agent), ticket_id=ticket.id, member_ids=[agent.id, other.id])
    commands.unassign(member_actor(agent), ticket_id=ticket.id, member_id=agent.id)
    assert fresh(ticket).assignee_id == other.id
    with pytest.raises(NotFound):
        commands.unassign(member_actor(agent), ticket_id=ticket.id, member_id=agent.id)


@pytest.mark.row("TKT-04")
def test_forwarding_needs_the_permission_which_managers_always_have(make_ticket: Any, make_member: Any) -> None:
    plain = make_member("plain", may_forward=False)
    manager = make_member("manager", may_forward=False, role="manager")
    ticket = make_ticket()
    with tenant(ticket.organization_id):
        group = Group(name="기술지원")
        group.save()
        GroupMember(group=group, member=plain).save()
    with pytest.raises(Forbidden):
        commands.forward(member_actor(plain), ticket_id=ticket.id, group_id=group.id)
    commands.forward(
        member_actor(manager), ticket_id=ticket.id, group_id=group.id, member_id=plain.id, comment="부탁드려요"
    )
    moved = fresh(ticket)
    assert (moved.group_id, moved.assignee_id, moved.last_comment) == (group.id, plain.id, "부탁드려요")
    with pytest.raises(Invalid):
        commands.forward(member_actor(manager), ticket_id=ticket.id, group_id=group.id, member_id=manager.id)


@pytest.mark.row("TKT-05", "TKT-14")
def test_an_answer_over_a_newer_message_is_stopped(make_ticket: Any, agent: Any) -> None:
    ticket = make_ticket(email="kim@example.com")
    seen = ticket.last_message_id
    newer = commands.add_customer_message(
        requester_actor(ticket.organization_id, "김서연"),
        ticket_id=ticket.id,
        text="해결됐어요",
        author_name="김서연",
        author_address="kim@example.com",
        channel="email",
    )
    with pytest.raises(NewerMessage) as stopped:
        commands.reply(member_actor(agent), ticket_id=ticket.id, html="<p>답</p>", seen_message_id=seen)
    assert stopped.value.message_id == newer.id
    answer = commands.reply(
        member_actor(agent), ticket_id=ticket.id, html="<p>답</p>", outcome="resolve", seen_message_id=newer.id
    )
    done = fresh(ticket)
    assert (done.status, done.assignee_id, done.last_message_id) == (Status.RESOLVED, agent.id, answer.id)
    assert [r["address"] for r in answer.recipients] == ["kim@example.com"]


def test_hostile_html_in_an_answer_is_gone(make_ticket: Any, agent: Any) -> None:
    ticket = make_ticket()
    sent = commands.reply(
        member_actor(agent), ticket_id=ticket.id, html='<p onclick="x()">안녕<script>alert(1)</script><img src=x></p>'
    )
    assert "script" not in sent.html
    assert "onclick" not in sent.html


@pytest.mark.row("TKT-17")
def test_a_reply_reopens_a_resolved_ticket_for_its_agent(make_ticket: Any, agent: Any) -> None:
    ticket = make_ticket(email="kim@example.com")
    commands.reply(member_actor(agent), ticket_id=ticket.id, text="끝", outcome="resolve")
    commands.add_customer_message(
        requester_actor(ticket.organization_id, "김서연"),
        ticket_id=ticket.id,
        text="아직 안 돼요",
        author_name="김서연",
        channel="email",
    )
    again = fresh(ticket)
    assert (again.status, again.assignee_id, again.close_due_at) == (Status.OPEN, agent.id, None)
    assert "ticket.reopened" in kinds(ticket)


@pytest.mark.row("TKT-17", "TKT-18")
def test_silence_closes_and_a_late_reply_no_longer_joins(make_ticket: Any, agent: Any) -> None:
    ticket = make_ticket()
    system = system_actor(ticket.organization_id)
    commands.reply(member_actor(agent), ticket_id=ticket.id, text="끝", outcome="resolve")
    due = fresh(ticket)
    assert due.close_due_at - due.resolved_at == timedelta(hours=72)
    assert commands.close_silent(system, ticket_id=ticket.id) is False
    with tenant(ticket.organization_id):
        Ticket.objects.filter(id=ticket.id).update(close_due_at=due.created_at - timedelta(hours=1))
    assert commands.close_silent(system, ticket_id=ticket.id) is True
    assert commands.close_silent(system, ticket_id=ticket.id) is False
    assert fresh(ticket).status == Status.CLOSED
    with tenant(ticket.organization_id):
        Ticket.objects.filter(id=ticket.id).update(closed_at=due.created_at - timedelta(days=31))
    with pytest.raises(TicketClosedForGood):
        commands.add_customer_message(
            requester_actor(ticket.organization_id, "김"),
            ticket_id=ticket.id,
            text="또",
            author_name="김",
            channel="web",
        )


def test_automatic_mail_is_kept_but_changes_nothing(make_ticket: Any, agent: Any) -> None:
    from maru.tickets.values import MailFacts

    ticket = make_ticket()
    commands.reply(member_actor(agent), ticket_id=ticket.id, text="끝", outcome="resolve")
    commands.add_customer_message(
        system_actor(ticket.organization_id),
        ticket_id=ticket.id,
        text="부재중입니다",
        author_name="김",
        channel="email",
        mail=MailFacts(mail_id=1, is_automatic=True),
    )
    assert fresh(ticket).status == Status.RESOLVED


@pytest.mark.row("TKT-12")
def test_a_card_takes_the_place_it_was_dropped_at(make_ticket: Any, agent: Any, organization: Any) -> None:
    lower, upper, moved = make_ticket(), make_ticket(), make_ticket()
    with tenant(organization.id):
        doing = Stage.objects.get(status=Status.OPEN)
    actor = member_actor(agent)
    for ticket in (lower, upper):
        commands.set_stage(actor, ticket_id=ticket.id, stage_id=doing.id)
    commands.set_stage(actor, ticket_id=moved.id, stage_id=doing.id, above_id=upper.id, below_id=lower.id)
    with tenant(organization.id):
        column = list(Ticket.objects.filter(stage=doing).order_by("-board_rank", "-id").values_list("id", flat=True))
    assert column == [upper.id, moved.id, lower.id]


def test_the_shared_note_refuses_to_overwrite_a_newer_one(make_ticket: Any, agent: Any) -> None:
    ticket = make_ticket()
    commands.set_shared_note(member_actor(agent), ticket_id=ticket.id, text="하나", version=0)
    with pytest.raises(Conflict):
        commands.set_shared_note(member_actor(agent), ticket_id=ticket.id, text="둘", version=0)


@pytest.mark.row("ORG-08")
def test_another_organization_finds_and_changes_nothing(
    make_ticket: Any, make_member: Any, other_organization: Any
) -> None:
    ticket = make_ticket()
    stranger = member_actor(make_member("stranger", organization=other_organization))
    with tenant(other_organization.id), pytest.raises(NotFound):
        get_ticket_for(stranger, ticket.number)
    for attempt in (
        lambda: commands.take(stranger, ticket_id=ticket.id),
        lambda: commands.reply(stranger, ticket_id=ticket.id, text="x"),
        lambda: commands.set_priority(stranger, ticket_id=ticket.id, priority=Priority.URGENT),
        lambda: commands.set_requester(stranger, ticket_id=ticket.id, requester=Requester()),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_member_without_an_agent_role_may_not_see_tickets(make_ticket: Any, make_member: Any) -> None:
    ticket = make_ticket()
    clerk = member_actor(make_member("clerk", role="none", is_admin=True))
    with pytest.raises(Forbidden):
        commands.take(clerk, ticket_id=ticket.id)
