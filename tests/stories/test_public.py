"""A requester without an account: the company's page, the form, the number, the stepper that moves."""

import re
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe

from maru.testing.browsing import watched_page
from maru.testing.house import House

_MAKE = """
import sys, django
django.setup()
from maru.testing.makers import PASSWORD, make_member, make_organization
made = make_organization(sys.argv[1], "AB Company", language="ko")
made.colour = "#1b3a8f"
made.save()
make_member(made, "staff", email=f"staff@{sys.argv[1]}.example", role="agent")
print(made.company_code, PASSWORD, sep="\\n")
"""
NUMBER = re.compile(r"T-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


class Company:
    """A fresh company in the running house, with the key of a program that plays the staff."""

    def __init__(self, house: House) -> None:
        self.slug = f"pub{secrets.token_hex(3)}"
        made = subprocess.run(
            [sys.executable, "-c", _MAKE, self.slug],
            env=house.env,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        self.code, self.password = made.stdout.split("\n")[:2]
        key = house.run("api-key", "create", "--service", f"{self.slug}/help").strip()
        self.staff = httpx.Client(
            base_url=f"{house.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60
        )

    def answer(self, number: str, text: str, outcome: str) -> None:
        done = self.staff.post(f"/tickets/{number}/messages", json={"content": text, "outcome": outcome})
        assert done.status_code == 201, done.text


@pytest.fixture(scope="module")
def company(house: House) -> Company:
    return Company(house)


def enter(page: Any, company: Company) -> None:
    page.goto(f"/{company.slug}/request")
    if not page.url.endswith("/request"):
        page.locator("#f-code").fill(company.code)
        page.locator("#f-code").press("Enter")
        page.wait_for_url("**/request")


def fill(page: Any, **changed: str) -> None:
    for name, text in {"name": "김서연", "title": "프린터가 안 됩니다", "content": "2층 프린터", **changed}.items():
        page.locator(f"#f-{name}").fill(text)
    page.locator("#f-consent").check()
    # What is sent within half a second of opening is taken for a robot's.
    page.wait_for_timeout(700)


@pytest.mark.row("HLP-01", "TKT-01", "TKT-09")
def test_from_the_code_to_the_moving_stepper(house: House, browser: Any, company: Company, tmp_path: Path) -> None:
    with watched_page(browser, house.url, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto(f"/{company.slug}")
        page.get_by_label("회사코드").fill(company.code.lower())
        page.get_by_role("button", name="계속").click()
        assert page.get_by_text("회사코드를 잘못 입력했습니다", exact=True).is_visible()
        page.get_by_label("회사코드").fill(company.code)
        page.get_by_role("button", name="계속").click()
        assert "10 MB" in page.content()
        (tmp_path / "사진.png").write_bytes(bytes.fromhex("89504e470d0a1a0a") + b"0" * 64)
        (tmp_path / "메모.txt").write_text("메모")
        page.locator("#f-files").set_input_files([tmp_path / "사진.png", tmp_path / "메모.txt"])
        fill(page, title="")
        page.locator("[data-send]").click()
        assert page.get_by_text("제목을 입력해 주세요.").is_visible()
        assert page.locator("#f-content").input_value() == "2층 프린터"
        assert page.get_by_role("checkbox", name="사진.png").is_checked()
        page.locator("#f-title").fill("프린터가 안 됩니다")
        page.locator("[data-send]").dblclick()
        page.get_by_role("heading", name="등록되었습니다").wait_for()
        found = NUMBER.search(page.locator(".ticket-no").inner_text())
        assert found
        page.get_by_role("button", name="티켓 번호 복사").click()
        assert page.evaluate("navigator.clipboard.readText()") == found[0]
        page.reload()
        assert page.locator(".ticket-no").get_by_text(found[0]).is_visible()
        assert len(company.staff.get("/tickets").json()["items"]) == 1

        page.get_by_role("link", name="진행 상황 보기").click()
        assert page.locator("[aria-current=step] b").inner_text() == "접수"
        assert page.get_by_text("사진.png").is_visible()
        company.answer(found[0], "확인하고 있습니다.", "hold")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.locator("[aria-current=step] b", has_text="보류").wait_for()
        assert page.get_by_text("확인하고 있습니다.").is_visible()
        page.get_by_label("추가 문의 남기기").fill("감사합니다. 기다리겠습니다.")
        page.locator("#answer [data-send]").click()
        assert page.get_by_text("감사합니다. 기다리겠습니다.").is_visible()
        assert page.locator("[aria-current=step] b").inner_text() == "진행중"

        page.goto(f"/{company.slug}/status")
        page.get_by_label("티켓 번호").fill(found[0].lower().replace("-", ""))
        page.get_by_role("button", name="처리상태 확인하기").click()
        assert page.locator("[aria-current=step] b").inner_text() == "진행중"
        for private in ("프린터", "김서연", "감사합니다", "메모.txt"):
            assert private not in page.content()


@pytest.mark.row("TKT-01")
def test_one_form_sent_by_twenty_at_once_is_one_ticket(house: House, company: Company) -> None:
    with httpx.Client(base_url=house.url, timeout=60) as visitor:
        visitor.post(f"/{company.slug}", data={"code": company.code})
        stamp = re.search(r'name="stamp" value="([^"]+)"', visitor.get(f"/{company.slug}/request").text)
        assert stamp
        time.sleep(0.6)
        title = f"once-{secrets.token_hex(4)}"
        form = {"name": "김", "title": title, "content": "한 번", "consent": "on", "stamp": stamp[1]}
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _turn: visitor.post(f"/{company.slug}/request", data=form), range(20)))
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    found = company.staff.get("/tickets", params={"q": f'"{title}"'}).json()["items"]
    assert len(found) == 1


@pytest.mark.row("ORG-09")
def test_desk_and_public_page_in_one_browser(house: House, browser: Any, company: Company) -> None:
    with watched_page(browser, house.url) as public:
        enter(public, company)
        fill(public)
        # A colleague signs in at the desk in another tab while the form lies open.
        desk = public.context.new_page()
        desk.goto("/sign-in")
        desk.locator("input[type=email]").fill(f"staff@{company.slug}.example")
        desk.locator("input[type=password]").fill(company.password)
        desk.locator("input[type=password]").press("Enter")
        desk.wait_for_url("**/desk/**")
        public.locator("[data-send]").click()
        public.get_by_role("heading", name="등록되었습니다").wait_for()
        assert desk.goto(f"/desk/{company.slug}/tickets").status == 200
        assert "/sign-in" not in desk.url
        enter(public, company)
        # Signing out at the desk does not close the company's gate.
        public.context.clear_cookies(name="maru_session")
        fill(public)
        public.locator("[data-send]").click()
        public.get_by_role("heading", name="등록되었습니다").wait_for()


@pytest.mark.row("HLP-01", "TKT-09")
def test_without_scripts_and_with_too_much(house: House, browser: Any, company: Company, tmp_path: Path) -> None:
    with watched_page(browser, house.url, java_script_enabled=False, width=360, height=780) as page:
        enter(page, company)
        fill(page)
        page.locator("#f-files").set_input_files({"name": "a.exe", "mimeType": "x/y", "buffer": b"MZ"})
        page.wait_for_timeout(500)
        page.locator("[data-send]").click()
        assert page.get_by_text("첨부할 수 없는 형식입니다. (a.exe)").is_visible()
        page.locator("[data-send]").click()
        assert NUMBER.search(page.locator(".ticket-no").inner_text())
        enter(page, company)
        fill(page)
        huge = tmp_path / "huge.pdf"
        with huge.open("wb") as file:
            file.truncate(100 * 1024 * 1024)
        page.locator("#f-files").set_input_files(huge)
        page.set_default_timeout(40_000)
        page.locator("[data-send]").click()
        assert page.get_by_role("heading", name="용량이 너무 커서 보낼 수 없습니다").is_visible()


def check(page: Any, where: str) -> None:
    found = Axe().run(page).response["violations"]
    assert not found, (where, [(one["id"], [node["target"] for node in one["nodes"]]) for one in found])
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], where


