"""The customer beside the ticket: the card, correcting it, and finding tickets by it."""

from typing import Any

import pytest
from django.db.models.functions import Now

from maru.core.models import AuditEntry, Event
from maru.core.tenancy import tenant
from maru.customers.models import Customer, Identity
from maru.testing.makers import make_member
from maru.tickets.models import Ticket
from maru.tickets.tests.desk import HTMX, fresh, url

pytestmark = pytest.mark.row("TKT-08")


def post(client: Any, ticket: Any, **given: Any) -> Any:
    return client.post(url(ticket, "/customer"), {"tab": "customer", **given}, headers=HTMX)


def identities(organization: Any, ticket: Any) -> list[str]:
    with tenant(organization.id):
        return list(
            Identity.objects.filter(customer_id=ticket.customer_id).order_by("id").values_list("value", flat=True)
        )


def test_the_card(organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(email="kim@x.example", phone="010-1234-5678")
    make_ticket(email="kim@x.example", title="또 다른 문의")
    with tenant(organization.id):
        Identity.objects.filter(value="kim@x.example").update(undeliverable_at=Now())
        number = Customer.objects.get(id=ticket.customer_id).number
    page = client_of(agent).get(url(ticket, "?tab=customer")).content.decode()
    for word in (
        f"고객번호 {number}",
        "kim@x.example",
        "010-1234-5678",
        "메일이 도착하지 않음",
        "첫 문의",
        "이전 문의",
    ):
        assert word in page, word
    assert f"customer={number}" in page
    stranger = make_ticket(name="", email="", phone="")
    assert "알려진 고객이 없습니다" in client_of(agent).get(url(stranger, "?tab=customer")).content.decode()


def test_correcting_name_company_language(organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(email="kim@x.example")
    answer = post(client_of(agent), ticket, do="correct", name=" 김서영 ", company="가나다", language="ja")
    page = answer.content.decode()
    assert 'value="김서영"' in page, "the answer shows the tab as it stands now"
    with tenant(organization.id):
        customer = Customer.objects.get(id=ticket.customer_id)
        assert (customer.name, customer.company, customer.language) == ("김서영", "가나다", "ja")
        audit = AuditEntry.objects.get(action="customer.corrected")
        assert audit.details["before"]["name"] == "김서연"
        assert Event.objects.get(kind="ticket.customer_corrected").data["fields"] == ["name", "company", "language"]
    assert fresh(ticket).requester_name == "김서연", "what was given with the request stays"
    post(client_of(agent), ticket, do="correct", name="김서영", company="가나다", language="ja")
    with tenant(organization.id):
        assert Event.objects.filter(kind="ticket.customer_corrected").count() == 1, "the same again is no change"
    wrong = post(client_of(agent), ticket, do="correct", name="긴" * 101, company="", language="xx").content.decode()
    assert "최대 100자" in wrong
    assert "긴" * 101 in wrong, "what was typed stays"
    plain = client_of(agent).post(url(ticket, "/customer"), {"tab": "customer", "do": "correct", "name": "긴" * 101})
    assert plain.status_code == 422
    assert "긴" * 101 in plain.content.decode()
    done = client_of(agent).post(
        url(ticket, "/customer"), {"do": "correct", "name": "김", "company": "", "language": ""}
    )
    assert (done.status_code, done["location"]) == (302, f"{url(ticket)}?tab=customer")


def test_adding_and_removing_addresses(organization: Any, agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket, other = make_ticket(email="kim@x.example"), make_ticket(email="park@x.example", name="박도윤")
    client = client_of(agent)
    assert "Second@X.example" in post(client, ticket, do="add", kind="email", value="Second@X.example").content.decode()
    post(client, ticket, do="add", kind="phone", value="+82 10-9999-8888")
    assert identities(organization, ticket) == ["kim@x.example", "second@x.example", "01099998888"]
    for kind, value, reason in (
        ("email", "park@X.example", "다른 고객(고객번호 2, 박도윤)"),
        ("email", "kim@x.example", "이미 등록되어"),
        ("email", "nope", "메일 주소"),
        ("phone", "12", "전화번호를 입력"),
        ("phone", "", "전화번호를 입력"),
        ("user_key", "x", "전화번호를 입력"),
    ):
        page = post(client, ticket, do="add", kind=kind, value=value).content.decode()
        assert reason in page, (kind, value)
    assert "park@X.example" in post(client, ticket, do="add", kind="email", value="park@X.example").content.decode()
    assert len(identities(organization, ticket)) == 3
    with tenant(organization.id):
        second = Identity.objects.get(value="second@x.example")
        theirs = Identity.objects.get(value="park@x.example")
    assert "이미 삭제되었습니다" in post(client, ticket, do="remove", identity=theirs.id).content.decode()
    assert identities(organization, other) == ["park@x.example"]
    post(client, ticket, do="remove", identity=second.id)
    post(client, ticket, do="remove", identity=second.id)
    assert identities(organization, ticket) == ["kim@x.example", "01099998888"]
    with tenant(organization.id):
        actions = list(AuditEntry.objects.filter(object_type="customer").values_list("action", flat=True))
    assert actions == ["customer.identity_added"] * 2 + ["customer.identity_removed"]


def test_only_who_handles_tickets_of_this_organization(
    organization: Any, other_organization: Any, make_ticket: Any, client_of: Any
) -> None:
    ticket = make_ticket(email="kim@x.example")
    stranger = make_member(other_organization, "stranger", role="manager", is_admin=True)
    assert post(client_of(stranger), ticket, do="correct", name="x").status_code == 404
    nobody = make_member(organization, "nobody", role="none", is_admin=True)
    assert post(client_of(nobody), ticket, do="correct", name="x").status_code == 403
    with tenant(other_organization.id):
        foreign = Identity(customer=Customer(number=1), kind="email", value="far@x.example", shown="far@x.example")
        foreign.customer.save()
        foreign.save()
    agent = make_member(organization, "agent2")
    post(client_of(agent), ticket, do="remove", identity=foreign.id)
    with tenant(other_organization.id):
        assert Identity.objects.filter(id=foreign.id).exists()
    assert (
        "far@x.example"
        in post(client_of(agent), ticket, do="add", kind="email", value="far@x.example").content.decode()
    )
    assert "far@x.example" in identities(organization, ticket), "another organization's address is free here"


@pytest.mark.row("TKT-11")
def test_tickets_are_found_by_every_address_of_their_customer(
    organization: Any, agent: Any, make_ticket: Any, client_of: Any
) -> None:
    ticket = make_ticket(email="kim@x.example", title="카드 결제가 두 번")
    make_ticket(email="park@x.example", title="박도윤의 문의", name="박도윤")
    client = client_of(agent)
    post(client, ticket, do="add", kind="email", value="second@x.example")
    post(client, ticket, do="add", kind="phone", value="02-555-6666")
    with tenant(organization.id):
        number = Customer.objects.get(id=ticket.customer_id).number
        Identity(customer_id=ticket.customer_id, kind="user_key", value="U-77", shown="U-77").save()
    for query in (
        f"customer={number}",
        "user_key=U-77",
        "email=second@x.example",
        "email=SECOND@x.example",
        "email=kim@x.example",
        "phone=02-555-6666",
        "phone=%2B82+2-555-6666",
        "name=김서연&email=second@x.example",
    ):
        page = client.get(f"/desk/ab/search?{query}").content.decode()
        assert "카드 결제가 두 번" in page, query
        assert "박도윤의 문의" not in page, query
    assert (
        "카드 결제가 두 번"
        not in client.get("/desk/ab/search?email=second@x.example&phone=010-0000-0000").content.decode()
    )


@pytest.mark.row("TKT-11")
def test_tickets_that_carry_a_known_address_are_found_whoever_s_they_are(
    agent: Any, make_ticket: Any, client_of: Any
) -> None:
    make_ticket(email="kim@x.example", phone="010-1234-5678", title="카드 결제가 두 번")
    # As the form takes it: a phone that is known, with a mail address that is not; the two are two customers.
    other = make_ticket(email="lee@x.example", phone="+82 10 1234 5678", title="같은 전화로 보낸 문의", name="이하늘")
    make_ticket(email="park@x.example", title="박도윤의 문의", name="박도윤", text="kim@x.example 님께 전해 주세요")
    moved = make_ticket(email="Kim@X.example", title="남의 티켓이 된 문의")
    with tenant(other.organization_id):
        Ticket.objects.filter(id=moved.id).update(customer_id=other.customer_id)
    client = client_of(agent)
    for query in ("phone=010-1234-5678", "phone=%2B82+10-1234-5678", "email=kim@x.example"):
        page = client.get(f"/desk/ab/search?{query}").content.decode()
        assert "카드 결제가 두 번" in page, query
        assert ("같은 전화로 보낸 문의" in page) == query.startswith("phone"), query
        assert ("남의 티켓이 된 문의" in page) == query.startswith("email"), query
        assert "박도윤의 문의" not in page, query


def test_a_live_page_keeps_the_tab_it_is_on(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(email="kim@x.example")
    pulse = client_of(agent).get(url(ticket, "/pulse?after=0&since=0&tab=customer"), headers=HTMX).content.decode()
    assert 'id="c-name"' in pulse
    assert 'name="tab" value="customer"' in pulse
