"""A company signs up, invites, approves; people sign in, forget, change and secure their accounts: in a browser."""

import re
import secrets
import time
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from maru.testing.browsing import watched_page
from maru.testing.house import House

PASSWORD = "correct horse 42"


def mail_to(house: House, recipient: str, purpose: str, seconds: float = 20) -> str:
    """The path of the link in the newest such mail, waiting until it is written."""
    deadline = time.monotonic() + seconds
    with psycopg.connect(house.env["DATABASE_URL"], autocommit=True) as database:
        ids = [row[0] for row in database.execute("select id from organizations_organization").fetchall()]
        while time.monotonic() < deadline:
            for organization_id in ids:
                database.execute("select set_config('maru.organization_id', %s, false)", [str(organization_id)])
                found = database.execute(
                    "select text from channels_outgoingmail where recipient = %s and purpose = %s order by id desc limit 1",
                    [recipient, purpose],
                ).fetchone()
                if found:
                    link = re.search(r"https?://[^/\s]+(/\S+)", found[0])
                    assert link, found[0]
                    return link.group(1)
            time.sleep(0.2)
    raise AssertionError(f"no mail {purpose} to {recipient}")


def person(page: Page, email: str, name: str) -> None:
    page.locator("[name=email]").fill(email)
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=terms]").check()
    page.locator("[name=privacy]").check()


def sign_up(page: Page, tag: str, company: str) -> str:
    """A company with its founder, through the form; returns its slug."""
    page.goto("/sign-up")
    page.locator("[name=company]").fill(company)
    page.locator("[name=homepage]").fill(f"www.{tag}.example")
    page.locator("[name=slug]").fill(tag)
    person(page, f"founder@{tag}.example", "김창립")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(re.compile(rf"/desk/{tag}"))
    return tag


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.goto("/sign-in")
    page.locator("[name=email]").fill(email)
    page.locator("[name=password]").fill(password)
    page.locator("main form button.btn-primary").first.click()


@pytest.fixture
def tag() -> str:
    """A word for names, so that stories that share a house do not meet."""
    return f"co{secrets.token_hex(3)}"


@pytest.mark.row("ORG-01", "ORG-09")
def test_a_company_signs_up_and_stands_at_its_desk(house: House, page: Page, tag: str) -> None:
    page.goto("/")
    expect(page.locator("h1")).to_be_visible()
    page.get_by_role("link", name="회사 등록하기").first.click()
    page.locator("[name=company]").fill(f"{tag} Trading")
    expect(page.locator("[name=slug]")).to_have_value(f"{tag}-trading")
    expect(page.get_by_text("사용할 수 있는 주소입니다.")).to_be_visible()
    page.locator("[name=slug]").fill("desk")
    expect(page.get_by_text("사용할 수 없는 주소입니다")).to_be_visible()
    page.locator("[name=slug]").fill(tag)
    page.locator("main form button.btn-primary").click()
    expect(page.locator("[name=company]")).to_have_value(f"{tag} Trading")
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    person(page, f"founder@{tag}.example", "김창립")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(re.compile(rf"/desk/{tag}"))
    code = page.locator(".deskbar code").inner_text()
    assert re.fullmatch(r"CP\d{8}", code)
    link = page.locator(".deskbar a.link").first
    assert link.get_attribute("href", timeout=1000) == f"{house.url}/{tag}"
    link.click()
    page.wait_for_url(f"{house.url}/{tag}")
    expect(page.locator("header")).to_contain_text(f"{tag} Trading")
    page.goto(f"/desk/{tag}/members")
    expect(page.locator("#members")).to_contain_text("김창립")


