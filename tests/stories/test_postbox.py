"""The whole way of a mail without a mail server: a customer asks, answers and writes by the Postbox."""

import json
import re
from typing import Any

import pytest

from maru.testing.browsing import watched_page
from maru.testing.house import House


def wait_for_text(page: Any, path: str, text: str, tries: int = 40) -> None:
    """Reload a page that another process fills until it shows ``text``."""
    for _ in range(tries):
        page.goto(path)
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"{text!r} never appeared on {path}")


@pytest.mark.row("EML-01", "EML-05", "EML-06", "HLP-01", "TKT-01")
def test_a_request_by_form_is_received_by_mail_and_answered_by_mail(demo_house: House, browser: Any) -> None:
    before = json.loads(demo_house.run("mail", "status", "--json"))
    with watched_page(browser, demo_house.url) as page:
        page.goto("/ab")
        page.get_by_label("회사코드").fill("CP00000037")
        page.get_by_role("button", name="계속").click()
        page.get_by_label("제목").fill("우편함 이야기")
        page.get_by_label("이름").fill("이야기")
        page.get_by_label("이메일").fill("story@customer.example")
        page.get_by_label("내용").fill("처음 보낸 내용입니다.")
        page.locator("#f-consent").check()
        page.wait_for_timeout(3200)
        page.get_by_role("button", name=re.compile("접수")).last.click()
        number = page.locator("text=/T-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/").first.inner_text()
        number = re.search(r"T-\w{4}-\w{4}-\w{4}", number)[0]  # type: ignore[index]
        wait_for_text(page, "/postbox", "story@customer.example")
        page.get_by_role("link", name=re.compile(re.escape(number))).first.click()
        assert "우편함 이야기" not in page.frame_locator(".mail-frame").locator("body").inner_text()
        page.locator("textarea[name=text]").fill("메일로 덧붙입니다.")
        page.get_by_role("button", name="답장 보내기").click()
        page.get_by_text("답장을 AB Company에 보냈습니다.").wait_for()
        page.goto("/ab")
        page.locator("input[name=number]").fill(number.lower().replace("-", ""))
        page.locator("input[name=number]").press("Enter")
        assert page.locator("[aria-current=step]").inner_text().strip()
        assert "우편함 이야기" not in page.content()
    after = json.loads(demo_house.run("mail", "status", "--json"))
    assert after["quarantined"] == before["quarantined"]


@pytest.mark.row("EML-01")
def test_a_mail_written_in_the_postbox_becomes_a_ticket_and_nobody_is_told_so(demo_house: House, browser: Any) -> None:
    with watched_page(browser, demo_house.url, width=360, height=740) as page:
        page.goto("/postbox/new")
        page.get_by_label("메일 주소").fill("writer@customer.example")
        page.get_by_label("받는 사람").fill("help@ab.maru.localhost")
        page.get_by_label("제목").fill("메일로 새 문의")
        page.get_by_label("내용").fill("메일에서 티켓으로")
        page.get_by_role("button", name="보내기").click()
        page.wait_for_url("**/postbox")
        wait_for_text(page, "/postbox", "writer@customer.example")
        page.goto("/postbox/new")
        page.get_by_label("메일 주소").fill("writer@customer.example")
        page.get_by_label("받는 사람").fill("nobody@nowhere.example")
        page.get_by_label("내용").fill("x")
        page.get_by_role("button", name="보내기").click()
        page.get_by_text("이 주소를 사용하는 곳이 없습니다.").wait_for()
        assert page.get_by_label("내용").input_value() == "x"


@pytest.mark.row("ORG-08")
def test_there_is_no_postbox_in_a_real_house(house: House, browser: Any) -> None:
    with watched_page(browser, house.url) as page:
        for path in ("/postbox", "/postbox/new", "/postbox/ab/1"):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 404
