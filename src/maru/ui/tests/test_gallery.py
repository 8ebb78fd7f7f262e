"""The gallery in a browser: reachable by everybody, usable from the keyboard, safe with input methods."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from maru.ui.tests.gallery import Gallery, serve


@pytest.fixture(scope="module")
def gallery() -> Iterator[Gallery]:
    with serve() as running:
        yield running


def open_page(
    browser: Browser, gallery: Gallery, theme: str = "light", width: int = 1440, language: str = "ko"
) -> Page:
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    cookies = {"theme": theme, "maru_language": language}
    context.add_cookies([{"name": name, "value": value, "url": gallery.url} for name, value in cookies.items()])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda problem: errors.append(str(problem)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(f"{gallery.url}/kit")
    expect(page.locator("m-board:defined")).to_have_count(1)
    assert errors == []
    gallery.posts.clear()
    return page


@pytest.mark.parametrize(
    ("theme", "width", "language"),
    [("light", 1440, "ko"), ("dark", 1440, "en"), ("light", 360, "ja"), ("dark", 360, "ko")],
)
def test_nothing_stands_in_anybodys_way(
    browser: Browser, gallery: Gallery, theme: str, width: int, language: str
) -> None:
    page = open_page(browser, gallery, theme, width, language)
    found = Axe().run(page)
    assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()


def test_a_card_is_moved_by_keyboard(browser: Browser, gallery: Gallery) -> None:
    page = open_page(browser, gallery)
    page.locator(".kcard").first.focus()
    for key in (" ", "ArrowRight", "ArrowDown", " "):
        page.keyboard.press(key)
    page.locator("#toasts button").last.wait_for()
    path, body = gallery.posts[-1]
    assert path == "/kit/move"
    assert "stage=doing" in body
    assert "ticket=T-1ZB4" in body
    assert page.locator('[data-stage="doing"] .kcard').count() == 3
    expect(page.locator('[aria-labelledby="kit-col-doing"] [data-n]').first).to_have_text("3")
    page.locator("#toasts button").last.click()
    expect(page.locator('[data-stage="backlog"] .kcard')).to_have_count(1)
    page.context.close()


def test_escape_puts_the_card_back(browser: Browser, gallery: Gallery) -> None:
    page = open_page(browser, gallery)
    page.locator(".kcard").first.focus()
    for key in (" ", "ArrowRight", "Escape"):
        page.keyboard.press(key)
    expect(page.locator('[data-stage="backlog"] .kcard')).to_have_count(1)
    assert gallery.posts == []
    page.context.close()


def test_a_refused_move_goes_back_with_its_reason(browser: Browser, gallery: Gallery) -> None:
    page = open_page(browser, gallery)
    gallery.refuse = True
    try:
        page.locator(".kcard").first.focus()
        for key in (" ", "ArrowRight", " "):
            page.keyboard.press(key)
        expect(page.locator(".toast-danger")).to_contain_text("다른 사람이 먼저 옮겼습니다")
        expect(page.locator('[data-stage="backlog"] .kcard')).to_have_count(1)
    finally:
        gallery.refuse = False
    page.context.close()


def _editor(page: Page) -> None:
    page.locator("m-composer .tiptap").wait_for()
    page.locator("m-composer .tiptap").click()


def test_enter_never_sends_and_control_enter_does_once_the_syllable_is_done(browser: Browser, gallery: Gallery) -> None:
    page = open_page(browser, gallery)
    _editor(page)
    protocol = page.context.new_cdp_session(page)
    protocol.send("Input.imeSetComposition", {"text": "감", "selectionStart": 1, "selectionEnd": 1})
    page.evaluate(
        "document.querySelector('.tiptap').dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'Enter', ctrlKey: true, isComposing: true, bubbles: true, cancelable: true}))"
    )
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert gallery.posts == []
    protocol.send("Input.insertText", {"text": "감사합니다"})
    page.keyboard.press("Control+Enter")
    expect(page.locator("m-composer .tiptap")).to_have_text("")
    body = gallery.posts[-1][1]
    assert "감사합니다" in body
    assert 'name="format"\r\n\r\nhtml' in body
    assert "resolved" in body
    page.context.close()


def test_a_colleague_is_mentioned_in_a_note(browser: Browser, gallery: Gallery) -> None:
    page = open_page(browser, gallery)
    page.locator('[data-tab="note"]').click()
    _editor(page)
    page.keyboard.type("@박")
    page.locator(".mentions [role=option]").first.wait_for()
    page.keyboard.press("Enter")
    expect(page.locator(".tiptap .mention")).to_have_text("@박정호")
    page.keyboard.press("Control+Enter")
    expect(page.locator("m-composer .tiptap")).to_have_text("")
    body = gallery.posts[-1][1]
    assert 'data-id="7"' in body
    assert 'name="mode"\r\n\r\nnote' in body
    page.context.close()


def test_a_draft_survives_the_page(browser: Browser, gallery: Gallery) -> None:
    page = open_page(browser, gallery)
    _editor(page)
    page.keyboard.type("half a thought")
    page.wait_for_timeout(300)
    page.reload()
    expect(page.locator("m-composer .tiptap")).to_contain_text("half a thought")
    page.context.close()


def test_files_beyond_the_limit_are_named(browser: Browser, gallery: Gallery) -> None:
    page = open_page(browser, gallery)
    files = [{"name": f"{n}.txt", "mimeType": "text/plain", "buffer": b"x"} for n in range(6)]
    page.locator("#f-kit-files").set_input_files(files)
    box = page.locator("m-files", has=page.locator("#f-kit-files"))
    expect(box.locator(".file")).to_have_count(5)
    expect(box.locator("[data-error]")).to_contain_text("5.txt")
    page.context.close()


def test_keys_work_with_hangul_on_and_rest_in_fields(browser: Browser, gallery: Gallery) -> None:
    page = open_page(browser, gallery)
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ㅓ', code: 'KeyJ', bubbles: true}))")
    assert page.evaluate("document.activeElement.className") == "row-subj"
    page.keyboard.press("x")
    expect(page.locator("#bulk")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#hotkeys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("설정")
    expect(page.locator(".palette [role=option]").first).to_contain_text("설정")
    page.keyboard.press("Escape")
    page.locator("#f-text").fill("")
    page.locator("#f-text").press("j")
    assert page.evaluate("document.activeElement.id") == "f-text"
    page.context.close()


def test_the_theme_changes_without_leaving(browser: Browser, gallery: Gallery) -> None:
    page = open_page(browser, gallery)
    page.locator('.rail [popovertarget="me"]').click()
    page.locator('#me button[value="dark"]').click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert any(cookie["name"] == "theme" and cookie["value"] == "dark" for cookie in page.context.cookies())
    page.context.close()
