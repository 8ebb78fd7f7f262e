"""The exact rules of the desk, in a browser: templates, handling, the customer's card, stages, lists, closing by itself."""

from datetime import timedelta
from typing import Any

import pytest

from maru.accounts.models import Group, GroupMember, Member
from maru.accounts.roles import member_actor
from maru.core.actors import system_actor
from maru.core.ids import show_ticket_number
from maru.core.tenancy import tenant
from maru.notifications.tests.streaming import make_person
from maru.organizations.models import Organization
from maru.testing.house import House
from maru.testing.makers import make_ticket
from maru.tickets import commands
from maru.tickets.commands.templates import save_template
from maru.tickets.models import HandlingCategory, Stage, Status, Ticket
from tests.stories.test_live import WAIT, customer_says, desk_of, mark, was_not_reloaded


def editor(page: Any) -> Any:
    box = page.locator("m-composer .tiptap")
    box.wait_for()
    return box


def manager(company: Organization) -> Member:
    return make_person(company, name="박관리", role="manager")


def path(company: Organization, rest: str) -> str:
    return f"/desk/{company.slug}/{rest}"


def compose(keyboard: Any, *parts: str) -> None:
    """Type as an input method does: each part is what the syllable looks like at that moment."""
    for part in parts:
        end = len(part)
        keyboard.send("Input.imeSetComposition", {"text": part, "selectionStart": end, "selectionEnd": end})


@pytest.mark.row("TPL-01")
def test_a_manager_writes_a_template_and_an_agent_answers_with_it(
    house: House, browser: Any, company: Organization
) -> None:
    boss, agent = manager(company), make_person(company, name="김직원")
    ticket = make_ticket(company, title="환불해주세요", name="최고객", email="choi@customer.example")
    with desk_of(browser, house.url, boss, company.slug) as page:
        page.goto(path(company, "settings/templates/new"))
        page.get_by_label("제목").fill("환불 안내")
        page.get_by_label("검색 코드").fill("환불")
        editor(page).click()
        page.keyboard.type("Dear ")
        page.locator("[data-insert-twice='#{customer.name}'] code").dblclick()
        page.keyboard.type(", number ")
        page.get_by_role("button", name="#{ticket.number} 넣기").click()
        assert editor(page).inner_text() == "Dear #{customer.name}, number #{ticket.number}"
        page.get_by_role("button", name="저장", exact=True).click()
        page.get_by_role("link", name="환불 안내").wait_for()
    with desk_of(browser, house.url, agent, company.slug) as page:
        page.goto(path(company, f"tickets/{ticket.number}"))
        editor(page).click()
        page.keyboard.type("/")
        keyboard = page.context.new_cdp_session(page)
        compose(keyboard, "ㅎ", "화", "환")
        page.locator(".mentions [role=option]", has_text="환불 안내").wait_for()
        keyboard.send(
            "Input.dispatchKeyEvent",
            {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229},
        )
        assert "Dear" not in editor(page).inner_text(), "Enter ends the syllable, it chooses nothing"
        keyboard.send("Input.insertText", {"text": "환"})
        page.locator(".mentions [role=option]", has_text="환불 안내").wait_for()
        page.keyboard.press("Enter")
        filled = f"Dear 최고객, number {show_ticket_number(ticket.number)}"
        page.locator(".tiptap", has_text=filled).wait_for()
        assert "/" not in editor(page).inner_text()
        page.keyboard.press("Control+Shift+Enter")
        page.locator(".msg-agent", has_text=filled).wait_for()
        # A slash inside a word or a date is nothing but a slash.
        editor(page).click()
        page.keyboard.type("11/25 and/or")
        page.wait_for_timeout(400)
        assert page.locator(".mentions:visible").count() == 0


