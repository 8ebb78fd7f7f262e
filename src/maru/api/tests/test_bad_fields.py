"""What is wrong with a body, told field by field in the caller's language."""

import gzip
import json
import re

import pytest

from maru.api.tests.test_api import TICKET, Program, is_problem
from maru.api.tests.test_api import program as program


def test_a_packed_body_is_refused_unopened(program: Program) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    headers = program.headers | {"Content-Encoding": "gzip"}
    response = program.client.generic(
        "POST", "/api/v1/tickets", data=bomb, content_type="application/json", headers=headers
    )
    is_problem(response, 415)


WRONG = {
    "title": "",
    "content": 5,
    "requester": {"email": "nope", "name": "x" * 101, "a/b~c": 1},
    "priority": "boiling",
    "category": -1,
    "stage": 2**70,
    "group": "x",
    "assignees": "x",
    "receipt": "maybe",
}


@pytest.mark.parametrize(("language", "letters"), [("ko", "[가-힣]"), ("ja", "[ぁ-ん]"), ("en", "[a-z]")])
def test_every_bad_field_is_told_in_the_caller_s_language(program: Program, language: str, letters: str) -> None:
    body = is_problem(program.post("/tickets", WRONG, **{"Accept-Language": language}), 422)
    told = {each["pointer"]: each["message"] for each in body["errors"]}
    fields = ("title", "content", "priority", "category", "stage", "group", "assignees", "receipt")
    assert {f"#/{name}" for name in fields} <= set(told)
    assert {"#/requester/email", "#/requester/name", "#/requester/a~1b~0c"} <= set(told)
    for pointer, message in told.items():
        assert re.search(letters, message), (pointer, message)
        assert "Input should" not in message
    whole = is_problem(program.post("/tickets", [], **{"Accept-Language": language}), 422)
    assert whole["errors"][0]["pointer"] == "#"
    assert re.search(letters, whole["errors"][0]["message"])
    limit = is_problem(program.get("/tickets?limit=1000", **{"Accept-Language": language}), 422)
    assert limit["errors"][0]["field"] == "limit"
    assert "pointer" not in limit["errors"][0]
    assert "100" in limit["errors"][0]["message"]


def test_too_long_is_told_in_characters(program: Program) -> None:
    body = is_problem(program.post("/tickets", TICKET | {"title": "x" * 301}, **{"Accept-Language": "en"}), 422)
    assert body["errors"] == [{"field": "title", "message": "At most 300 characters.", "pointer": "#/title"}]
    body = is_problem(program.post("/tickets", TICKET | {"assignees": [1] * 51}, **{"Accept-Language": "en"}), 422)
    assert body["errors"][0]["message"] == "At most 50 entries."
    body = is_problem(program.post("/tickets", TICKET | {"assignees": [999_999]}), 422)
    assert body["errors"][0]["pointer"] == "#/assignees"


@pytest.mark.parametrize(
    "content", [json.dumps(TICKET).encode("utf-16"), b'{"title": "a", "title": "b", "content": "c"}']
)
def test_another_encoding_and_a_name_twice_are_refused(program: Program, content: bytes) -> None:
    response = program.client.generic(
        "POST", "/api/v1/tickets", data=content, content_type="application/json", headers=program.headers
    )
    is_problem(response, 400, "malformed")
