"""The event stream of a running house, listened to by somebody of another organization."""

import secrets
import time

import httpx
import pytest

from maru.testing.house import House
from tests.isolation.conftest import Tenant, populate


@pytest.fixture(scope="module")
def tenants(house: House) -> list[Tenant]:
    mark = secrets.token_hex(3)
    return populate(house.env, f"live-a-{mark}", f"live-b-{mark}")


def browser(house: House, tenant: Tenant) -> httpx.Client:
    return httpx.Client(base_url=house.url, cookies={"maru_session": tenant.session}, timeout=30)


def rename(house: House, tenant: Tenant, title: str) -> None:
    with httpx.Client(base_url=house.url, headers={"Authorization": f"Bearer {tenant.secret}"}) as program:
        assert program.patch(f"/api/v1/tickets/{tenant.number}", json={"title": title}).status_code == 200


def test_the_stream_of_others_looks_like_no_stream(house: House, tenants: list[Tenant]) -> None:
    victim, own = tenants
    with browser(house, own) as attacker:
        for query in ("", "?poll=1", "?after=1", "?poll=1&after=1"):
            theirs = attacker.get(f"/desk/{victim.slug}/live{query}")
            missing = attacker.get(f"/desk/{'x' * len(victim.slug)}/live{query}")
            assert theirs.status_code == missing.status_code == 404
            assert theirs.content == missing.content


def test_a_stream_holds_nothing_of_others(house: House, tenants: list[Tenant]) -> None:
    victim, own = tenants
    mark = secrets.token_hex(6)
    heard = b""
    with browser(house, own) as attacker, attacker.stream("GET", f"/desk/{own.slug}/live?after=1") as stream:
        assert stream.status_code == 200
        rename(house, victim, f"theirs-{mark}")
        time.sleep(0.5)
        rename(house, own, f"own-{mark}")
        deadline = time.monotonic() + 10
        for chunk in stream.iter_raw():
            heard += chunk
            if b"ticket.renamed" in heard or time.monotonic() > deadline:
                break
    assert b"ticket.renamed" in heard, heard
    assert victim.number.encode() not in heard
    assert f'"subject_id":{victim.rows["Ticket"]}'.encode() not in heard.replace(b" ", b"")


def test_numbers_of_events_of_others_are_not_replayed(house: House, tenants: list[Tenant]) -> None:
    victim, own = tenants
    with browser(house, own) as attacker:
        answer = attacker.get(f"/desk/{own.slug}/live?poll=1&after=1")
        assert answer.status_code == 200
        assert victim.number not in answer.text