@pytest.mark.row("TPL-01", "TKT-03")
def test_a_call_is_written_down_with_a_template(house: House, browser: Any, company: Organization) -> None:
    boss, agent = manager(company), make_person(company, name="김직원")
    save_template(
        member_actor(boss),
        title="전화 접수",
        code="call",
        text="#{customer.name} 전화, #{ticket.number}, #{agent.name}",
    )
    with tenant(company.id):
        group = Group(name="고객지원")
        group.save()
        GroupMember(group=group, member=agent).save()
    with desk_of(browser, house.url, agent, company.slug) as page:
        page.goto(path(company, "tickets/new"))
        page.get_by_label("제목").fill("배송지 변경")
        page.get_by_label("이름").fill("최유진")
        page.get_by_role("button", name="답변 템플릿").click()
        page.get_by_label("템플릿 찾기").fill("call")
        page.locator("#templates-menu [data-id]", has_text="전화 접수").wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator(".tiptap", has_text="최유진 전화, #{ticket.number}, 김직원").wait_for()
        assert page.url.endswith("/tickets/new"), "choosing sends nothing"
        page.locator("[name=files]").set_input_files({"name": "메모.txt", "mimeType": "text/plain", "buffer": b"note"})
        page.get_by_label("그룹").select_option(label="고객지원")
        page.get_by_label("접수유형").select_option(label="계정")
        page.get_by_label("단계").select_option(label="보류")
        page.locator("[name=shared_note]").fill("다음 주에 다시 전화")
        page.get_by_role("button", name="등록", exact=True).click()
        page.get_by_role("heading", name="배송지 변경").wait_for()
        with tenant(company.id):
            ticket = Ticket.objects.get(title="배송지 변경")
            assert (ticket.group_id, ticket.category_name, ticket.status) == (group.id, "계정", Status.PENDING)
            assert (ticket.shared_note, ticket.assignee_id) == ("다음 주에 다시 전화", agent.id)
        said = page.locator("#msgs")
        said.get_by_text(f"최유진 전화, {show_ticket_number(ticket.number)}, 김직원").wait_for()
        assert "메모.txt" in said.inner_text()


@pytest.mark.row("CAT-02", "TKT-08", "TKT-11")
def test_how_it_was_handled_is_seen_by_others_at_once(house: House, browser: Any, company: Organization) -> None:
    agent, other = make_person(company, name="김직원"), make_person(company, name="이직원")
    ticket = make_ticket(company, title="로그인이 안 돼요")
    make_ticket(company, title="다른 문의")
    with (
        desk_of(browser, house.url, agent, company.slug) as page,
        desk_of(browser, house.url, other, company.slug) as seen,
    ):
        for each in (page, seen):
            each.goto(path(company, f"tickets/{ticket.number}"))
            mark(each)
        page.locator("#f-handling").select_option(label="조치 완료")
        seen.locator("#msgs", has_text="처리유형").wait_for(timeout=WAIT)
        seen.wait_for_function("() => document.querySelector('#f-handling').selectedOptions[0].text === '조치 완료'")
        assert was_not_reloaded(page, seen)
        with tenant(company.id):
            fixed = HandlingCategory.objects.get(name="조치 완료")
        seen.goto(path(company, "search"))
        seen.locator(".criteria summary").click()
        seen.locator("#f-handling").select_option(str(fixed.id))
        seen.locator(".criteria .btn-primary").click()
        seen.locator(".table-tickets tbody tr", has_text="로그인이 안 돼요").wait_for()
        assert seen.locator(".table-tickets tbody tr").count() == 1


@pytest.mark.row("TKT-08")
def test_the_customers_card_is_corrected(house: House, browser: Any, company: Organization) -> None:
    agent, other = make_person(company, name="김직원"), make_person(company, name="이직원")
    ticket = make_ticket(company, email="kim@customer.example")
    make_ticket(company, email="park@customer.example", name="박도윤")
    with (
        desk_of(browser, house.url, agent, company.slug) as page,
        desk_of(browser, house.url, other, company.slug) as seen,
    ):
        for each in (page, seen):
            each.goto(path(company, f"tickets/{ticket.number}"))
            each.get_by_role("link", name="고객정보").click()
            each.locator("#c-name").wait_for()
            mark(each)
        page.locator("#c-name").fill("김서영")
        page.get_by_role("button", name="고객정보 저장").click()
        page.get_by_text("저장했습니다.").first.wait_for()
        seen.wait_for_function("() => document.querySelector('#c-name')?.value === '김서영'", timeout=WAIT)
        page.locator("#c-value").fill("park@customer.example")
        page.keyboard.press("Enter")
        page.locator("#c-value-err", has_text="다른 고객(고객번호 2, 박도윤)").wait_for()
        assert page.locator("#c-value").input_value() == "park@customer.example"
        page.locator("#c-kind").select_option("phone")
        page.locator("#c-value").fill("02-555-6666")
        page.keyboard.press("Enter")
        page.locator("#aside .person", has_text="02-555-6666").wait_for()
        seen.locator("#aside .person", has_text="02-555-6666").wait_for(timeout=WAIT)
        page.get_by_role("button", name="02-555-6666 삭제").or_(
            page.get_by_role("button", name="02-555-6666")
        ).first.click()
        page.locator("#aside .person", has_text="02-555-6666").wait_for(state="detached")
        assert was_not_reloaded(page, seen)


