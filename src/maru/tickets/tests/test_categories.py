"""The trees of categories: what a request is about, and how it was handled."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from maru.accounts.roles import member_actor
from maru.core.errors import Forbidden, Invalid
from maru.core.models import AuditEntry, Event
from maru.core.tenancy import tenant
from maru.testing.makers import make_member, make_ticket
from maru.tickets import tasks
from maru.tickets.commands import set_category
from maru.tickets.commands.categories import add_category, delete_category, rename_category
from maru.tickets.models import HandlingCategory
from maru.tickets.queries.directory import directory
from maru.tickets.queries.filters import Filter
from maru.tickets.queries.lists import list_tickets
from maru.tickets.tests.desk import HTMX, fresh, url
from maru.tickets.trees import HANDLING, INTAKE, Tree

both = pytest.mark.parametrize("tree", [INTAKE, HANDLING], ids=["intake", "handling"])
SETTINGS = {"intake": "/desk/ab/settings/categories", "handling": "/desk/ab/settings/handling-categories"}

pytestmark = pytest.mark.row("CAT-01", "CAT-02")


def count(organization: Any, tree: Tree) -> int:
    with tenant(organization.id):
        return int(tree.model.objects.count())


@both
def test_the_tree_of_categories(organization: Any, admin: Any, tree: Tree) -> None:
    actor = member_actor(admin)
    parent = add_category(actor, name="제품", tree=tree)
    at = parent
    for depth in range(2, 6):
        at = add_category(actor, name="제품", parent_id=at.id, tree=tree)
        assert at.name == "제품", f"the same name is free at depth {depth}"
    with pytest.raises(Invalid):
        add_category(actor, name="zu tief", parent_id=at.id, tree=tree)
    with pytest.raises(Invalid):
        add_category(actor, name=" 제품 ", tree=tree)
    with pytest.raises(Invalid):
        add_category(actor, name="\u200b", tree=tree)
    sibling = add_category(actor, name="가격", tree=tree)
    with pytest.raises(Invalid):
        rename_category(actor, category_id=sibling.id, names={"": "제품"}, tree=tree)
    before = count(organization, tree)
    assert delete_category(actor, category_id=parent.id, tree=tree) == 5
    assert count(organization, tree) == before - 5
    # A name that was deleted is free again, before the last ticket has lost it.
    add_category(actor, name="제품", tree=tree)


@both
def test_tickets_keep_the_name_of_a_deleted_category(
    organization: Any, admin: Any, make_ticket: Any, client_of: Any, tree: Tree
) -> None:
    actor = member_actor(admin)
    parent = add_category(actor, name="위", tree=tree)
    category = add_category(actor, name="곧 없어질 유형", parent_id=parent.id, tree=tree)
    ticket = make_ticket()
    set_category(actor, ticket_id=ticket.id, category_id=category.id, tree=tree)
    delete_category(actor, category_id=parent.id, tree=tree)
    page = client_of(admin).get(url(ticket)).content.decode()
    assert "곧 없어질 유형" in page
    with tenant(organization.id):
        assert category.id not in directory(actor).tree(tree), "nobody can choose it from now on"
    with pytest.raises(Invalid):
        set_category(actor, ticket_id=make_ticket().id, category_id=category.id, tree=tree)
    for expected in (1, 0):
        assert tasks.settle(tree, organization.id, parent.id) == expected, "a second run finds nothing"
    after = fresh(ticket)
    assert (getattr(after, f"{tree.column}_id"), tree.of(after)) == (None, "곧 없어질 유형")
    with tenant(organization.id):
        assert not tree.model.with_deleted.filter(id__in=[parent.id, category.id]).exists()
    assert "곧 없어질 유형" in client_of(admin).get(url(ticket)).content.decode()


@both
def test_a_new_name_reaches_all_tickets_in_steps(
    organization: Any, admin: Any, make_ticket: Any, monkeypatch: pytest.MonkeyPatch, tree: Tree
) -> None:
    actor = member_actor(admin)
    category = add_category(actor, name="옛 이름", tree=tree)
    tickets = [make_ticket() for _n in range(5)]
    for ticket in tickets:
        set_category(actor, ticket_id=ticket.id, category_id=category.id, tree=tree)
    before = fresh(tickets[0]).updated_at
    rename_category(actor, category_id=category.id, names={"": "새 이름", "en": "New"}, tree=tree)
    monkeypatch.setattr(tasks, "SWEEP", 2)
    with CaptureQueriesContext(connection) as asked:
        assert tasks.settle(tree, organization.id, category.id) == 5
    # Each step goes on where the one before ended, instead of reading again what is done.
    locking = [query["sql"] for query in asked if "FOR NO KEY UPDATE" in query["sql"]]
    starts = [int(re.search(r'"id" > (\d+)', sql)[1]) for sql in locking]  # type: ignore[index]
    assert starts == [0, tickets[1].id, tickets[3].id]
    assert tasks.settle(tree, organization.id, category.id) == 0
    assert {tree.of(fresh(ticket)) for ticket in tickets} == {"새 이름"}
    assert fresh(tickets[0]).updated_at == before, "nothing happened to the ticket itself"


@both
def test_whoever_renames_does_not_wait_for_the_tickets(
    organization: Any, admin: Any, make_ticket: Any, client_of: Any, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[tuple[str, int, int]] = []
    monkeypatch.setattr(tasks, "settle_later", lambda *job: jobs.append(job))
    actor = member_actor(admin)
    category = add_category(actor, name="옛 이름", tree=tree)
    ticket = make_ticket()
    set_category(actor, ticket_id=ticket.id, category_id=category.id, tree=tree)
    change = f"{SETTINGS[tree.key]}/change"
    client_of(admin).post(change, {"do": "rename", "category": category.id, "name": "새 이름"})
    assert tree.of(fresh(ticket)) == "옛 이름"
    assert jobs == [(tree.key, organization.id, category.id)]
    if tree is INTAKE:
        assert "새 이름" in client_of(admin).get("/desk/ab/tickets?view=all").content.decode(), "lists know it at once"


def test_a_job_is_queued_with_the_change(organization: Any, admin: Any) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    category = add_category(member_actor(admin), name="유형", tree=HANDLING)
    delete_category(member_actor(admin), category_id=category.id, tree=HANDLING)
    job = ProcrastinateJob.objects.get(task_name="tickets.settle_handling_category")
    assert job.args == {"organization_id": organization.id, "handling_category_id": category.id}


@both
def test_categories_in_the_settings(organization: Any, admin: Any, agent: Any, client_of: Any, tree: Tree) -> None:
    client, page = client_of(admin), SETTINGS[tree.key]
    change = f"{page}/change"
    client.post(change, {"do": "add", "name": "새 유형"})
    with tenant(organization.id):
        made = tree.model.objects.get(name="새 유형")
    client.post(change, {"do": "switch", "category": made.id})
    client.post(change, {"do": "rename", "category": made.id, "name": "바뀐 유형", "name_en": "Changed"})
    client.post(change, {"do": "up", "category": made.id})
    with tenant(organization.id):
        after = tree.model.objects.get(id=made.id)
        actions = set(AuditEntry.objects.filter(object_type=f"{tree.key}_category").values_list("action", flat=True))
    assert (after.name, after.names) == ("바뀐 유형", {"en": "Changed"})
    assert getattr(after, "is_public", False) is False
    assert after.order < made.order
    assert {"category.added", "category.renamed"} <= actions
    shown = client.get(f"{page}?at={made.id}").content.decode()
    assert "바뀐 유형" in shown
    assert ('name="public"' in shown) is tree.has_switch
    again = client.post(change, {"do": "add", "name": "바뀐 유형"}, follow=True)
    assert "같은 위치에 같은 이름" in again.content.decode()
    gone = client.post(change, {"do": "delete", "category": 999999}, follow=True)
    assert "이미 삭제되었습니다" in gone.content.decode()
    assert client_of(agent).post(change, {"do": "add", "name": "x"}).status_code == 403
    assert client_of(agent).get(page).status_code == 403


@pytest.mark.row("TKT-11", "TKT-08")
def test_an_agent_says_how_it_was_handled(
    organization: Any, agent: Any, make_ticket: Any, client_of: Any, django_assert_num_queries: Any
) -> None:
    ticket, other = make_ticket(), make_ticket(title="다른 문의")
    client = client_of(agent)
    with tenant(organization.id):
        fixed = HandlingCategory.objects.get(name="조치 완료")
    below = add_category(
        member_actor(make_member(organization, "boss", role="manager")), name="환불", parent_id=fixed.id, tree=HANDLING
    )
    pulse = client.post(url(ticket, "/handling"), {"handling": below.id}, headers=HTMX).content.decode()
    assert "처리유형" in pulse
    assert "환불" in pulse
    assert (fresh(ticket).handling_category_id, fresh(ticket).handling_category_name) == (below.id, "환불")
    with tenant(organization.id):
        said = Event.objects.filter(kind="ticket.handling_category_changed").values_list("data", flat=True)
        assert [(data["before"], data["after"]) for data in said] == [("", "환불")]
    client.post(url(ticket, "/handling"), {"handling": below.id}, headers=HTMX)
    with tenant(organization.id):
        assert Event.objects.filter(kind="ticket.handling_category_changed").count() == 1, "the same again is no change"
    for page in (f"/desk/ab/tickets?view=all&handling={fixed.id}", f"/desk/ab/search?handling={fixed.id}"):
        found = client.get(page).content.decode()
        assert ticket.title in found
        assert "다른 문의" not in found
    assert "환불" in client.get(url(ticket, "?tab=events")).content.decode()
    client.post(url(ticket, "/handling"), {"handling": ""}, headers=HTMX)
    assert (fresh(ticket).handling_category_id, fresh(ticket).handling_category_name) == (None, "")
    assert fresh(other).handling_category_id is None


def test_the_list_asks_no_more_often_for_handling_categories(
    organization: Any, agent: Any, make_ticket: Any, django_assert_num_queries: Any
) -> None:
    actor = member_actor(agent)
    with tenant(organization.id):
        fixed = HandlingCategory.objects.get(name="조치 완료")
        for _n in range(3):
            set_category(actor, ticket_id=make_ticket().id, category_id=fixed.id, tree=HANDLING)
        with django_assert_num_queries(2):
            names = directory(actor)
            assert len(list_tickets(actor, Filter(view="all", handling=fixed.id), names).rows) == 3


def test_no_stranger_chooses_a_handling_category(
    organization: Any, other_organization: Any, agent: Any, client_of: Any
) -> None:
    ticket = make_ticket(organization)
    with tenant(other_organization.id):
        theirs = HandlingCategory.objects.first()
    answer = client_of(agent).post(url(ticket, "/handling"), {"handling": theirs.id}, headers=HTMX)
    assert "목록에서" in answer.content.decode()
    assert fresh(ticket).handling_category_id is None
    stranger = make_member(other_organization, "stranger", role="manager")
    assert client_of(stranger).post(url(ticket, "/handling"), {"handling": ""}).status_code == 404
    nobody = make_member(organization, "nobody", role="none", is_admin=True)
    assert client_of(nobody).post(url(ticket, "/handling"), {"handling": ""}).status_code == 403
    with pytest.raises(Forbidden):
        add_category(member_actor(agent), name="x", tree=HANDLING)
