"""What no form of ours would send is refused in words, and never an accident."""

from typing import Any

import pytest
from django.test import Client


@pytest.mark.parametrize(
    "address",
    [
        "search?user_key=%00",
        "search?created_to=9999-12-31",
        "search?created_from=0001-01-01",
        "tickets?q=a%00b",
        *(
            f"{page}={number}"
            for page in ("settings/mail/incoming?before", "messages?before")
            for number in ("²", "9" * 5000)
        ),
        *(f"tickets?{name}=²" for name in ("group", "assignee", "cursor", "status")),
    ],
)
def test_hostile_addresses_are_no_accident(organization: Any, admin: Any, client_of: Any, address: str) -> None:
    browser: Client = client_of(admin)
    assert browser.get(f"/desk/ab/{address}").status_code in (200, 400)


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("messages", {"body": "hi", "mode": "reply", "copies": "a\0@b.example"}),
        ("recipients", {"do": "remove", "address": "\0"}),
        ("draft", {"body": "a\0b", "format": "text"}),
    ],
)
def test_hostile_fields_are_no_accident(
    organization: Any, admin: Any, client_of: Any, make_ticket: Any, page: str, typed: dict[str, str]
) -> None:
    answer = client_of(admin).post(f"/desk/ab/tickets/{make_ticket().number}/{page}", typed)
    assert answer.status_code in (200, 302, 400, 422)


def test_nobody_is_found_by_what_no_text_may_hold(db: None) -> None:
    assert Client().get("/find?q=%00").status_code == 400


@pytest.mark.parametrize("zone", ["America", "../../etc/passwd", "a" * 300, "Asia/Seoul"])
def test_a_time_zone_from_a_cookie_may_be_anything(organization: Any, zone: str) -> None:
    visitor = Client()
    visitor.cookies["time_zone"] = zone
    assert visitor.get("/ab").status_code == 200
    person = {"email": "kim@new.example", "name": "Kim", "password": "correct horse 42", "terms": "on", "privacy": "on"}
    answer = visitor.post("/sign-up", {"company": "New", "slug": "new", "homepage": "", **person})
    assert answer.status_code == 302
    assert visitor.get("/desk/new/organization").status_code == 200