@pytest.mark.row("TKT-02", "TKT-12")
def test_a_stage_of_ones_own(house: House, browser: Any, company: Organization) -> None:
    boss = manager(company)
    ticket = make_ticket(company, title="검수할 것")
    with desk_of(browser, house.url, boss, company.slug) as page:
        page.goto(path(company, "settings/stages"))
        form = page.locator("section.card", has_text="새 단계")
        form.locator("[name=name_ko]").fill("검수")
        form.locator("[name=name_ja]").fill("検収")
        form.locator("[name=name_en]").fill("Review")
        form.locator("[name=status]").select_option(label="처리중")
        form.get_by_role("button").last.click()
        page.get_by_role("heading", name="검수").wait_for()
        page.goto(path(company, f"tickets/{ticket.number}"))
        page.locator("#f-stage").select_option(label="검수")
        page.locator(".conv-head", has_text="검수").wait_for()
        page.goto(path(company, "board?view=all"))
        page.locator(".col", has_text="검수").get_by_text("검수할 것").wait_for()
        with tenant(company.id):
            assert Ticket.objects.get(id=ticket.id).status == Status.OPEN, "a stage belongs to one status"
            assert Stage.objects.get(names__ko="검수").names["ja"] == "検収"
        # Whoever has the number sees the steps, and nothing private.
        page.goto(f"/{company.slug}/status/{ticket.number}")
        page.get_by_text("검수").first.wait_for()
        assert "결제를 취소하고" not in page.locator("body").inner_text()


@pytest.mark.row("TKT-16", "TKT-10")
def test_the_table_tells_the_last_change_and_who_waits(house: House, browser: Any, company: Organization) -> None:
    agent = make_person(company, name="김직원")
    ticket, quiet = make_ticket(company, title="다시 쓸 고객"), make_ticket(company, title="조용한 고객")
    for each in (ticket, quiet):
        commands.reply(member_actor(agent), ticket_id=each.id, text="확인 중입니다")
    commands.comment(member_actor(agent), ticket_id=quiet.id, text="결제팀에 물어봄")
    with desk_of(browser, house.url, agent, company.slug) as page:
        page.goto(path(company, "tickets?view=all&layout=table"))
        line = page.locator(".table-tickets tbody tr", has_text="조용한 고객")
        assert "결제팀에 물어봄" in line.inner_text()
        assert "김직원" in line.inner_text()
        page.goto(path(company, "tickets?view=waiting&layout=panes"))
        page.locator("#views .view[aria-current]").wait_for()
        assert page.locator("#rows .row").count() == 0
        mark(page)
        customer_says(ticket, "아직인가요?")
        page.locator("#rows .row", has_text="다시 쓸 고객").wait_for(timeout=WAIT)
        page.locator("#views .view[aria-current] .count", has_text="1").wait_for(timeout=WAIT)
        commands.reply(member_actor(agent), ticket_id=ticket.id, text="곧 됩니다")
        page.locator("#rows .row", has_text="다시 쓸 고객").wait_for(state="detached", timeout=WAIT)
        assert was_not_reloaded(page)