@pytest.mark.row("ACC-03", "ORG-06", "ACC-02", "ACC-04")
def test_an_invited_colleague_comes_in_gets_a_face_and_is_removed(
    house: House, page: Page, browser: Browser, tag: str
) -> None:
    sign_up(page, tag, f"{tag} 상사")
    page.goto(f"/desk/{tag}/members")
    page.locator("[name=emails]").fill(f"lee@partner-{tag}.example")
    page.locator("select[name=language]").select_option("ja")
    page.get_by_role("button", name="초대 메일 보내기").click()
    expect(page.locator("#invitations")).to_contain_text(f"lee@partner-{tag}.example")
    link = mail_to(house, f"lee@partner-{tag}.example", "invitation")

    with watched_page(browser, house.url, language="ja-JP", width=360, height=780) as guest:
        guest.goto(link)
        expect(guest.locator(".given")).to_contain_text("CP")
        assert guest.evaluate("document.documentElement.scrollWidth <= innerWidth")
        person(guest, f"lee@partner-{tag}.example", "이직원")
        guest.get_by_role("button", name="参加する").click()
        guest.wait_for_url(re.compile(rf"/desk/{tag}"))
        guest.goto("/account")
        guest.locator("label:has(input[value='🦊'])").click()
        guest.get_by_role("button", name="このアバターにする").click()
        expect(guest.locator("input[value='🦊']")).to_be_checked()
        guest.goto(link)
        expect(guest.get_by_role("heading", name="この招待は使用済みです")).to_be_visible()

        page.reload()
        row = page.locator("tr", has_text="이직원")
        expect(row.locator(".avatar img")).to_be_visible()
        row.get_by_role("link", name="권한").click()
        page.locator("[name=role][value=manager]").check()
        page.get_by_role("button", name="저장").click()
        expect(page.locator("tr", has_text="이직원")).to_contain_text("관리자")

        page.locator("tr", has_text="이직원").get_by_role("button", name="내보내기").click()
        page.locator("dialog[open]").get_by_role("button", name="내보내기").click()
        expect(page.locator("tr", has_text="이직원")).to_have_count(0)
        assert guest.goto(f"/desk/{tag}/members").status == 404  # type: ignore[union-attr]


@pytest.mark.row("ORG-07")
def test_somebody_joins_by_company_code_and_is_approved(house: House, page: Page, browser: Browser, tag: str) -> None:
    sign_up(page, tag, f"{tag} Company")
    code = page.locator(".deskbar code").inner_text()
    with watched_page(browser, house.url, language="en-US", color_scheme="dark") as guest:
        guest.goto("/join")
        guest.locator("[name=company_code]").fill(code.lower())
        guest.locator("[name=company]").fill(f"{tag} company")
        guest.locator("[name=homepage]").fill(f"{tag}.example")
        person(guest, f"park@else-{tag}.example", "Park")
        guest.get_by_role("button", name="Ask to join").click()
        expect(guest.locator("#id_company_code-err")).to_contain_text("wrong")
        guest.locator("[name=company_code]").fill(code)
        guest.locator("[name=password]").fill(PASSWORD)
        guest.get_by_role("button", name="Ask to join").click()
        expect(guest.get_by_text("Waiting for approval").first).to_be_visible()
        assert mail_to(house, f"founder@{tag}.example", "member_waiting") == f"/desk/{tag}/members"
        page.goto(f"/desk/{tag}/members")
        page.locator("#waiting").get_by_role("button", name="승인").click()
        expect(page.locator("tr", has_text="Park")).to_be_visible()
        guest.goto("/desk")
        guest.wait_for_url(re.compile(rf"/desk/{tag}/"))


@pytest.mark.row("ACC-01")
def test_a_forgotten_password_comes_back_by_mail(house: House, page: Page, tag: str) -> None:
    sign_up(page, tag, f"{tag} Reset")
    page.goto("/account")
    page.get_by_role("button", name="로그아웃").click()
    page.goto("/sign-in")
    page.get_by_role("link", name="비밀번호를 잊으셨나요?").click()
    page.locator("[name=email]").fill(f"founder@{tag}.example")
    page.get_by_role("button", name="링크 보내기").click()
    expect(page.get_by_role("heading", name="메일함을 확인해 주세요")).to_be_visible()
    link = mail_to(house, f"founder@{tag}.example", "reset")
    page.goto(link)
    page.locator("[name=password]").fill("another horse 43")
    page.get_by_role("button", name="비밀번호 설정").click()
    sign_in(page, f"founder@{tag}.example", "another horse 43")
    page.wait_for_url(re.compile(rf"/desk/{tag}"))
    page.goto(link)
    expect(page.get_by_role("heading", name="더 이상 사용할 수 없는 링크입니다")).to_be_visible()


