"""The front door: whose page it is, the company code, one browser for desk and public page."""

from typing import Any

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import Client, RequestFactory


def test_unknown_company(db: None, visitor: Client) -> None:
    for path in ("/nobody", "/nobody/request", "/nobody/status", "/nobody/status/T-1234-1234-1234", "/nobody/privacy"):
        assert visitor.get(path).status_code == 404, path


def test_the_page_names_the_company_and_both_boxes(organization: Any, visitor: Client) -> None:
    page = visitor.get("/ab").content.decode()
    assert "AB Company" in page
    assert "COMPANY CODE" in page
    assert "TICKET NUMBER" in page


def test_addresses_typed_carelessly(organization: Any, visitor: Client) -> None:
    assert visitor.get("/AB").headers["Location"] == "/ab"
    assert visitor.get("/ab/").headers["Location"] == "/ab"


@pytest.mark.row("HLP-01")
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ko", "회사코드를 잘못 입력했습니다<"),
        ("ja", "会社コードが正しくありません<"),
        ("en", "The company code is wrong.<"),
    ],
)
def test_a_wrong_code(organization: Any, language: str, words: str) -> None:
    client = Client(headers={"accept-language": language})
    right = organization.company_code
    for wrong in (
        right.lower(),
        "CP99999999x",
        right[:-1],
        right.replace("CP", "СР"),
        "CP" + "O" * 8,
        "x" * 5000,
        "\0",
    ):
        answer = client.post("/ab", {"code": wrong})
        assert answer.status_code == 422
        assert words in answer.content.decode(), wrong
        assert "maru_code" not in answer.cookies
    assert client.get("/ab/request").headers["Location"] == "/ab"


def test_a_code_pasted_with_unseen_characters_is_right(organization: Any, visitor: Client) -> None:
    pasted = f"\u200b{organization.company_code[:4]}\u2060{organization.company_code[4:]}\ufeff\n"
    assert visitor.post("/ab", {"code": pasted}).headers["Location"] == "/ab/request"


def test_an_empty_code(organization: Any, visitor: Client) -> None:
    assert "회사코드를 입력해 주세요." in visitor.post("/ab", {}).content.decode()


@pytest.mark.row("HLP-01", "ORG-09")
def test_the_right_code_opens_this_company_only(organization: Any, other_organization: Any, visitor: Client) -> None:
    answer = visitor.post("/ab", {"code": f"  {organization.company_code} "})
    assert answer.headers["Location"] == "/ab/request"
    cookie = answer.cookies["maru_code"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/ab", True, "Lax")
    assert set(answer.cookies) == {"maru_code"}
    assert visitor.get("/ab/request").status_code == 200
    assert visitor.get("/other/request").status_code == 302
    # The cookie of one company is worth nothing at another, and nothing once the code has changed.
    visitor.cookies["maru_code"] = cookie.value
    assert visitor.get("/other/request").status_code == 302
    organization.company_code = "CP00000099"
    organization.save()
    assert visitor.get("/ab/request").status_code == 302


@pytest.mark.row("ORG-09")
def test_signed_in_at_the_desk_in_the_same_browser(organization: Any, agent: Any, client_of: Any) -> None:
    client = client_of(agent)
    session = client.cookies["maru_session"].value
    request = RequestFactory().get("/")
    client.cookies["messages"] = CookieStorage(request)._encode([Message(constants.INFO, "DESK-SECRET")])
    page = client.get("/ab")
    assert "DESK-SECRET" not in page.content.decode()
    answer = client.post("/ab", {"code": organization.company_code})
    assert answer.status_code == 302
    for response in (page, answer, client.get("/ab/request")):
        assert not set(response.cookies) - {"maru_code"}
    assert client.cookies["maru_session"].value == session
    assert client.cookies["messages"].value


@pytest.mark.row("ORG-09")
def test_no_form_token_is_needed_but_foreign_pages_are_refused(organization: Any, visitor: Client) -> None:
    code = {"code": organization.company_code}
    assert visitor.post("/ab", code, headers={"sec-fetch-site": "same-origin"}).status_code == 302
    assert visitor.post("/ab", code, headers={"origin": "http://testserver"}).status_code == 302
    for foreign in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"sec-fetch-site": "cross-site", "origin": "http://testserver"},
    ):
        assert visitor.post("/ab", code, headers=foreign).status_code == 403, foreign


def test_the_language(organization: Any, other_organization: Any) -> None:
    other_organization.language = "ja"
    other_organization.save()
    assert '<html lang="ja"' in Client().get("/other").content.decode()
    assert '<html lang="ja"' in Client(headers={"accept-language": "fr"}).get("/other").content.decode()
    assert '<html lang="ko"' in Client(headers={"accept-language": "ko-KR,en;q=0.5"}).get("/other").content.decode()
    chosen = Client(headers={"accept-language": "ko"})
    chosen.cookies["maru_language"] = "en"
    assert '<html lang="en"' in chosen.get("/other").content.decode()


def test_the_colours(organization: Any, visitor: Client) -> None:
    assert visitor.get("/ab/colours.css").status_code == 404
    organization.colour = "#1b3a8f"
    organization.save()
    assert "/ab/colours.css?v=1b3a8f" in visitor.get("/ab").content.decode()
    sheet = visitor.get("/ab/colours.css")
    assert sheet.headers["Content-Type"].startswith("text/css")
    assert "#1b3a8f" in sheet.content.decode()


def test_a_thousand_guesses(organization: Any) -> None:
    """One network guesses; it is stopped, while another still gets in."""
    thief = Client(headers={"accept-language": "ko"}, REMOTE_ADDR="203.0.113.7")
    answers = [thief.post("/ab", {"code": f"CP{number:08d}"}).status_code for number in range(40)]
    assert answers[:15] == [422] * 15
    assert set(answers[21:]) == {429}
    stopped = thief.post("/ab", {"code": organization.company_code})
    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) > 0
    neighbour = Client(headers={"accept-language": "ko"}, REMOTE_ADDR="203.0.113.200")
    assert neighbour.post("/ab", {"code": organization.company_code}).status_code == 429
    honest = Client(headers={"accept-language": "ko"}, REMOTE_ADDR="198.51.100.7")
    assert honest.post("/ab", {"code": organization.company_code}).status_code == 302


def test_right_codes_are_never_counted(organization: Any, visitor: Client) -> None:
    for _time in range(50):
        assert visitor.post("/ab", {"code": organization.company_code}).status_code == 302


def test_reading_costs_few_questions(organization: Any, visitor: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(3):
        visitor.get("/ab")
