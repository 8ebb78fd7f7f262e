"""The board, and the settings of what stands on it."""

from typing import Any

import pytest

from maru.accounts.roles import member_actor
from maru.core.errors import Invalid
from maru.core.tenancy import tenant
from maru.testing.makers import make_member
from maru.tickets.commands import assign, set_stage
from maru.tickets.commands.stages import add_stage, change_stage, delete_stage
from maru.tickets.models import IntakeCategory, Stage, Ticket
from maru.tickets.queries.board import COLUMN_PAGE, board_columns, column_page
from maru.tickets.queries.directory import directory
from maru.tickets.queries.filters import Filter

FETCH = {"X-Requested-With": "fetch"}


def stages(organization: Any) -> list[Any]:
    with tenant(organization.id):
        return list(Stage.objects.order_by("order"))


@pytest.mark.row("TKT-12")
def test_a_card_is_moved_between_two_others(organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    first, second, third = (make_ticket(title=t) for t in ("eins", "zwei", "drei"))
    backlog, working = stages(organization)[:2]
    client = client_of(agent)
    for ticket in (first, second):
        moved = client.post(
            "/desk/ab/board/move", {"ticket": ticket.number, "stage": working.id, "version": backlog.id}, headers=FETCH
        )
        assert moved.json() == {"ok": True, "version": working.id}
    client.post(
        "/desk/ab/board/move",
        {"ticket": third.number, "stage": working.id, "after": second.number, "before": first.number},
        headers=FETCH,
    )
    with tenant(organization.id):
        columns = board_columns(member_actor(agent), Filter(), directory(member_actor(agent)))
    assert [card.title for card in columns[1].cards] == ["zwei", "drei", "eins"]
    assert [column.count for column in columns] == [0, 3, 0, 0]


@pytest.mark.row("TKT-12")
def test_a_card_that_somebody_moved_meanwhile_goes_back_with_a_reason(
    organization: Any, agent: Any, make_member: Any, make_ticket: Any, client_of: Any
) -> None:
    other, ticket = make_member("장현우"), make_ticket()
    backlog, working, held, _done = stages(organization)
    set_stage(member_actor(other), ticket_id=ticket.id, stage_id=held.id)
    given = {"ticket": ticket.number, "stage": working.id, "version": backlog.id}
    refused = client_of(agent).post("/desk/ab/board/move", given, headers=FETCH)
    assert refused.status_code == 409
    assert refused.json()["error"] == "그사이 장현우 님이 ‘보류’ 단계로 옮겼습니다."
    told = client_of(agent).post("/desk/ab/board/move", given, follow=True)
    assert "장현우 님이" in told.content.decode()
    with tenant(organization.id):
        assert Ticket.objects.get(id=ticket.id).stage_id == held.id


def test_bad_moves(organization: Any, other_organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    client = client_of(agent)
    foreign_stage = stages(other_organization)[0]
    for given in (
        {"ticket": ticket.number, "stage": foreign_stage.id},
        {"ticket": ticket.number, "stage": "x"},
        {"ticket": "T0000ABCD0000", "stage": stages(organization)[1].id},
        {},
    ):
        assert client.post("/desk/ab/board/move", given, headers=FETCH).status_code == 404
    outsider = client_of(make_member(other_organization, "outsider"))
    given = {"ticket": ticket.number, "stage": foreign_stage.id}
    assert outsider.post("/desk/other/board/move", given, headers=FETCH).status_code == 404


@pytest.mark.row("TKT-12")
def test_columns_load_their_cards_page_by_page(organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    for n in range(COLUMN_PAGE + 3):
        make_ticket(title=f"t{n}")
    actor = member_actor(agent)
    with tenant(organization.id):
        names = directory(actor)
        column = board_columns(actor, Filter(), names)[0]
        assert (len(column.cards), column.count, column.more) == (COLUMN_PAGE, COLUMN_PAGE + 3, 3)
        rest = column_page(actor, column.stage, Filter(), names, int(column.next))
    assert len(rest.cards) == 3
    assert not {card.id for card in rest.cards} & {card.id for card in column.cards}
    assert rest.next == ""
    page = client_of(agent).get(f"/desk/ab/board?part=more&stage={column.stage.id}&below={column.next}")
    assert page.content.decode().count('class="kcard"') == 3
    assert client_of(agent).get("/desk/ab/board?part=more&stage=999999&below=1").status_code == 404


def test_the_board_can_be_narrowed(organization: Any, agent: Any, make_ticket: Any) -> None:
    mine, _free = make_ticket(title="meins"), make_ticket(title="frei")
    actor = member_actor(agent)
    assign(actor, ticket_id=mine.id, member_ids=[agent.id])
    with tenant(organization.id):
        names = directory(actor)

        def titles(wanted: Filter) -> set[str]:
            return {card.title for column in board_columns(actor, wanted, names) for card in column.cards}

        assert titles(Filter(view="mine")) == {"meins"}
        assert titles(Filter(assignee="none")) == {"frei"}
        assert titles(Filter(view="open")) == {"meins", "frei"}


@pytest.mark.row("TKT-02")
def test_stages_are_the_organizations_own(
    organization: Any, admin: Any, agent: Any, make_ticket: Any, client_of: Any
) -> None:
    make_ticket()
    actor, client = member_actor(admin), client_of(admin)
    change = "/desk/ab/settings/stages/change"
    client.post(change, {"do": "add", "name_ko": "검수", "name_en": "Review", "status": "2", "colour": "teal"})
    review = stages(organization)[-1]
    assert (review.names, review.status, review.colour) == ({"ko": "검수", "en": "Review"}, 2, "teal")
    client.post(change, {"do": "up", "stage": review.id})
    assert [stage.id for stage in stages(organization)].index(review.id) == 3
    backlog = stages(organization)[0]
    with pytest.raises(Invalid):
        delete_stage(actor, stage_id=backlog.id)
    with pytest.raises(Invalid):
        change_stage(actor, stage_id=backlog.id, names={"ko": "접수"}, colour="", status=2)
    with pytest.raises(Invalid):
        add_stage(actor, names={"ko": " "}, colour="", status=2)
    with pytest.raises(Invalid):
        add_stage(actor, names={"ko": "x"}, colour="", status=99)
    done = stages(organization)[-1]
    with pytest.raises(Invalid):
        delete_stage(actor, stage_id=done.id)
    client.post(change, {"do": "delete", "stage": review.id})
    assert review.id not in [stage.id for stage in stages(organization)]
    assert client_of(agent).get("/desk/ab/settings/stages").status_code == 403
    assert "접수" in client.get("/desk/ab/settings/stages").content.decode()


def test_settings_of_another_tenant(organization: Any, other_organization: Any, admin: Any, client_of: Any) -> None:
    with tenant(organization.id):
        category, stage = IntakeCategory.objects.first(), Stage.objects.first()
    boss = client_of(make_member(other_organization, "boss", role="manager", is_admin=True))
    for path, given in (
        ("categories/change", {"do": "delete", "category": category.id}),
        ("categories/change", {"do": "rename", "category": category.id, "name": "x"}),
        ("stages/change", {"do": "delete", "stage": stage.id}),
        ("stages/change", {"do": "change", "stage": stage.id, "name_ko": "x", "status": 1}),
    ):
        page = boss.post(f"/desk/other/settings/{path}", given, follow=True, headers={"accept-language": "ko"})
        assert "이미 삭제되었습니다" in page.content.decode()
        assert boss.post(f"/desk/ab/settings/{path}", given).status_code == 404
    with tenant(organization.id):
        assert IntakeCategory.objects.filter(id=category.id, name=category.name).exists()