@pytest.mark.row("ACC-11")
def test_a_passkey_signs_in_without_a_password(house: House, browser: Browser, tag: str) -> None:
    """With Chromium's own virtual authenticator; passkeys need a name, so the house is called localhost here."""
    url = house.url.replace("127.0.0.1", "localhost")
    with watched_page(browser, url) as page:
        device: Any = page.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        sign_up(page, tag, f"{tag} Keys")
        page.goto("/account/security")
        page.locator("li", has_text="패스키").get_by_role("link", name="추가").click()
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="계속").click()
        page.get_by_role("button", name="패스키 추가").click()
        page.wait_for_url("**/account/security/codes")
        expect(page.locator(".code-list li")).to_have_count(10)
        page.get_by_role("link", name="보관했습니다").click()
        expect(page.get_by_text("복구 코드").first).to_be_visible()

        page.get_by_role("button", name="로그아웃").click()
        page.goto("/sign-in")
        page.get_by_role("button", name="패스키로 로그인").click()
        page.wait_for_url(re.compile(rf"/desk/{tag}"))

        page.goto("/account")
        page.get_by_role("button", name="로그아웃").click()
        sign_in(page, f"founder@{tag}.example")
        page.wait_for_url("**/sign-in/second-step")
        page.get_by_role("button", name="패스키 사용").click()
        page.wait_for_url(re.compile(rf"/desk/{tag}"))

        with psycopg.connect(house.env["DATABASE_URL"], autocommit=True) as database:
            database.execute("update accounts_sessionactivity set seen_at = now() - interval '31 minutes'")
        page.goto(f"/desk/{tag}/organization")
        expect(page.get_by_text("한동안 사용하지 않아")).to_be_visible()
        page.get_by_role("link", name="패스키 사용").click()
        page.get_by_role("button", name="패스키 사용").click()
        page.wait_for_url(re.compile(rf"/desk/{tag}/organization"))


OPEN_PAGES = ("/", "/sign-up", "/join", "/sign-in", "/forgot-password", "/terms", "/privacy", "/reset-password/1/x-y")
OWN_PAGES = ("/account", "/account/security", "/account/devices", "/desk?all", "/account/confirm")
DESK_PAGES = ("members", "groups", "organization")


@pytest.mark.parametrize(
    ("language", "width", "scheme"), [("ko-KR", 1440, "light"), ("ja-JP", 360, "dark"), ("en-US", 768, "dark")]
)
def test_every_page_can_be_read_by_everybody(
    house: House, browser: Browser, tag: str, language: str, width: int, scheme: str
) -> None:
    """axe finds nothing, nothing hangs over the side, the console stays silent."""
    with watched_page(browser, house.url, language=language, width=width, color_scheme=scheme) as page:
        found = [look(page, path) for path in OPEN_PAGES]
        sign_up(page, tag, f"{tag} Axe")
        found += [look(page, path) for path in OWN_PAGES]
        found += [look(page, f"/desk/{tag}/{path}") for path in DESK_PAGES]
    assert not [problem for problems in found for problem in problems]


def look(page: Page, path: str) -> list[str]:
    page.goto(path)
    page.wait_for_load_state("load")
    results = Axe().run(page)
    problems = [f"{path}: {item['id']} {item['nodes'][0]['html'][:160]}" for item in results.response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        problems.append(f"{path}: wider than the window")
    return problems
