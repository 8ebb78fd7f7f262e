"""Hostile text lies everywhere as mere text, and a styled mail is shown without an error in the console."""

import re
import smtplib
import time
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import httpx
import pytest

from maru.testing.browsing import watched_page
from maru.testing.house import House

WORD = "qzhostile"
SCRIPT = f"<script>alert('{WORD}')</script>"
HOSTILE = f"{WORD} {SCRIPT}<img src=x onerror=alert(2)><svg onload=alert(3)>"
MAIL = """<div style="color:red;position:fixed" onclick="alert(1)"><script>alert(1)</script>
<style>body{display:none}</style><p style="background:#fff">styled words</p>
<table bgcolor="#ffffff"><tr><td style="width:200px">cell</td></tr></table>
<img src="https://tracker.example/pixel.gif" alt="remote picture"><img src=x onerror=alert(2)>
<a href="javascript:alert(3)">press me</a></div>"""


@pytest.fixture(scope="module")
def staff(demo_house: House) -> httpx.Client:
    key = demo_house.run("api-key", "create", "--service", "ab/help").strip()
    return httpx.Client(base_url=f"{demo_house.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60)


@pytest.fixture(scope="module")
def desk(demo_house: House, browser: Any) -> Any:
    """The admin's page; dialogs and console errors end the story."""
    with watched_page(browser, demo_house.url) as page:
        page.on("dialog", lambda dialog: page.errors.append(f"dialog: {dialog.message}"))
        page.goto("/sign-in")
        page.locator("[name=email]").fill("admin@ab.example")
        page.locator("[name=password]").fill(demo_house.password)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(re.compile("/desk/ab"))
        yield page


def wait_for(read: Any, seconds: float = 40) -> Any:
    """The first true answer of ``read``; raises AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := read():
            return found
        time.sleep(0.3)
    raise AssertionError("it never came")


def shows(page: Any, path: str, text: str) -> None:
    """The page holds the text, letter by letter."""
    page.goto(path)
    page.get_by_text(text).first.wait_for(state="attached")


@pytest.mark.row("TKT-01", "TKT-04")
def test_markup_of_a_requester_is_text_in_every_place(demo_house: House, staff: httpx.Client, desk: Any) -> None:
    members = staff.get("/members").json()["items"]
    admin = next(one["id"] for one in members if one["name"] == "문지현")
    made = staff.post(
        "/tickets",
        json={
            "title": HOSTILE,
            "content": f"{HOSTILE}\n\u202egnp.exe\u200b",
            "requester": {"name": SCRIPT, "email": f"{WORD}@customer.example", "company": SCRIPT, "phone": SCRIPT[:40]},
            "assignees": [admin],
        },
    )
    assert made.status_code == 201, made.text
    number = made.json()["number"]
    for kind in ("customer", "comment", "reply"):
        body = {"kind": kind, "content": HOSTILE}
        added = staff.post(f"/tickets/{number}/messages", json=body)
        assert added.status_code == 201, added.text
    for path in (
        "/desk/ab/tickets?view=all",
        "/desk/ab/tickets?view=all&layout=table",
        "/desk/ab/board",
        f"/desk/ab/search?q={WORD}",
        f"/desk/ab/tickets/{number}",
        "/desk/ab/messages",
    ):
        shows(desk, path, SCRIPT)
    letters = wait_for(lambda: _letters(desk, number))
    shows(desk, letters[0], WORD)
    body = desk.frame_locator(".mail-frame").locator("body")
    assert WORD in body.inner_text()
    link = re.search(rf'/ab/status/{number}\?k=[^"]+', desk.request.get(f"{letters[0]}/body").text())
    assert link
    shows(desk, link[0], SCRIPT)


def _letters(page: Any, number: str) -> list[str]:
    page.goto("/postbox")
    found = page.locator("main li a", has_text=number)
    return [found.nth(place).get_attribute("href") for place in range(found.count())]


@pytest.mark.row("EML-01")
def test_a_styled_mail_is_read_without_its_styles(demo_house: House, staff: httpx.Client, desk: Any) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"] = (
        f"{SCRIPT.replace('(', '').replace(')', '')} <styled@customer.example>",
        "help@ab.maru.localhost",
    )
    letter["Subject"], letter["Message-ID"] = f"{WORD} styled <b>mail</b>", f"<{WORD}@customer.example>"
    letter.set_content("plain words")
    letter.add_alternative(MAIL, subtype="html")
    with smtplib.SMTP("127.0.0.1", demo_house.smtp_port, timeout=20) as door:
        door.sendmail("styled@customer.example", ["help@ab.maru.localhost"], letter.as_bytes(policy=SMTP))
    found = wait_for(lambda: staff.get("/tickets", params={"q": "styled@customer.example"}).json()["items"])
    shows(desk, f"/desk/ab/tickets/{found[0]['number']}", "styled words")
    message = desk.locator("#msgs")
    assert message.locator("[style], [bgcolor], script, [onclick], [onerror], a[href^=javascript]").count() == 0
    assert message.locator("img[src*='tracker.example']").count() == 0
    assert desk.get_by_text(f"{WORD} styled <b>mail</b>").first.is_visible()


def test_too_large_a_file_is_refused_in_words(demo_house: House, staff: httpx.Client) -> None:
    def zeros() -> Any:
        for _ in range(100):
            yield b"0" * 1_048_576

    answers = [
        httpx.post(
            f"{demo_house.url}{path}", content=zeros(), headers={"Accept": kind, "Accept-Language": "ko"}, timeout=60
        )
        for path, kind in (("/ab/request", "text/html"), ("/api/v1/tickets", "application/json"))
    ]
    assert [answer.status_code for answer in answers] == [413, 413]
    assert "용량이 너무 커서" in answers[0].text
    assert answers[1].headers["Content-Type"] == "application/problem+json"