@pytest.mark.row("HLP-01")
@pytest.mark.parametrize(
    ("language", "scheme", "width"), [("ko", "light", 1280), ("ja", "dark", 360), ("en", "light", 360)]
)
def test_anybody_can_use_the_pages(
    house: House, browser: Any, company: Company, language: str, scheme: str, width: int
) -> None:
    with watched_page(browser, house.url, language=language, color_scheme=scheme, width=width, height=800) as page:
        page.goto(f"/{company.slug}")
        assert page.locator("html").get_attribute("lang") == language
        check(page, "door")
        page.locator("#f-code").fill("cp1")
        page.locator("#f-code").press("Enter")
        page.locator("#f-code-err").wait_for()
        check(page, "wrong code")
        enter(page, company)
        check(page, "form")
        page.locator("#f-files").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"})
        fill(page, email="wrong@@", title="x" * 200)
        page.locator("[data-send]").click()
        page.locator("#f-email-err").wait_for()
        check(page, "form with mistakes")
        page.locator("#f-email").fill("")
        page.locator("[data-send]").click()
        page.locator(".ticket-no").wait_for()
        check(page, "thanks")
        page.locator(".thanks-acts a").first.click()
        page.locator(".steps").wait_for()
        check(page, "conversation")
        page.goto(page.url.split("?")[0])
        check(page, "progress")
        page.goto(f"/{company.slug}/status?number=T-0000-0000-0000")
        check(page, "no such number")
        page.goto(f"/{company.slug}/privacy")
        check(page, "privacy")
