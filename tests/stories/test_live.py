"""Everything live, without a reload: list, board, counts, conversation, presence, bell; and after a dropped line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings

from maru.accounts.models import Member
from maru.accounts.roles import member_actor
from maru.core.actors import requester_actor
from maru.core.ids import new_token
from maru.core.tenancy import tenant
from maru.notifications.tests.streaming import committed_to, make_person, sign_in
from maru.organizations.models import Organization
from maru.testing.browsing import watched_page
from maru.testing.house import House
from maru.testing.makers import make_organization, make_ticket
from maru.tickets import commands
from maru.tickets.models import Stage, Status, Ticket
from tests.stories.line import Line

WAIT = 15_000


@pytest.fixture
def company(house: House, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Organization]:
    """A company of this story in the running house; this process acts as its other people."""
    # Playwright keeps an event loop in this thread, beside which the ORM would refuse to work.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    slug = f"story-{new_token(40).lower().replace('_', 'x').replace('-', 'y')}"
    with django_db_blocker.unblock(), committed_to(house.database):
        yield make_organization(slug, slug)


@contextmanager
def desk_of(browser: Any, url: str, member: Member, slug: str) -> Iterator[Any]:
    """A browser of somebody who is signed in; every page in it is marked, so that a reload would show."""
    with watched_page(browser, url) as page:
        session = str(sign_in(member.account).session_key)
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
        page.goto(f"/desk/{slug}/tickets")
        mark(page)
        yield page


def mark(page: Any) -> None:
    page.evaluate("window.untouched = true")


def open_tab(page: Any, path: str) -> Any:
    tab = page.context.new_page()
    tab.set_default_timeout(WAIT)
    tab.goto(path)
    mark(tab)
    return tab


def was_not_reloaded(*pages: Any) -> bool:
    return all(page.evaluate("window.untouched === true") for page in pages)


def stage_of(company: Organization, status: Status) -> Stage:
    with tenant(company.id):
        stage: Stage | None = Stage.objects.filter(status=status).first()
    assert stage is not None
    return stage


def customer_says(ticket: Ticket, text: str) -> None:
    commands.add_customer_message(
        requester_actor(ticket.organization_id, "김서연"),
        ticket_id=ticket.id,
        text=text,
        author_name="김서연",
        author_address="kim@customer.example",
        channel="web",
    )


def bell_shows(page: Any, count: int) -> None:
    page.locator(f"#bell .bubble-n:has-text('{count}')").wait_for(timeout=WAIT)


@pytest.mark.row("TKT-08", "TKT-10", "TKT-12", "NTF-01")
def test_pages_follow_what_others_do(house: House, browser: Any, company: Organization) -> None:
    kim, lee = make_person(company, name="김직원"), make_person(company, name="이직원", role="manager")
    ticket = make_ticket(company, title="첫 티켓", email="kim@customer.example")
    with desk_of(browser, house.url, kim, company.slug) as page:
        board = open_tab(page, f"/desk/{company.slug}/board")
        detail = open_tab(page, f"/desk/{company.slug}/tickets/{ticket.number}")
        # A new ticket stands in list and board.
        new = make_ticket(company, title="방금 온 티켓")
        page.get_by_text("방금 온 티켓").first.wait_for(timeout=WAIT)
        board.get_by_text("방금 온 티켓").first.wait_for(timeout=WAIT)
        # It is given to this person: the bell counts.
        commands.assign(member_actor(lee), ticket_id=new.id, member_ids=[kim.id])
        for opened in (page, board, detail):
            bell_shows(opened, 1)
        # A card moves to another column.
        done = stage_of(company, Status.RESOLVED)
        commands.set_stage(member_actor(lee), ticket_id=new.id, stage_id=done.id)
        board.wait_for_function(
            "number => [...document.querySelectorAll('#columns > *')].at(-1).innerHTML.includes(number)", arg=new.number
        )
        # The customer writes: the open conversation shows it.
        customer_says(ticket, "언제 처리되나요?")
        detail.get_by_text("언제 처리되나요?").first.wait_for(timeout=WAIT)
        assert was_not_reloaded(page, board, detail)


@pytest.mark.row("TKT-14")
def test_people_see_each_other_at_a_ticket(house: House, browser: Any, company: Organization) -> None:
    kim, lee = make_person(company, name="김직원"), make_person(company, name="이직원")
    ticket = make_ticket(company, title="함께 보는 티켓")
    path = f"/desk/{company.slug}/tickets/{ticket.number}"
    with desk_of(browser, house.url, kim, company.slug) as one, desk_of(browser, house.url, lee, company.slug) as two:
        detail = open_tab(one, path)
        other = open_tab(two, path)
        detail.locator("m-presence:has-text('이직원')").wait_for(timeout=WAIT)
        other.locator("m-presence:has-text('김직원')").wait_for(timeout=WAIT)
        other.locator("m-composer [contenteditable=true]").first.click()
        other.keyboard.type("안녕하세요")
        detail.locator("m-presence[data-typing]:has-text('이직원')").wait_for(timeout=WAIT)
        other.goto(f"/desk/{company.slug}/board")
        detail.locator("m-presence").wait_for(state="hidden", timeout=WAIT)
        assert was_not_reloaded(detail)


@pytest.mark.row("TKT-12", "NTF-01")
def test_a_dropped_line_misses_nothing(house: House, browser: Any, company: Organization) -> None:
    """The line breaks, the browser is told that it is offline, things happen, the line is mended."""
    kim, lee = make_person(company, name="김직원"), make_person(company, name="이직원")
    ticket = make_ticket(company, title="끊긴 동안의 티켓")
    with Line(house.port) as line, desk_of(browser, line.url, kim, company.slug) as page:
        detail = open_tab(page, f"/desk/{company.slug}/tickets/{ticket.number}")
        make_ticket(company, title="아직 이어진 티켓")
        page.get_by_text("아직 이어진 티켓").first.wait_for(timeout=WAIT)
        before = len(page.errors)
        page.context.set_offline(True)
        line.cut()
        page.locator("#net").wait_for(state="visible", timeout=30_000)
        for number in range(3):
            make_ticket(company, title=f"못 본 티켓 {number}")
        commands.assign(member_actor(lee), ticket_id=ticket.id, member_ids=[kim.id])
        customer_says(ticket, "연결이 끊긴 동안 보낸 글")
        # What was being fetched when the line was cut has failed, as it must; anything else, and later, is an error.
        page.errors[before:] = [text for text in page.errors[before:] if "Failed to fetch" not in text]
        line.mend()
        page.context.set_offline(False)
        for number in range(3):
            page.get_by_text(f"못 본 티켓 {number}").first.wait_for(timeout=30_000)
        detail.get_by_text("연결이 끊긴 동안 보낸 글").first.wait_for(timeout=WAIT)
        for opened in (page, detail):
            bell_shows(opened, 2)
        page.locator("#net").wait_for(state="hidden", timeout=WAIT)
        assert was_not_reloaded(page, detail)


@pytest.mark.row("NTF-01", "NTF-02")
def test_the_bell_opens_and_leads_to_the_ticket(house: House, browser: Any, company: Organization) -> None:
    kim, lee = make_person(company, name="김직원"), make_person(company, name="이직원")
    ticket = make_ticket(company, title="종이 알린 티켓")
    with desk_of(browser, house.url, kim, company.slug) as page:
        commands.assign(member_actor(lee), ticket_id=ticket.id, member_ids=[kim.id])
        bell_shows(page, 1)
        page.locator("#bell").click()
        entry = page.locator("#bell-panel [data-note]").first
        entry.wait_for()
        assert "이직원 님이 티켓을 할당했습니다." in entry.inner_text()
        entry.get_by_role("button").click()
        page.wait_for_url(f"**/tickets/{ticket.number}")
        assert page.locator("#bell .bubble-n").count() == 0
        page.goto(f"/desk/{company.slug}/messages")
        page.get_by_text("종이 알린 티켓").wait_for()
        commands.comment(member_actor(lee), ticket_id=ticket.id, html="<p>여기에도 바로 보여요</p>")
        page.get_by_text("여기에도 바로 보여요").wait_for(timeout=WAIT)
        page.goto(f"/desk/{company.slug}/messages/settings")
        switch = page.get_by_role("switch").first
        switch.uncheck()
        page.get_by_role("button", name="저장").click()
        page.get_by_role("switch").first.wait_for()
        assert not page.get_by_role("switch").first.is_checked()


@pytest.mark.row("NTF-02")
def test_a_desktop_notification_while_a_page_is_open(house: House, browser: Any, company: Organization) -> None:
    """The browser's own notification is stood in for: headless browsers have no desktop to show it on."""
    kim, lee = make_person(company, name="김직원"), make_person(company, name="이직원")
    ticket = make_ticket(company, title="바탕화면 티켓")
    with desk_of(browser, house.url, kim, company.slug) as page:
        page.evaluate(
            "() => { window.opened = []; document.hasFocus = () => false;"
            " window.Notification = class extends EventTarget {"
            " static permission = 'granted'; constructor(title, options) { super(); window.opened.push([title, options.body]); } } }"
        )
        commands.assign(member_actor(lee), ticket_id=ticket.id, member_ids=[kim.id])
        for _ in range(WAIT // 100):
            if page.evaluate("window.opened.length"):
                break
            page.wait_for_timeout(100)
        assert page.evaluate("window.opened") == [["이직원 님이 티켓을 할당했습니다.", "바탕화면 티켓"]]
