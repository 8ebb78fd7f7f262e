"""A program works with Maru from outside, over the network."""

import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from maru.testing.house import House

_MAKE = """
import sys, django
django.setup()
from maru.testing.makers import make_organization
make_organization(sys.argv[1], sys.argv[1])
"""
TICKET = {
    "title": "환불해주세요",
    "content": "어제 결제한 것을 취소해 주세요.",
    "requester": {"name": "김서연", "email": "kim@example.com", "phone": "010-1234-5678"},
}


@pytest.fixture(scope="module")
def program(house: House) -> httpx.Client:
    """A client with the key that the terminal command printed."""
    slug = f"api-{secrets.token_hex(3)}"
    subprocess.run([sys.executable, "-c", _MAKE, slug], env=house.env, check=True, timeout=60)
    key = house.run("api-key", "create", "--service", f"{slug}/help").strip()
    return httpx.Client(base_url=f"{house.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60)


@pytest.mark.row("API-01")
def test_a_program_opens_finds_and_answers_a_ticket(program: httpx.Client) -> None:
    made = program.post("/tickets", json=TICKET)
    assert made.status_code == 201, made.text
    number = made.json()["number"]
    assert program.get(made.headers["Location"].removeprefix("/api/v1")).json() == made.json()
    assert number in [item["number"] for item in program.get("/tickets", params={"q": "환불"}).json()["items"]]
    answered = program.post(f"/tickets/{number}/messages", json={"content": "처리했습니다.", "outcome": "resolve"})
    assert answered.status_code == 201
    assert program.get(f"/tickets/{number}").json()["status"] == "resolved"


@pytest.mark.row("API-01")
def test_fifty_calls_with_one_idempotency_key_open_one_ticket(program: httpx.Client) -> None:
    title = f"once-{secrets.token_hex(6)}"

    def call(_number: int) -> httpx.Response:
        return program.post("/tickets", json=TICKET | {"title": title}, headers={"Idempotency-Key": title})

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(call, range(50)))
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers][:2]
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["Location"] for answer in answers}) == 1
    found = program.get("/tickets", params={"q": f'"{title}"'}).json()["items"]
    assert [item["number"] for item in found] == [answers[0].json()["number"]]


def test_errors_are_never_pages(program: httpx.Client, house: House) -> None:
    for response in (
        httpx.get(f"{house.url}/api/v1/tickets"),
        program.get("/nothing"),
        httpx.get(f"{house.url}/api/v2/tickets"),
        program.delete("/tickets"),
        program.post("/tickets", content=b"{", headers={"Content-Type": "application/json"}),
        program.post("/tickets", content=b"x" * 2_000_000, headers={"Content-Type": "application/json"}),
    ):
        assert response.status_code >= 400
        assert response.headers["Content-Type"] == "application/problem+json", response.text[:300]
        assert response.json()["status"] == response.status_code
