"""A desk nobody watches: it warns, locks over what was typed, and opens again in place. Seen in a browser."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from maru.testing.house import House
from tests.stories.test_people import PASSWORD, person, sign_in, sign_up, tag

__all__ = ["tag"]


def let_time_pass(house: House, minutes: float, what: str = "seen_at") -> None:
    """Every session of the house gets older."""
    with psycopg.connect(house.env["DATABASE_URL"], autocommit=True) as database:
        database.execute(f"update accounts_sessionactivity set {what} = now() - %s * interval '1 minute'", [minutes])


@pytest.fixture
def ticket(house: House, page: Page, tag: str) -> Iterator[str]:
    """A company with one ticket, open in the browser; its address."""
    sign_up(page, tag, f"{tag} 상사")
    code = page.locator(".deskbar code").inner_text()
    page.goto(f"/{tag}")
    page.locator("[name=code]").fill(code)
    page.keyboard.press("Enter")
    page.locator("[name=title]").fill("배송이 안 와요")
    page.locator("[name=content]").fill("일주일이 지났습니다.")
    page.locator("[name=name]").fill("김서연")
    page.locator("[name=email]").fill("kim@example.com")
    page.locator("[name=consent]").check()
    page.wait_for_timeout(600)  # a form sent faster than a person types is a robot's
    page.locator("main form button.btn-primary").last.click()
    page.wait_for_url(re.compile("/request/done/"))
    page.goto(f"/desk/{tag}/tickets?view=all")
    page.get_by_role("link", name="배송이 안 와요").first.click()
    page.wait_for_url(re.compile(r"/tickets/T"))
    return page.url


def write(page: Page, words: str) -> None:
    page.locator("m-composer .tiptap").click()
    page.keyboard.type(words)


@pytest.mark.row("ACC-11")
def test_the_lock_leaves_the_draft_and_opens_in_place(house: House, page: Page, ticket: str) -> None:
    write(page, "곧 보내 드리겠습니다")
    page.evaluate("window.same = true")
    let_time_pass(house, 31)
    lock = page.locator("#idle-lock")
    expect(lock).to_be_visible(timeout=15_000)
    expect(lock.get_by_role("heading", name="화면이 잠겼습니다")).to_be_visible()
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    assert not found.response["violations"], found.generate_report()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.evaluate("document.dispatchEvent(new CustomEvent('maru:palette'))")
    expect(lock).to_be_visible()
    assert page.evaluate("[...document.querySelectorAll('dialog[open]')].map(each => each.id)") == ["idle-lock"]
    lock.get_by_label("비밀번호").fill("wrong wrong")
    page.keyboard.press("Enter")
    expect(lock.get_by_text("비밀번호가 올바르지 않습니다.")).to_be_visible()
    lock.get_by_label("비밀번호").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(lock).to_be_hidden()
    assert page.evaluate("window.same") is True
    expect(page.locator("m-composer")).to_contain_text("곧 보내 드리겠습니다")
    page.locator("m-composer .send:not([hidden]) .btn-primary").first.click()
    expect(page.locator(".msg-agent")).to_contain_text("곧 보내 드리겠습니다")


def test_the_page_is_live_again_after_the_lock(house: House, page: Page, ticket: str, tag: str) -> None:
    let_time_pass(house, 31)
    expect(page.locator("#idle-lock")).to_be_visible(timeout=15_000)
    # Opened in another tab, as with a passkey: the first one follows by itself.
    other = page.context.new_page()
    other.goto("/account/back")
    other.goto(f"/desk/{tag}/members")
    expect(other.get_by_text("한동안 사용하지 않아")).to_be_visible()
    other.locator("[name=password]").fill(PASSWORD)
    other.get_by_role("button", name="계속").click()
    other.wait_for_url(re.compile(r"/members"))
    page.bring_to_front()
    expect(page.locator("#idle-lock")).to_be_hidden(timeout=15_000)
    other.goto(ticket)
    write(other, "다른 탭에서 답합니다")
    other.locator("m-composer .send:not([hidden]) .btn-primary").first.click()
    expect(page.locator(".msg-agent")).to_contain_text("다른 탭에서 답합니다", timeout=15_000)


def test_a_page_that_was_refused_while_the_desk_is_open_goes_on(page: Page, ticket: str, tag: str) -> None:
    """The lock was opened elsewhere before this page asked: no lock is shown, and the stream still comes back."""
    refused: list[str] = []

    def refuse(route: Route) -> None:
        if len(refused) < 2:
            refused.append(route.request.url)
            route.fulfill(status=401, body="{}", content_type="application/json")
        else:
            route.continue_()

    page.route(f"**/desk/{tag}/live?*", refuse)
    page.reload()
    with page.expect_response(lambda answer: "/live?" in answer.url and answer.status == 200, timeout=20_000):
        pass
    assert ["poll=1" in url for url in refused] == [False, True]
    expect(page.locator("#idle-lock")).to_be_hidden()


@pytest.mark.row("ACC-11", "TKT-05")
def test_a_code_typed_stays_when_its_answer_cannot_be_had(house: House, page: Page, ticket: str, tag: str) -> None:
    page.route(f"**/desk/{tag}/templates?*", lambda route: route.fulfill(json={"items": [{"id": "7", "name": "환불"}]}))
    page.route(re.compile(r"/templates/7\?"), lambda route: route.fulfill(status=500, body=""))
    write(page, "/환불")
    page.locator(".mentions [role=option]", has_text="환불").click()
    expect(page.locator("#toasts .toast-danger")).to_be_visible()
    expect(page.locator("m-composer [contenteditable=true]")).to_have_text("/환불")
    page.unroute(re.compile(r"/templates/7\?"))
    page.route(re.compile(r"/templates/7\?"), lambda route: route.fulfill(json={"html": "<p>환불해 드렸습니다.</p>"}))
    page.locator(".mentions [role=option]", has_text="환불").click()
    expect(page.locator("m-composer [contenteditable=true]")).to_have_text("환불해 드렸습니다.")
    # A script that is refused shows the lock at once.
    let_time_pass(house, 31)
    page.unroute_all()
    with page.expect_response(lambda answer: "/templates" in answer.url and answer.status == 401):
        page.keyboard.type(" /ㅎ")
    expect(page.locator("#idle-lock")).to_be_visible(timeout=3_000)


def test_a_signed_out_tab_keeps_what_was_typed_and_goes_on_after_signing_in(
    house: House, page: Page, ticket: str, tag: str
) -> None:
    write(page, "아직 쓰는 중입니다")
    other = page.context.new_page()
    other.goto("/account")
    other.get_by_role("button", name="로그아웃").first.click()
    other.wait_for_url("**/")
    page.bring_to_front()
    expect(page.get_by_role("link", name="새 탭에서 로그인")).to_be_visible(timeout=15_000)
    sign_in(other, f"founder@{tag}.example")
    other.wait_for_url(re.compile(r"/desk"))
    page.bring_to_front()
    expect(page.locator("#idle-lock")).to_be_hidden(timeout=15_000)
    page.locator("m-composer .send:not([hidden]) .btn-primary").first.click()
    expect(page.locator(".msg-agent")).to_contain_text("아직 쓰는 중입니다")


def test_a_word_before_the_lock_goes_when_somebody_moves(house: House, page: Page, tag: str) -> None:
    page.clock.install()
    sign_up(page, tag, f"{tag} 상사")
    page.goto(f"/desk/{tag}/members")
    let_time_pass(house, 28.5)
    page.clock.fast_forward("28:30")
    warning = page.locator("#idle-warn")
    expect(warning).to_be_visible()
    expect(warning).to_contain_text(re.compile(r"\d+초 뒤 화면이 잠깁니다"))
    expect(warning).to_have_role("region")  # an alert would be read out at each tick
    warning.get_by_role("button", name="계속 사용").click()
    expect(warning).to_be_hidden()
    page.reload()
    expect(page.locator("#members")).to_be_visible()


@pytest.mark.row("ACC-04")
def test_a_dangerous_deed_asks_for_a_proof_and_is_done(house: House, page: Page, tag: str) -> None:
    sign_up(page, tag, f"{tag} 상사")
    page.goto(f"/desk/{tag}/organization")
    page.locator("[name=minutes]").select_option("10")
    let_time_pass(house, 11, "proven_at")
    page.locator("#idle").get_by_role("button", name="저장").click()
    expect(page.get_by_role("heading", name="본인 확인")).to_be_visible()
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="계속").click()
    page.wait_for_url(re.compile(r"/organization$"))
    expect(page.locator("[name=minutes]")).to_have_value("10")


def test_without_scripts_a_locked_form_waits_and_goes_on(house: House, browser: Browser, tag: str) -> None:
    context = browser.new_context(base_url=house.url, locale="ko-KR", java_script_enabled=False)
    page = context.new_page()
    page.goto("/sign-up")
    page.locator("[name=company]").fill(f"{tag} 상사")
    page.locator("[name=slug]").fill(tag)
    person(page, f"founder@{tag}.example", "김창립")
    page.locator("main form button.btn-primary").click()
    page.goto(f"/desk/{tag}/groups")
    page.locator("form[action$='/groups/new'] [name=name]").fill("야간 상담")
    let_time_pass(house, 31)
    page.locator("form[action$='/groups/new'] button").last.click()
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="계속").click()
    page.get_by_role("button", name="계속").click()
    expect(page.locator("input[value='야간 상담']")).to_have_count(1)
    context.close()
