"""Who is at a ticket, told to open pages and nowhere written down for good."""

import time
from typing import Any

import pytest
from django.db import connection

from maru.accounts.models import Member
from maru.accounts.roles import member_actor
from maru.core.errors import Forbidden, NotFound
from maru.core.models import Event
from maru.core.tenancy import tenant
from maru.notifications import presence
from maru.notifications.tests.streaming import Page, Server, make_company, make_person, sign_in
from maru.testing.makers import make_ticket
from maru.tickets.models import Presence


def _said(page: Page) -> list[list[tuple[str, bool]]]:
    told = [told.data["viewers"] for told in page.told if told.kind == "presence"]
    return [[(viewer["name"], viewer["typing"]) for viewer in viewers] for viewers in told]


@pytest.fixture
def company(written: None) -> Any:
    from maru.core.actors import system_actor
    from maru.organizations.models import Service
    from maru.tickets.commands import set_up_desk

    made = make_company()
    with tenant(made.id):
        Service(name="Help", slug="help").save()
    set_up_desk(system_actor(made.id), language="ko")
    return made


@pytest.mark.row("TKT-14")
def test_pages_hear_who_comes_types_and_leaves(server: Server, company: Any) -> None:
    ticket = make_ticket(company)
    kim, lee = make_person(company, name="김직원"), make_person(company, name="이직원")
    page, own = server.page(company, sign_in(kim.account)), server.page(company, sign_in(lee.account))
    for opened in (page, own):
        opened.wait(lambda opened: bool(opened.told))
    actor = member_actor(lee)
    assert presence.look(actor, number=ticket.number) == []
    page.wait(lambda page: _said(page) == [[("이직원", False)]])
    presence.look(actor, number=ticket.number)
    presence.look(actor, number=ticket.number, is_typing=True)
    page.wait(lambda page: _said(page)[1:] == [[("이직원", True)]])
    presence.leave(actor, number=ticket.number)
    page.wait(lambda page: _said(page)[2:] == [[]])
    # Nobody is shown himself, and saying the same again tells nobody anything.
    assert [viewers for viewers in _said(own) if viewers] == []
    with tenant(company.id):
        assert not Event.objects.filter(kind__startswith="presence").exists()
    page.close()
    own.close()


@pytest.mark.row("TKT-14")
def test_who_vanishes_is_gone_after_a_while(server: Server, company: Any) -> None:
    ticket = make_ticket(company)
    lee = make_person(company, name="이직원")
    page = server.page(company, sign_in(make_person(company).account))
    page.wait(lambda page: bool(page.told))
    presence.look(member_actor(lee), number=ticket.number)
    page.wait(lambda page: _said(page)[-1:] == [[("이직원", False)]])
    start = time.monotonic()
    with tenant(company.id), connection.cursor() as cursor:
        cursor.execute("update tickets_presence set seen_at = now() - interval '28 seconds'")
        cursor.execute("select pg_notify('maru_presence', %s)", [f"{company.id}:{ticket.id}"])
    page.wait(lambda page: _said(page)[-1:] == [[]])
    assert time.monotonic() - start > 1
    page.close()


@pytest.mark.row("TKT-14")
def test_others_at_the_same_ticket(organization: Any, make_member: Any, make_ticket: Any, client_of: Any) -> None:
    kim, lee = make_member("kim"), make_member("lee")
    ticket = make_ticket()
    address = f"/desk/ab/tickets/{ticket.number}/presence"
    assert client_of(kim).post(address, {"typing": "1"}).json() == {"viewers": []}
    seen = client_of(lee).post(address, {"typing": "0"}).json()["viewers"]
    assert [(viewer["name"], viewer["typing"]) for viewer in seen] == [("kim", True)]
    assert client_of(kim).get(address).json()["viewers"][0]["name"] == "lee"
    client_of(kim).post(address, {"gone": "1"})
    assert client_of(lee).get(address).json() == {"viewers": []}
    with tenant(organization.id):
        Presence.objects.update(seen_at="2020-01-01T00:00:00Z")
    assert client_of(kim).get(address).json() == {"viewers": []}


@pytest.mark.row("TKT-14")
def test_not_for_strangers(
    organization: Any, other_organization: Any, make_member: Any, make_ticket: Any, client_of: Any
) -> None:
    ticket = make_ticket()
    stranger = make_member("stranger", organization=other_organization)
    office = make_member("office", role=Member.Role.NONE, is_admin=True)
    for slug in ("ab", "other"):
        path = f"/desk/{slug}/tickets/{ticket.number}/presence"
        assert client_of(stranger).post(path, {"typing": "1"}).status_code == 404
    assert client_of(office).post(f"/desk/ab/tickets/{ticket.number}/presence").status_code == 403
    with pytest.raises(NotFound):
        presence.look(member_actor(stranger), number=ticket.number)
    with pytest.raises(Forbidden):
        presence.look(member_actor(office), number=ticket.number)
