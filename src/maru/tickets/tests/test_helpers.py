"""Whoever has a ticket besides its assignee is marked, whatever happens to it; lists and counts look there alone."""

import random
from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from maru.accounts.commands import remove_member
from maru.accounts.roles import member_actor
from maru.core.actors import requester_actor
from maru.core.errors import MaruError
from maru.core.tenancy import tenant
from maru.organizations.models import Organization
from maru.testing.makers import make_member as make_member_of
from maru.testing.makers import make_ticket as make_ticket_of
from maru.tickets import commands, tasks
from maru.tickets.models import Assignment, Ticket
from maru.tickets.queries.counts import count_tickets
from maru.tickets.queries.directory import directory
from maru.tickets.queries.filters import Filter
from maru.tickets.queries.lists import list_tickets
from maru.tickets.values import Requester


def wrongly_marked(organization: Organization) -> list[tuple[int, int]]:
    with tenant(organization.id):
        rows = Assignment.objects.select_related("ticket")
        return [
            (row.ticket_id, row.member_id) for row in rows if row.is_helper != (row.ticket.assignee_id != row.member_id)
        ]


def lists_and_counts_agree(member: Any) -> None:
    actor = member_actor(member)
    with tenant(member.organization_id):
        names = directory(actor)
        counts = count_tickets(actor, names).views
        held = set(Assignment.objects.filter(member=member).values_list("ticket_id", flat=True))
        for view, status in (("hold", {3}), ("mine", {1, 2, 4, 5}), ("resolved", {6})):
            wanted = set(Ticket.objects.filter(id__in=held, status__in=status).values_list("id", flat=True))
            assert {row.id for row in list_tickets(actor, Filter(view=view), names).rows} == wanted
            assert counts[view] == len(wanted)


@pytest.mark.row("TKT-04", "TKT-10")
@pytest.mark.parametrize("seed", range(4))
def test_helpers_are_marked_whatever_happens(
    organization: Any, service: Any, make_member: Any, admin: Any, make_ticket: Any, seed: int
) -> None:
    dice = random.Random(seed)
    members = [make_member(f"m{n}") for n in range(4)]
    boss = member_actor(admin)
    with tenant(organization.id):
        group = admin.groups.model.objects.create(name="group")
        for member in members:
            member.seats.model.objects.create(group=group, member=member)
    tickets = [make_ticket(title=f"t{n}") for n in range(4)]
    tickets.append(
        commands.open_ticket(
            boss,
            service_id=service.id,
            title="opened for two",
            text="…",
            requester=Requester(name="김서연", email="kim@customer.example"),
            channel="staff",
            assignee_ids=[members[1].id, members[0].id],
        )
    )
    deeds = {
        "take": lambda t, m: commands.take(member_actor(m), ticket_id=t.id),
        "assign": lambda t, m: commands.assign(
            boss, ticket_id=t.id, member_ids=dice.sample([x.id for x in members], 2)
        ),
        "unassign": lambda t, m: commands.unassign(boss, ticket_id=t.id, member_id=m.id),
        "forward": lambda t, m: commands.forward(
            boss, ticket_id=t.id, group_id=group.id, member_id=dice.choice([None, m.id])
        ),
        "resolve": lambda t, m: commands.reply(member_actor(m), ticket_id=t.id, text="…", outcome="resolve"),
        "again": lambda t, m: commands.add_customer_message(
            requester_actor(organization.id, "김서연"), ticket_id=t.id, text="…", author_name="김서연", channel="web"
        ),
    }
    for step in range(60):
        if step == 40:
            remove_member(boss, member_id=members[3].id)
            tasks.release_member(organization_id=organization.id, member_id=members[3].id)
            members.pop()
        name = dice.choice(list(deeds))
        try:
            deeds[name](dice.choice(tickets), dice.choice(members))
        except MaruError:
            continue
        assert wrongly_marked(organization) == [], (seed, step, name)
    for member in members:
        lists_and_counts_agree(member)


def test_helpers_of_before_are_marked_in_every_organization(organization: Any, other_organization: Any) -> None:
    """By the migration, whose role the policies bind as they bind ours, and without a lock on all tickets."""
    marked = 0
    for house in (organization, other_organization):
        boss, other = make_member_of(house, "boss", role="manager"), make_member_of(house, "other")
        ticket = make_ticket_of(house)
        commands.assign(member_actor(boss), ticket_id=ticket.id, member_ids=[boss.id, other.id])
        with tenant(house.id):
            marked += Assignment.objects.filter(is_helper=True).count()
            Assignment.objects.update(is_helper=False)
        assert wrongly_marked(house)
    assert marked == 2
    with connection.cursor() as cursor:
        cursor.execute(import_module("maru.tickets.migrations.0008_helpers").MARK)
        cursor.execute("select current_setting('maru.organization_id')")
        assert cursor.fetchone() == ("",), "it has left again"
    assert not wrongly_marked(organization)
    assert not wrongly_marked(other_organization)
