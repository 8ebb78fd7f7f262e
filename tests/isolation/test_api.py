"""Every operation of the programming interface with a key of another organization."""

import json
from typing import Any

from django.test import Client

from maru.api.v1 import api
from tests.isolation.addresses import NOTHING
from tests.isolation.test_addresses import fingerprint
from tests.isolation.world import CANARY, World

BODIES: dict[tuple[str, str], Any] = {
    ("post", "/api/v1/tickets"): {"title": "x", "content": "x"},
    ("patch", "/api/v1/tickets/{number}"): {"title": "x"},
    ("post", "/api/v1/tickets/{number}/messages"): {"content": "x"},
}
# Fields of bodies that name something: operation, field, model, whether it is a list.
FIELDS = (
    (("post", "/api/v1/tickets"), "category", "IntakeCategory", False),
    (("post", "/api/v1/tickets"), "stage", "Stage", False),
    (("post", "/api/v1/tickets"), "group", "Group", False),
    (("post", "/api/v1/tickets"), "assignees", "Member", True),
    (("patch", "/api/v1/tickets/{number}"), "category", "IntakeCategory", False),
    (("patch", "/api/v1/tickets/{number}"), "handling_category", "HandlingCategory", False),
    (("patch", "/api/v1/tickets/{number}"), "stage", "Stage", False),
    (("patch", "/api/v1/tickets/{number}"), "group", "Group", False),
    (("patch", "/api/v1/tickets/{number}"), "assignees", "Member", True),
    (("post", "/api/v1/tickets/{number}/messages"), "mentions", "Member", True),
    (("post", "/api/v1/tickets/{number}/messages"), "seen", "Message", False),
)
# Words in schemas that could name something of an organization; each stands in FIELDS or in the table of paths.
NAMES_SOMETHING = {"category", "handling_category", "stage", "group", "assignees", "mentions", "seen"}


def operations() -> list[tuple[str, str]]:
    document = api.get_openapi_schema(path_prefix="/api/v1/")
    return [(method, path) for path, item in document["paths"].items() for method in item]


def ask(world: World, method: str, path: str, body: Any = None) -> Any:
    content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    headers = {"Authorization": f"Bearer {world.secret}"}
    return Client().generic(method.upper(), path, headers=headers, **content)


def test_every_operation_for_a_ticket_of_others(worlds: tuple[World, World]) -> None:
    victim, own = worlds
    before, tried = fingerprint(victim), 0
    for method, path in operations():
        if "{" not in path:
            continue
        assert set(path.split("{")[1:]) <= {"number}", "number}/messages"}, f"say here what {path} names"
        body = BODIES.get((method, path))
        answers = [
            ask(own, method, path.replace("{number}", number), body)
            for number in (victim.ticket.number, "T-0000-0000-0000")
        ]
        assert answers[0].status_code == 404, (method, path)
        assert answers[0].content == answers[1].content
        assert ask(own, method, path.replace("{number}", own.ticket.number), body).status_code in (200, 201)
        tried += 1
    print(f"\nisolation: {tried} operations for another organization's ticket")
    assert tried >= 4
    assert fingerprint(victim) == before


def test_fields_that_name_things_of_others(worlds: tuple[World, World]) -> None:
    victim, own = worlds
    before = fingerprint(victim)
    for (method, path), field, model, many in FIELDS:
        answers = []
        for value in (victim.rows[model], NOTHING):
            body = BODIES[method, path] | {field: [value] if many else value}
            if field == "mentions":
                body["kind"] = "comment"
            answers.append(ask(own, method, path.replace("{number}", own.ticket.number), body))
        assert answers[0].status_code in (404, 409, 422), (path, field, answers[0].content)
        assert answers[0].content == answers[1].content, (path, field)
    assert fingerprint(victim) == before


def test_every_field_that_names_something_was_tried() -> None:
    schemas = api.get_openapi_schema(path_prefix="/api/v1/")["components"]["schemas"]
    tried = {field for _operation, field, _model, _many in FIELDS}
    plain = {
        "title", "content", "format", "requester", "priority", "receipt", "status", "spam", "kind", "outcome", "author",
        "name", "email", "phone", "company",
    }  # fmt: skip
    for name, schema in schemas.items():
        if name.endswith(("In", "Patch")):
            unknown = set(schema["properties"]) - plain - tried
            assert not unknown, f"say whether {unknown} of {name} name something of an organization"
    assert tried == NAMES_SOMETHING


def test_lists_and_search_hold_nothing_of_others(worlds: tuple[World, World]) -> None:
    victim, own = worlds
    for query in (
        "",
        f"?q={CANARY}",
        f"?q={victim.ticket.number}",
        "?q=asker@iso-a.example",
        "?status=new,open,closed",
    ):
        for path in ("tickets", "categories", "stages", "groups", "members"):
            if query and path != "tickets":
                continue
            content = ask(own, "get", f"/api/v1/{path}{query}").content.decode()
            assert "iso-a" not in content
            assert victim.organization.name not in content
    assert CANARY in ask(victim, "get", f"/api/v1/tickets?q={CANARY}").content.decode()
