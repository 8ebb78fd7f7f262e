"""Cards of the board: moved by mouse, by keys and by menu, and sent back when they are stale."""

import re
from typing import Any

import pytest

from tests.stories.desk import Desk, desk

__all__ = ["desk"]


def drag_to_second_column(page: Any, text: str) -> None:
    """Drag a card by mouse. On a busy machine Chromium may miss the start of a drag, as it may miss a hasty hand's."""
    column = page.locator(".col").nth(1)
    for _hand in range(4):
        page.locator(".kcard", has_text=text).drag_to(column, target_position={"x": 70, "y": 95})
        page.wait_for_timeout(700)
        if column.locator(".kcard", has_text=text).count():
            return
    raise AssertionError("the card cannot be dragged")


@pytest.mark.row("TKT-12")
def test_cards_move_by_mouse_by_keyboard_and_by_menu(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page, desk.page(browser, "장현우") as other:
        other.goto(f"{desk.path}/board")
        page.goto(f"{desk.path}/board")
        columns = page.locator(".col")
        page.wait_for_function("performance.getEntriesByType('resource').some(e => e.name.includes('sortable'))")
        page.wait_for_timeout(1000)
        drag_to_second_column(page, "환불해주세요")
        other.locator(".col").nth(1).locator(".kcard", has_text="환불해주세요").wait_for()
        card = page.locator(".kcard", has_text="請求書の宛名変更")
        card.focus()
        for key in ("Space", "ArrowRight", "ArrowRight", "Space"):
            page.keyboard.press(key)
        other.locator(".col").nth(2).locator(".kcard", has_text="請求書の宛名変更").wait_for()
        card = page.locator(".kcard", has_text="결제 승인은 됐는데")
        card.get_by_role("button", name=re.compile("이동할 단계")).click()
        card.locator(".menu").get_by_role("button", name="완료").click()
        other.locator(".col").nth(3).locator(".kcard", has_text="결제 승인은").wait_for()
        page.reload()
        counts = [columns.nth(n).locator("[data-n]").inner_text() for n in range(4)]
        assert counts == ["0", "1", "1", "1"]


@pytest.mark.row("TKT-12")
def test_a_stale_card_returns_with_a_reason(desk: Desk, browser: Any) -> None:
    with desk.page(browser) as page, desk.page(browser, "장현우") as other:
        page.goto(f"{desk.path}/board")
        page.wait_for_timeout(800)
        page.evaluate("document.querySelector('#columns').removeAttribute('data-live')")
        other.goto(desk.ticket(1))
        other.locator("#f-stage").select_option(label="보류")
        other.locator(".conv-head", has_text="보류").wait_for()
        card = page.locator(".kcard", has_text="환불해주세요")
        card.focus()
        for key in ("Space", "ArrowRight", "Space"):
            page.keyboard.press(key)
        page.locator("#toasts", has_text="장현우 님이 ‘보류’ 단계로 옮겼습니다").wait_for()
        assert page.locator(".col").nth(0).locator(".kcard", has_text="환불해주세요").count() == 1