@pytest.mark.row("TKT-17", "TKT-18")
def test_closing_by_itself_and_coming_back(house: House, browser: Any, company: Organization) -> None:
    agent, boss = make_person(company, name="김직원"), manager(company)
    ticket = make_ticket(company, title="끝난 줄 알았던 일", email="kim@customer.example")
    with desk_of(browser, house.url, boss, company.slug) as page:
        page.goto(path(company, "settings/rules"))
        hours = page.get_by_label("자동 완료까지(시간)")
        assert hours.input_value() == "72"
        hours.fill("0")
        page.get_by_role("button", name="저장", exact=True).click()
        page.get_by_text("1부터 8760까지의 정수").wait_for()
        page.get_by_label("자동 완료까지(시간)").fill("48")
        page.get_by_role("button", name="저장", exact=True).click()
        page.get_by_text("저장했습니다.").first.wait_for()
    commands.reply(member_actor(agent), ticket_id=ticket.id, text="해결했습니다", outcome="resolve")
    with desk_of(browser, house.url, agent, company.slug) as page:
        page.goto(path(company, f"tickets/{ticket.number}"))
        mark(page)
        with tenant(company.id):
            resolved = Ticket.objects.get(id=ticket.id)
            assert abs(resolved.close_due_at - resolved.resolved_at - timedelta(hours=48)) < timedelta(seconds=5)
            Ticket.objects.filter(id=ticket.id).update(close_due_at=resolved.resolved_at - timedelta(seconds=1))
        commands.close_silent(system_actor(company.id), ticket_id=ticket.id)
        page.locator("#msgs", has_text="저절로").or_(page.locator("#msgs", has_text="자동")).first.wait_for(
            timeout=WAIT
        )
        customer_says(ticket, "다시 안 됩니다")
        page.locator("#msgs", has_text="다시 안 됩니다").wait_for(timeout=WAIT)
        page.locator("#aside .person", has_text="김직원").wait_for()
        page.locator(".conv-head", has_text="진행중").wait_for()
        assert was_not_reloaded(page)


@pytest.mark.row("TKT-04")
def test_only_who_may_forwards_and_who_is_in_several_groups_is_asked(
    house: House, browser: Any, company: Organization
) -> None:
    mute, boss = make_person(company, name="김직원", may_forward=False), manager(company)
    with tenant(company.id):
        first, second = Group.bulk([Group(name="고객지원"), Group(name="기술지원")])
        GroupMember.bulk([GroupMember(group=group, member=mute) for group in (first, second)])
        GroupMember(group=second, member=boss).save()
    ticket = make_ticket(company, title="누가 맡을까")
    with desk_of(browser, house.url, mute, company.slug) as page:
        page.goto(path(company, f"tickets/{ticket.number}"))
        page.get_by_role("button", name="가져오기", exact=True).click()
        page.locator("#take-menu").get_by_role("button", name="기술지원").click()
        page.locator("#aside .person", has_text="김직원").wait_for()
        page.get_by_role("button", name="더 보기").or_(page.locator("[popovertarget=more]")).first.click()
        assert page.get_by_role("button", name="전달").count() == 0, "without the permission nothing offers it"
    with tenant(company.id):
        assert Ticket.objects.get(id=ticket.id).group_id == second.id
    with desk_of(browser, house.url, boss, company.slug) as page:
        page.goto(path(company, f"tickets/{ticket.number}"))
        page.locator("#thread").focus()
        page.keyboard.press("w")
        page.locator("#forward-dialog [name=group]").select_option(label="기술지원")
        page.locator("#forward-dialog [name=member]").select_option(label="박관리")
        page.locator("#forward-dialog [name=comment]").fill("제가 볼게요")
        page.locator("#forward-dialog .btn-primary").click()
        page.locator("#aside .person", has_text="박관리").wait_for()
        page.locator("#msgs .msg-note", has_text="제가 볼게요").wait_for()
    with desk_of(browser, house.url, mute, company.slug) as page:
        page.goto(path(company, "messages"))
        page.locator("main", has_text="누가 맡을까").wait_for()


@pytest.mark.row("TPL-01", "CAT-02", "TKT-08", "TKT-18")
def test_the_new_pages_fit_a_phone(house: House, browser: Any, company: Organization) -> None:
    boss = manager(company)
    save_template(member_actor(boss), title="긴 제목의 템플릿 " * 4, code="x" * 30, text="x")
    ticket = make_ticket(company, email="a-rather-long-address@a-rather-long-name.customer.example")
    with desk_of(browser, house.url, boss, company.slug) as page:
        page.set_viewport_size({"width": 360, "height": 740})
        pages = (
            "settings/templates",
            "settings/templates/new",
            "settings/rules",
            "settings/handling-categories",
            "templates",
        )
        for each in (*pages, f"tickets/{ticket.number}?tab=customer"):
            page.goto(path(company, each))
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), each
        page.locator("[data-drawer=aside]:visible").first.click()
        page.locator("#c-name").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
