"""Lists, counts, search: what is shown to whom, in how many statements, page after page."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from maru.accounts.roles import member_actor
from maru.core.tenancy import tenant
from maru.testing.makers import make_member
from maru.tickets import commands
from maru.tickets.models import SavedView, Ticket
from maru.tickets.queries.counts import remembered_counts
from maru.tickets.queries.directory import directory
from maru.tickets.queries.filters import Filter, pairs_of, read_filter
from maru.tickets.queries.lists import list_tickets

LIST = "/desk/ab/tickets"


def queries_of(client: Any, path: str) -> list[str]:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(path).status_code == 200
    frame = (
        "SAVEPOINT",
        "RELEASE",
        "set_config",
        "django_session",
        "accounts_account",
        "accounts_member",
        "organizations_org",
    )
    return [q["sql"] for q in caught.captured_queries if not any(word in q["sql"] for word in frame)]


@pytest.mark.row("TKT-10")
@pytest.mark.parametrize(
    ("path", "most"),
    [
        (LIST, 8),
        (f"{LIST}?layout=table", 8),
        (f"{LIST}/counts", 8),
        ("/desk/ab/board", 8),
        ("/desk/ab/search?q=환불", 15),
    ],
)
def test_pages_need_few_statements_however_many_tickets(
    organization: Any, agent: Any, make_ticket: Any, client_of: Any, path: str, most: int
) -> None:
    for n in range(3):
        make_ticket(title=f"환불 {n}")
    client = client_of(agent)
    few = len(queries_of(client, path))
    for n in range(12):
        make_ticket(title=f"환불 더 {n}")
    many = queries_of(client, path)
    assert len(many) == few
    assert few <= most, many


@pytest.mark.row("TKT-10")
def test_every_view_shows_what_it_says(organization: Any, agent: Any, make_member: Any, make_ticket: Any) -> None:
    other = make_member("other")
    mine, theirs, _free, held, done, spam = (
        make_ticket(title=t) for t in ("mine", "theirs", "free", "held", "done", "spam")
    )
    actor = member_actor(agent)
    commands.assign(actor, ticket_id=mine.id, member_ids=[other.id, agent.id])
    commands.assign(actor, ticket_id=theirs.id, member_ids=[other.id])
    commands.assign(actor, ticket_id=held.id, member_ids=[agent.id])
    commands.reply(actor, ticket_id=held.id, text="…", outcome="hold")
    commands.reply(actor, ticket_id=done.id, text="…", outcome="resolve")
    commands.mark_spam(actor, ticket_id=spam.id, is_spam=True)

    def titles(view: str) -> set[str]:
        with tenant(organization.id):
            names = directory(actor)
            return {row.title for row in list_tickets(actor, Filter(view=view), names).rows}

    assert titles("open") == {"mine", "theirs", "free", "held"}
    assert titles("all") == {"mine", "theirs", "free", "held", "done"}
    assert titles("unassigned") == {"free"}
    assert titles("mine") == {"mine"}, "a second assignee has it too"
    assert titles("hold") == {"held"}
    assert titles("resolved") == {"done"}
    assert titles("closed") == set()
    assert titles("involved") == {"mine", "held"}
    assert titles("spam") == {"spam"}
    assert titles("groups") == set()


@pytest.mark.row("TKT-16")
def test_the_queue_of_customers_who_wrote_again(organization: Any, agent: Any, make_ticket: Any) -> None:
    answered, again = make_ticket(title="answered"), make_ticket(title="again")
    actor = member_actor(agent)
    for ticket in (answered, again):
        commands.reply(actor, ticket_id=ticket.id, text="…")
    commands.add_customer_message(actor, ticket_id=again.id, text="아직 안 돼요", author_name="김서연", channel="web")
    with tenant(organization.id):
        names = directory(actor)
        assert [row.title for row in list_tickets(actor, Filter(view="waiting"), names).rows] == ["again"]


@pytest.mark.row("TKT-10")
def test_counts_agree_with_the_lists(organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    tickets = [make_ticket(title=f"t{n}") for n in range(5)]
    actor = member_actor(agent)
    commands.take(actor, ticket_id=tickets[0].id)
    commands.reply(actor, ticket_id=tickets[1].id, text="…", outcome="resolve")
    counts = client_of(agent).get(f"{LIST}/counts", headers={"accept": "application/json"}).json()
    for view in ("open", "unassigned", "mine", "hold", "resolved", "closed", "spam", "all", "involved", "waiting"):
        with tenant(organization.id):
            names = directory(actor)
            assert counts["views"][view] == len(list_tickets(actor, Filter(view=view), names).rows), view


@pytest.mark.parametrize("sort", ["updated", "created", "due", "customer"])
@pytest.mark.row("TKT-16")
def test_pages_follow_each_other_without_gap_or_repeat(
    organization: Any, agent: Any, make_ticket: Any, sort: str
) -> None:
    made = {make_ticket(title=f"t{n}").id for n in range(7)}
    actor = member_actor(agent)
    seen: list[int] = []
    cursor = ""
    with tenant(organization.id):
        names = directory(actor)
        while True:
            page = list_tickets(actor, Filter(sort=sort), names, cursor=cursor, limit=3)
            seen += [row.id for row in page.rows]
            if not (cursor := page.next):
                break
    assert len(seen) == 7
    assert set(seen) == made


def test_a_cursor_that_makes_no_sense_starts_at_the_beginning(agent: Any, make_ticket: Any, client_of: Any) -> None:
    make_ticket(title="erste")
    for cursor in ("x", "1-", "-1", "9" * 40, "1-2-3", "٣-٣"):
        assert client_of(agent).get(LIST, {"cursor": cursor}).status_code == 200


@pytest.mark.row("TKT-11")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=환불", {"환불해주세요 제발"}),
        ("title=제발", {"환불해주세요 제발"}),
        ("name=박도윤", {"SSO 로그인"}),
        ("email=kim@objectlab.kr", {"환불해주세요 제발"}),
        ("phone=0093", {"환불해주세요 제발"}),
        ("priority=4", {"SSO 로그인"}),
        ("channel=email", {"SSO 로그인"}),
        ("status=1", {"환불해주세요 제발", "SSO 로그인"}),
        ("status=6", set()),
        ("assignee=none", {"환불해주세요 제발", "SSO 로그인"}),
        ("assignee=me", set()),
        ("created_from=2020-01-01&created_to=2020-02-01", set()),
        ("created_from=2020-01-01", {"환불해주세요 제발", "SSO 로그인"}),
        ("customer=1", {"환불해주세요 제발"}),
        ("customer=99999999999999", set()),
        ("user_key=nobody", set()),
        ("q=환불&priority=4", set()),
    ],
)
def test_search_by_each_criterion(agent: Any, make_ticket: Any, client_of: Any, query: str, found: set[str]) -> None:
    make_ticket(title="환불해주세요 제발", name="김서연", email="kim@objectlab.kr", phone="010-4821-0093")
    make_ticket(title="SSO 로그인", name="박도윤", email="park@serim.kr", priority=4, channel="email", text="무한 반복")
    page = client_of(agent).get(f"/desk/ab/search?{query}&view=all").content.decode()
    assert {title for title in ("환불해주세요 제발", "SSO 로그인") if f"<b>{title}</b>" in page} == found


@pytest.mark.row("TKT-11")
def test_search_finds_a_number_as_somebody_types_it(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(title="mit Nummer")
    typed = ticket.number.lower()[:5] + "-" + ticket.number.lower()[5:]
    for query in (f"q={typed}", f"number={typed}", f"number={ticket.number[:6]}"):
        assert "mit Nummer" in client_of(agent).get(f"/desk/ab/search?{query}").content.decode()


def test_nothing_found_says_for_what_and_offers_a_way_on(agent: Any, make_ticket: Any, client_of: Any) -> None:
    page = client_of(agent).get("/desk/ab/search?q=<b>없는말</b>").content.decode()
    assert "&lt;b&gt;없는말&lt;/b&gt;" in page
    assert "<b>없는말" not in page
    assert "필터 초기화" in page


def test_the_palette_answers_tickets_as_json(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(title="환불해주세요")
    items = client_of(agent).get(f"{LIST}/palette?q=환불").json()["items"]
    assert [item["url"] for item in items] == [f"{LIST}/{ticket.number}"]


@pytest.mark.row("TKT-10")
def test_a_saved_view_is_kept_opened_and_forgotten(agent: Any, admin: Any, make_ticket: Any, client_of: Any) -> None:
    make_ticket(title="dringend", priority=4)
    make_ticket(title="normal")
    mine, boss = client_of(agent), client_of(admin)
    answer = mine.post(
        "/desk/ab/settings/views/add", {"view_name": "급한 것", "view": "all", "priority": "4"}, follow=True
    )
    page = answer.content.decode()
    assert "dringend" in page
    assert ">normal<" not in page
    assert "급한 것" not in boss.get(LIST).content.decode(), "private"
    assert mine.post("/desk/ab/settings/views/add", {"view_name": "모두", "shared": "1"}).status_code == 403
    boss.post("/desk/ab/settings/views/add", {"view_name": "모두", "shared": "1", "view": "spam"})
    assert "모두" in mine.get(LIST).content.decode()
    assert (
        "같은 이름의 보기"
        in boss.post("/desk/ab/settings/views/add", {"view_name": "모두", "shared": "1"}, follow=True).content.decode()
    )
    with tenant(agent.organization_id):
        shared = SavedView.objects.get(name="모두")
        private = SavedView.objects.get(name="급한 것")
    assert mine.post("/desk/ab/settings/views/delete", {"view": shared.id}).status_code == 403
    boss.post("/desk/ab/settings/views/delete", {"view": private.id})
    with tenant(agent.organization_id):
        assert SavedView.objects.filter(id=private.id).exists(), "not the manager's to delete"
    mine.post("/desk/ab/settings/views/delete", {"view": private.id})
    with tenant(agent.organization_id):
        assert not SavedView.objects.filter(id=private.id).exists()


def test_a_filter_survives_its_address() -> None:
    wanted = Filter(view="all", q="가 나", status=(1, 2), priority=(4,), assignee="me", done=True, category=7)
    given: dict[str, Any] = {}
    for name, text in pairs_of(wanted):
        given.setdefault(name, []).append(text)
    assert read_filter(given) == wanted


def test_a_filter_of_nonsense_is_the_default() -> None:
    assert (
        read_filter({"view": "x", "status": ["9", "a"], "assignee": "'; drop", "created_from": "31.12.2026"})
        == Filter()
    )


def test_another_tenants_agent_sees_nothing(
    agent: Any, other_organization: Any, make_ticket: Any, client_of: Any, organization: Any
) -> None:
    ticket = make_ticket(title="geheim")
    outsider = client_of(make_member(other_organization, "outsider"))
    for path in (LIST, "/desk/ab/board", "/desk/ab/search?q=geheim", f"{LIST}/counts", f"{LIST}/{ticket.number}"):
        assert outsider.get(path).status_code == 404
    foreign = outsider.get(f"/desk/other/tickets/{ticket.number}")
    missing = outsider.get("/desk/other/tickets/T0000ABCD0000")
    assert foreign.status_code == missing.status_code == 404
    assert b"geheim" not in foreign.content


def test_a_member_without_an_agent_role_is_told_so(make_member: Callable[..., Any], client_of: Any) -> None:
    member = make_member("chair", role="none", is_admin=True)
    for path in (LIST, "/desk/ab/board", "/desk/ab/search", "/desk/ab/settings/categories"):
        assert client_of(member).get(path).status_code == 403


@pytest.mark.row("TKT-06")
def test_many_at_once_with_a_report(organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    tickets = [make_ticket(title=f"t{n}") for n in range(3)]
    numbers = [ticket.number for ticket in tickets] + ["T0000ABCD0000"]
    page = (
        client_of(agent)
        .post(f"{LIST}/bulk", {"sel": numbers, "do": "change", "assignee": agent.id}, follow=True)
        .content.decode()
    )
    assert "티켓 3건을 변경했습니다." in page
    assert "티켓 1건은 변경하지 못했습니다" in page
    with tenant(organization.id):
        assert Ticket.objects.filter(assignee_id=agent.id).count() == 3
    client_of(agent).post(f"{LIST}/bulk", {"sel": numbers[:1], "do": "spam"})
    with tenant(organization.id):
        assert Ticket.objects.get(id=tickets[0].id).is_spam


def test_counts_are_remembered_until_something_happens(organization: Any, agent: Any, make_ticket: Any) -> None:
    actor = member_actor(agent)
    make_ticket()
    with tenant(organization.id):
        names = directory(actor)
        before = remembered_counts(actor, names, 1)
        make_ticket()
        assert remembered_counts(actor, names, 1) is before
        assert remembered_counts(actor, names, 2).views["open"] == before.views["open"] + 1
