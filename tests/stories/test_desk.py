"""A day at the desk, in a browser: take, write, stop in time, search, follow each other live."""

import re
import time
from typing import Any

import pytest

from tests.stories.desk import Desk, desk, editor

__all__ = ["desk"]

_ENGLISH = re.compile(r"[A-Za-z]{3,}(?: [A-Za-z]{2,})+")


@pytest.mark.row("TKT-04", "TKT-05", "TKT-10")
def test_take_a_ticket_from_the_list_and_resolve_it(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(f"{desk.path}/tickets?view=unassigned")
        page.get_by_role("link", name="환불해주세요").click()
        page.get_by_role("heading", name="환불해주세요").wait_for()
        assert page.url.endswith(f"{desk.numbers[1]}?view=unassigned")
        page.get_by_role("button", name="가져오기", exact=True).click()
        page.get_by_text("티켓을 가져왔습니다.").wait_for()
        page.locator("#views .view", has_text="내 처리중 티켓").locator(".count", has_text="1").wait_for()
        editor(page).fill("환불 처리했습니다.")
        page.get_by_role("button", name="해결", exact=True).click()
        page.locator(".msg-agent", has_text="환불 처리했습니다.").wait_for()
        assert editor(page).inner_text().strip() == ""
        page.locator(".conv-head", has_text="완료").wait_for()


@pytest.mark.row("TKT-05")
def test_enter_never_sends_while_a_syllable_is_composed(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(desk.ticket())
        editor(page).click()
        keyboard = page.context.new_cdp_session(page)
        for part in ("ㅎ", "하", "한"):
            keyboard.send("Input.imeSetComposition", {"text": part, "selectionStart": 1, "selectionEnd": 1})
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/messages") else None)
        for modifiers in (0, 2, 4):
            keyboard.send(
                "Input.dispatchKeyEvent",
                {
                    "type": "rawKeyDown",
                    "key": "Enter",
                    "code": "Enter",
                    "windowsVirtualKeyCode": 229,
                    "modifiers": modifiers,
                },
            )
        keyboard.send("Input.insertText", {"text": "한"})
        page.wait_for_timeout(600)
        assert sent == []
        assert "한" in editor(page).inner_text()
        editor(page).press("Enter")
        page.wait_for_timeout(300)
        assert sent == [], "Enter alone is a new line"
        editor(page).press("Control+Shift+Enter")
        page.locator(".msg-agent", has_text="한").wait_for()
        assert len(sent) == 1


@pytest.mark.row("TKT-04", "TKT-14")
def test_two_agents_take_one_ticket_at_once(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as lee, desk.page(browser, "장현우") as jang:
        lee.goto(desk.ticket())
        jang.goto(desk.ticket())
        jang.get_by_text("이수민 님이 보고 있습니다").wait_for()
        # The page of the second is held still, as if both had pressed in the same moment.
        jang.evaluate("document.querySelector('#pulse').removeAttribute('data-live')")
        lee.get_by_role("button", name="가져오기", exact=True).click()
        lee.get_by_text("티켓을 가져왔습니다.").wait_for()
        jang.get_by_role("button", name="가져오기", exact=True).click()
        jang.get_by_text("이수민 님이 조금 먼저 이 티켓을 가져갔습니다.").wait_for()
        assert jang.get_by_role("button", name="가져오기", exact=True).count() == 0


@pytest.mark.row("TKT-14")
def test_a_newer_message_stops_the_sending_and_the_text_stays(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(desk.ticket())
        editor(page).click()
        page.keyboard.type("answer to the old question")
        desk.customer_says("아, 이미 해결됐어요!")
        page.locator(".msg", has_text="이미 해결됐어요").wait_for()
        page.get_by_role("button", name="해결", exact=True).click()
        stop = page.get_by_role("alertdialog")
        stop.get_by_text("이미 해결됐어요").wait_for()
        stop.get_by_role("button", name="계속 작성").click()
        assert "answer to the old question" in editor(page).inner_text()
        desk.customer_says("정말이에요")
        page.locator(".msg", has_text="정말이에요").wait_for()
        page.get_by_role("button", name="해결", exact=True).click()
        stop.get_by_role("button", name="그대로 보내기").click()
        page.locator(".msg-agent", has_text="answer to the old question").wait_for()
        assert page.locator("m-stop").count() == 0


@pytest.mark.row("TKT-13", "NTF-01")
def test_a_note_mentions_a_colleague(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page, desk.page(browser, "장현우") as other:
        other.goto(f"{desk.path}/tickets")
        page.goto(desk.ticket())
        editor(page).wait_for()
        page.locator("body").press("n")
        page.keyboard.type("@")
        page.locator(".mentions [role=option]", has_text="장현우").click()
        page.keyboard.type("please look")
        page.get_by_role("button", name="메모 남기기").click()
        note = page.locator(".msg-note", has_text="please look")
        note.wait_for()
        assert note.locator(".mention").inner_text() == "@장현우"
        other.locator("#bell .bubble-n", has_text="1").wait_for()


@pytest.mark.row("TKT-05", "TKT-13")
def test_no_key_is_lost_after_the_one_that_opens_the_composer(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(desk.ticket())
        editor(page).wait_for()
        page.locator("body").press("n")
        page.keyboard.type("quick hands")
        assert editor(page).inner_text().strip() == "quick hands"
        assert page.locator("m-composer").get_attribute("data-mode") == "note"

    with desk.page(browser) as page:
        # The editor is slow to come: the textarea takes the keys, and the editor what it holds.
        page.route("**/editor-*.js", lambda route: (time.sleep(1.5), route.continue_()))
        page.goto(desk.ticket(1), wait_until="domcontentloaded")
        area = page.locator("m-composer textarea")
        area.wait_for()
        page.wait_for_function("customElements.get('m-composer') && document.querySelector('m-composer').isConnected")
        page.locator("body").press("r")
        page.keyboard.type("still typing")
        assert "still typing" in editor(page).inner_text()


@pytest.mark.row("TKT-05", "TKT-13")
def test_a_click_on_note_or_reply_leads_into_the_text(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(desk.ticket())
        editor(page).wait_for()
        page.get_by_role("tab", name="내부 메모").click()
        page.keyboard.type("vpe no commands")
        assert editor(page).inner_text().strip() == "vpe no commands"
        assert page.url.endswith(desk.numbers[0])


@pytest.mark.row("TKT-11")
def test_the_key_for_search_searches(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(f"{desk.path}/tickets")
        page.locator("body").press("/")
        # A category is called so too: whoever wants to search is not led there.
        page.keyboard.type("환불")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search?*")
        page.get_by_role("link", name="환불해주세요").first.wait_for()


@pytest.mark.row("TKT-10", "TKT-16")
def test_the_list_lives_and_is_walked_by_keys(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(f"{desk.path}/tickets")
        rows = page.locator("#rows .row")
        assert rows.count() == 3
        page.wait_for_timeout(1000)
        desk.customer_says("다시 확인해 주세요", 0)
        rows.first.filter(has_text="결제 승인은").wait_for()
        page.locator("body").press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.locator("#main[data-ticket]").wait_for()
        assert page.locator("#rows .row[aria-current]").count() == 1
        # With Hangul on, J arrives as another letter.
        page.evaluate(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ㅓ', code: 'KeyJ', bubbles: true}))"
        )


@pytest.mark.row("TKT-08", "TKT-13", "TKT-02")
def test_details_change_beside_the_conversation(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page, desk.page(browser, "장현우") as other:
        page.goto(desk.ticket())
        other.goto(desk.ticket())
        editor(page).click()
        page.keyboard.type("half a sentence")
        page.locator("#f-priority").select_option(label="긴급")
        page.locator(".conv-head .prio-urgent").wait_for()
        other.locator(".conv-head .prio-urgent").wait_for()
        page.locator("#f-assign").select_option(label="장현우")
        page.locator("#aside .person", has_text="장현우").wait_for()
        assert "half a sentence" in editor(page).inner_text(), "an action leaves the editor alone"
        page.locator("#sec-note > summary").click()
        desk.customer_says("아직 기다리고 있어요")
        page.locator(".msg", has_text="아직 기다리고 있어요").wait_for()
        assert page.locator("#sec-note").get_attribute("open") is not None, "what somebody has opened stays open"
        page.locator("#f-note").fill("PG사에 확인 중")
        page.get_by_role("button", name="메모 저장").click()
        page.get_by_text("메모를 저장했습니다.").wait_for()
        page.get_by_role("link", name="이벤트").click()
        page.locator("#aside .tl", has_text="우선순위").wait_for()


@pytest.mark.row("TKT-05")
def test_the_mail_is_seen_before_it_is_sent(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(desk.ticket())
        editor(page).fill("미리 보는 답변")
        page.get_by_role("button", name="메일 미리보기").click()
        page.frame_locator(".preview-frame").get_by_text("미리 보는 답변").wait_for()
        page.locator("#preview-dialog [data-close-dialog]").click()
        assert "미리 보는 답변" in editor(page).inner_text()
        assert page.locator(".msg-agent").count() == 0


@pytest.mark.row("TKT-11", "TKT-10")
def test_a_search_is_saved_as_a_view(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(f"{desk.path}/search")
        page.locator(".criteria input[name=q]").fill("환불")
        page.keyboard.press("Enter")
        page.locator(".table-tickets tbody tr", has_text="환불해주세요").wait_for()
        assert page.locator(".table-tickets tbody tr").count() == 1
        page.locator("#view-name").fill("환불 문의")
        page.get_by_role("button", name="보기 저장").click()
        page.locator("#views .view", has_text="환불 문의").wait_for()
        assert page.locator("#rows .row").count() == 1


@pytest.mark.row("TKT-03")
def test_a_call_is_written_down(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page:
        page.goto(f"{desk.path}/tickets")
        page.locator("body").press("c")
        page.get_by_label("제목").fill("전화 문의: 배송지 변경")
        editor(page).fill("배송지를 바꾸고 싶다고 하십니다.")
        page.get_by_label("이름").fill("최유진")
        page.get_by_role("button", name="등록", exact=True).click()
        page.get_by_role("heading", name="전화 문의: 배송지 변경").wait_for()
        assert "배송지를 바꾸고 싶다고 하십니다." in page.locator("#msgs").inner_text()


@pytest.mark.row("ACC-01")
@pytest.mark.parametrize("language", ["ko-KR", "ja-JP"])
def test_no_english_is_left_over(desk: Desk, browser: Any, language: str) -> None:
    with desk.page(browser, language=language) as page:
        for path in (
            "/tickets", "/tickets?view=hold", "/tickets?layout=table", "/tickets?layout=panes", "/board", "/search?q=x",
            "/tickets/new", "/settings/categories", "/settings/stages", "/settings/views", f"/tickets/{desk.numbers[0]}",
            f"/tickets/{desk.numbers[0]}?tab=events",
        ):  # fmt: skip
            page.goto(f"{desk.path}{path}")
            page.wait_for_timeout(250)
            text = page.evaluate(
                "[document.body.innerText, ...[...document.querySelectorAll('[aria-label],[title],[placeholder]')]"
                ".flatMap(e => [e.ariaLabel, e.title, e.placeholder])].filter(Boolean).join('\\n')"
            )
            left = _ENGLISH.findall(text)
            assert left == [], (path, left)


@pytest.mark.row("TKT-12", "TKT-10")
def test_a_phone_shows_list_or_ticket(desk: Desk, browser: Any) -> None:
    with desk.page(browser, width=360, height=740) as page:
        for path in (
            "/tickets",
            "/board",
            "/search",
            "/tickets/new",
            "/settings/stages",
            f"/tickets/{desk.numbers[0]}",
        ):
            page.goto(f"{desk.path}{path}")
            page.wait_for_timeout(200)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.goto(f"{desk.path}/tickets")
        page.get_by_role("link", name="환불해주세요").click()
        page.get_by_role("heading", name="환불해주세요").wait_for()
        assert not page.locator("#list").is_visible()
        page.get_by_role("link", name="목록으로").click()
        page.locator("#rows .row").first.wait_for()
