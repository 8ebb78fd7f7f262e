"""The programming interface, called as programs call it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from maru.api.keys import create_key, revoke_key
from maru.api.models import ApiKey
from maru.core.actors import system_actor
from maru.core.ids import read_ticket_number
from maru.core.tenancy import tenant
from maru.tickets.models import IntakeCategory, Message, Ticket

TICKET = {
    "title": "환불해주세요",
    "content": "어제 결제한 것을 취소해 주세요.",
    "requester": {"name": "김서연", "email": "kim@example.com", "phone": "010-1234-5678"},
}


class Program:
    """A program with a key."""

    def __init__(self, secret: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {secret}"}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return self.client.generic(method, f"/api/v1{path}", headers=self.headers | headers, **content)

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.call("PATCH", path, body)

    def open(self, **fields: Any) -> str:
        response = self.post("/tickets", TICKET | fields)
        assert response.status_code == 201, response.content
        return str(response.json()["number"])


@pytest.fixture
def program(organization: Any, service: Any) -> Program:
    return Program(create_key(system_actor(organization.id), service_id=service.id, name="shop")[1])


def is_problem(response: Any, status: int, code: str = "") -> Any:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert not code or body["code"] == code
    return body


@pytest.mark.row("API-01")
def test_a_ticket_is_opened_read_found_changed_and_answered(program: Program, organization: Any) -> None:
    made = program.post("/tickets", TICKET | {"priority": "high"})
    assert made.status_code == 201
    number = made.json()["number"]
    assert made["Location"] == f"/api/v1/tickets/{number}"
    assert read_ticket_number(number)
    assert made.json()["priority"] == "high"
    assert made.json()["channel"] == "api"
    assert made.json()["requester"]["email"] == "kim@example.com"

    for typed in (number, number.lower(), number.replace("-", "")):
        assert program.get(f"/tickets/{typed}").json() == made.json()
    assert [item["number"] for item in program.get("/tickets?q=환불").json()["items"]] == [number]
    assert [item["number"] for item in program.get("/tickets?q=5678&status=new,open").json()["items"]] == [number]
    assert program.get("/tickets?q=교환").json() == {"items": [], "next": None}

    changed = program.patch(f"/tickets/{number}", {"title": "부분 환불", "priority": "urgent", "status": "open"})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["title"], changed.json()["priority"], changed.json()["status"]) == (
        "부분 환불",
        "urgent",
        "open",
    )

    reply = program.post(f"/tickets/{number}/messages", {"content": "처리했습니다.", "outcome": "resolve"})
    assert reply.status_code == 201, reply.content
    assert program.get(f"/tickets/{number}").json()["status"] == "resolved"
    note = program.post(
        f"/tickets/{number}/messages",
        {"kind": "comment", "content": "<b>확인</b><script>1</script>", "format": "html"},
    )
    assert note.status_code == 201
    assert "script" not in note.json()["html"]
    again = program.post(f"/tickets/{number}/messages", {"kind": "customer", "content": "아직 안 됐어요"})
    assert again.status_code == 201
    assert program.get(f"/tickets/{number}").json()["status"] != "resolved"
    kinds = [item["kind"] for item in program.get(f"/tickets/{number}/messages").json()["items"]]
    assert kinds == ["customer", "reply", "comment", "customer"]


def test_pages_follow_each_other_without_gaps(program: Program) -> None:
    numbers = [program.open(title=f"환불 {n}") for n in range(7)]
    for query in ("", "q=환불&"):
        seen: list[str] = []
        cursor = ""
        while True:
            page = program.get(f"/tickets?{query}limit=3&cursor={cursor}").json()
            seen += [item["number"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = page["next"]
        assert seen == numbers[::-1]
    number = numbers[0]
    for n in range(4):
        program.post(f"/tickets/{number}/messages", {"kind": "comment", "content": f"note {n}"})
    first = program.get(f"/tickets/{number}/messages?limit=3").json()
    rest = program.get(f"/tickets/{number}/messages?limit=3&cursor={first['next']}").json()
    assert [item["text"] for item in first["items"] + rest["items"]][1:] == [f"note {n}" for n in range(4)]
    assert rest["next"] is None


def test_lists_to_choose_from(program: Program, organization: Any, agent: Any) -> None:
    categories = program.get("/categories").json()["items"]
    assert categories
    stages = program.get("/stages", **{"Accept-Language": "ko"}).json()["items"]
    assert stages[0]["name"] == "접수"
    assert {"id": agent.id, "name": agent.name} in program.get("/members").json()["items"]
    assert program.get("/groups").json() == {"items": []}
    with tenant(organization.id):
        name = IntakeCategory.objects.values_list("name", flat=True).first()
    number = program.open(category=name, assignees=[agent.id])
    shown = program.get(f"/tickets/{number}").json()
    assert shown["category"]["name"] == name
    assert shown["assignees"] == [agent.id]
    assert shown["handling_category"] is None
    handled = program.patch(f"/tickets/{number}", {"handling_category": "조치 완료"}).json()["handling_category"]
    assert handled["name"] == "조치 완료"
    assert program.get(f"/tickets/{number}").json()["handling_category"] == handled
    assert program.patch(f"/tickets/{number}", {"handling_category": "없는 유형"}).status_code == 422
    assert program.patch(f"/tickets/{number}", {"handling_category": None}).json()["handling_category"] is None
    assert program.patch(f"/tickets/{number}", {"assignees": [], "category": None}).json()["assignees"] == []
    assert program.get(f"/tickets/{number}").json()["category"] is None


def test_a_repeated_call_gets_the_same_answer_and_does_nothing(program: Program, organization: Any) -> None:
    first = program.post("/tickets", TICKET, **{"Idempotency-Key": "order-1"})
    second = program.post("/tickets", TICKET, **{"Idempotency-Key": "order-1"})
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first["Location"] == second["Location"]
    with tenant(organization.id):
        assert Ticket.objects.count() == 1
    is_problem(
        program.post("/tickets", TICKET | {"title": "x"}, **{"Idempotency-Key": "order-1"}),
        422,
        "idempotency_key_reused",
    )
    is_problem(program.post("/tickets", TICKET, **{"Idempotency-Key": "a b"}), 422)
    failed = program.post("/tickets", TICKET | {"group": 999_999}, **{"Idempotency-Key": "order-2"})
    is_problem(failed, 422)
    assert program.post("/tickets", TICKET, **{"Idempotency-Key": "order-2"}).status_code == 201


def test_no_key_a_wrong_key_a_revoked_key(program: Program, organization: Any) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer"},
    ):
        response = Client().get("/api/v1/tickets", headers=headers)
        is_problem(response, 401, "unauthorized")
        assert response["WWW-Authenticate"].startswith("Bearer")
    key = ApiKey.objects.get(organization_id=organization.id)
    assert key.key_hash not in program.headers["Authorization"]
    assert program.get("/tickets").status_code == 200
    key.refresh_from_db()
    assert key.last_used_at is not None
    revoke_key(system_actor(organization.id), key_id=key.id)
    is_problem(program.get("/tickets"), 401)


def test_a_key_bound_to_addresses(organization: Any, service: Any) -> None:
    secret = create_key(system_actor(organization.id), service_id=service.id, name="x", allowed_ips=["192.0.2.0/24"])[1]
    is_problem(Program(secret).get("/tickets"), 403, "address_not_allowed")
    inside = Program(secret)
    inside.client = Client(REMOTE_ADDR="192.0.2.9")
    assert inside.get("/tickets").status_code == 200


def test_guessing_keys_is_slowed_down(program: Program) -> None:
    guesser = Program("maru_guess")
    statuses = [guesser.get("/tickets").status_code for _n in range(70)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert int(guesser.get("/tickets")["Retry-After"]) > 0
    assert program.get("/tickets").status_code == 200


def test_another_organization_and_service_see_nothing(
    program: Program, organization: Any, other_organization: Any
) -> None:
    from maru.organizations.models import Service

    number = program.open()
    with tenant(other_organization.id):
        foreign = Service.objects.get(slug="help")
    with tenant(organization.id):
        sister = Service(name="Sister", slug="sister")
        sister.save()
    for owner, service_id in ((other_organization, foreign.id), (organization, sister.id)):
        stranger = Program(create_key(system_actor(owner.id), service_id=service_id, name="x")[1])
        assert stranger.get("/tickets").json()["items"] == []
        assert stranger.get("/tickets?q=환불").json()["items"] == []
        for method, path, body in (
            ("GET", "/tickets/{}", None),
            ("PATCH", "/tickets/{}", {"title": "x"}),
            ("GET", "/tickets/{}/messages", None),
            ("POST", "/tickets/{}/messages", {"content": "x"}),
        ):
            theirs = stranger.call(method, path.format(number), body)
            missing = stranger.call(method, path.format("T-0000-0000-0000"), body)
            is_problem(theirs, 404, "not_found")
            assert theirs.content == missing.content


def test_a_suspended_service_is_closed(program: Program, organization: Any, service: Any) -> None:
    with tenant(organization.id):
        service.state = "suspended"
        service.save()
    is_problem(program.get("/tickets"), 403, "service_suspended")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("GET", "", None, 404),
        ("GET", "/", None, 404),
        ("GET", "/tickets/", None, 404),
        ("GET", "/tickets/%00", None, 404),
        ("GET", "/tickets/T-0000-0000-0000", None, 404),
        ("DELETE", "/tickets", None, 405),
        ("PUT", "/tickets/T-0000-0000-0000", None, 405),
        ("TRACE", "/tickets", None, 405),
        ("GET", "/tickets?limit=0", None, 422),
        ("GET", "/tickets?limit=x", None, 422),
        ("GET", "/tickets?status=gone", None, 422),
        ("GET", "/tickets?cursor=nonsense", None, 422),
        ("GET", "/tickets?cursor=WzFd", None, 422),
        ("GET", "/tickets?q=%00", None, 422),
        ("GET", "/tickets?q=" + "x" * 300, None, 422),
        ("GET", "/tickets?colour=red", None, 422),
        ("POST", "/tickets", [], 422),
        ("POST", "/tickets", "x", 422),
        ("POST", "/tickets", None, 415),
        ("POST", "/tickets", {}, 422),
    ],
)
def test_every_error_is_a_problem(program: Program, method: str, path: str, body: Any, status: int) -> None:
    response = program.call(method, path, body)
    is_problem(response, status)
    if status == 405:
        assert response["Allow"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"title": ""}, "title"),
        ({"title": "   "}, "title"),
        ({"title": "\u200b"}, "title"),
        ({"title": None}, "title"),
        ({"title": 5}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"content": ""}, "content"),
        ({"content": "x" * 200_001}, "content"),
        ({"requester": {"email": "no address"}}, "requester.email"),
        ({"requester": {"email": "a@b.c\r\nBcc: x@y.z"}}, "requester.email"),
        ({"requester": {"name": "x" * 101}}, "requester.name"),
        ({"requester": {"age": 5}}, "requester.age"),
        ({"requester": "kim"}, "requester"),
        ({"priority": "boiling"}, "priority"),
        ({"priority": 2}, "priority"),
        ({"category": 999_999}, "category"),
        ({"category": "no such"}, "category"),
        ({"category": 2**70}, "category"),
        ({"stage": 999_999}, "stage"),
        ({"group": 999_999}, "group"),
        ({"assignees": [999_999]}, "assignees"),
        ({"assignees": "x"}, "assignees"),
        ({"organization_id": 1}, "organization_id"),
        ({"number": "T-0000-0000-0000"}, "number"),
        ({"receipt": "yes"}, "receipt"),
    ],
)
def test_bad_fields_are_named_and_nothing_is_saved(
    program: Program, organization: Any, fields: dict[str, Any], named: str
) -> None:
    body = is_problem(program.post("/tickets", TICKET | fields), 422)
    assert any(each["field"].startswith(named) for each in body["errors"]), body
    with tenant(organization.id):
        assert not Ticket.objects.exists()
        assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"9" * 5_000, "application/json", 400),
        (b"title=x", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json; charset=euc-kr", 415),
        (b'{"title": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
    ],
)
def test_bad_bodies(program: Program, content: bytes, kind: str, status: int) -> None:
    response = program.client.generic(
        "POST", "/api/v1/tickets", data=content, content_type=kind, headers=program.headers
    )
    is_problem(response, status)


def test_a_change_is_whole_or_not_at_all(program: Program) -> None:
    number = program.open()
    is_problem(program.patch(f"/tickets/{number}", {"title": "neu", "assignees": [999_999]}), 422)
    assert program.get(f"/tickets/{number}").json()["title"] == TICKET["title"]
    is_problem(program.patch(f"/tickets/{number}", {"status": "open", "stage": 1}), 422)
    is_problem(program.patch(f"/tickets/{number}", {"stage": 999_999}), 404)
    is_problem(program.patch(f"/tickets/{number}", {"organization_id": 1}), 422)
    assert program.patch(f"/tickets/{number}", {}).status_code == 200


def test_a_reply_that_missed_a_message_is_refused(program: Program) -> None:
    number = program.open()
    seen = program.get(f"/tickets/{number}").json()["last_message"]
    program.post(f"/tickets/{number}/messages", {"kind": "customer", "content": "noch etwas"})
    body = {"content": "zu spät", "seen": seen}
    is_problem(program.post(f"/tickets/{number}/messages", body), 409, "newer_message")


def test_the_document_is_public_and_of_version_3_1(db: None) -> None:
    document = Client().get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {
        "/api/v1/tickets",
        "/api/v1/tickets/{number}",
        "/api/v1/tickets/{number}/messages",
        "/api/v1/categories",
        "/api/v1/stages",
        "/api/v1/groups",
        "/api/v1/members",
    }
    content = document["paths"]["/api/v1/tickets"]["post"]["responses"]
    assert set(content["422"]["content"]) == {"application/problem+json"}


@pytest.mark.row("API-01")
def test_managers_make_and_revoke_keys(
    client_of: Callable[..., Client], admin: Any, agent: Any, organization: Any, service: Any
) -> None:
    address = f"/desk/{organization.slug}/settings/api"
    assert client_of(agent).get(address).status_code == 403
    browser = client_of(admin)
    assert browser.get(address).status_code == 200
    page = browser.post(address, {"name": "상점", "service": service.id, "allowed_ips": "127.0.0.1\n10.0.0.0/8"})
    assert page.status_code == 201
    secret = next(
        word for word in page.content.decode().replace("<", " ").replace(">", " ").split() if word.startswith("maru_")
    )
    assert Program(secret).get("/tickets").status_code == 200
    assert secret not in browser.get(address).content.decode()
    assert browser.post(address, {"name": "", "service": service.id}).status_code == 422
    assert browser.post(address, {"name": "x", "service": 99_999}).status_code == 422
    assert (
        "not an"
        in browser.post(
            address, {"name": "x", "service": service.id, "allowed_ips": "nowhere"}, headers={"accept-language": "en"}
        ).content.decode()
    )
    key = ApiKey.objects.get(organization_id=organization.id)
    assert browser.post(f"{address}/{key.id}/revoke").status_code == 302
    assert browser.post(f"{address}/{key.id}/revoke").status_code == 302
    assert browser.post(f"{address}/999999/revoke").status_code == 404
    is_problem(Program(secret).get("/tickets"), 401)


def test_a_host_that_is_not_ours_is_a_problem_too(program: Program) -> None:
    response = program.client.get("/api/v1/tickets", headers=program.headers | {"Host": "evil.example"})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
