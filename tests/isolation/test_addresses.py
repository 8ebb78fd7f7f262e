"""Every address, asked for as somebody of another organization: 404, to the byte what a missing thing answers."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from maru.core.tenancy import tenant, tenant_models
from maru.tickets.search import search
from tests.isolation.addresses import (
    API,
    ARGUMENTS,
    CRITERIA,
    DEMO_ONLY,
    FIELDS,
    FURTHER,
    NAMES_NOTHING,
    NOTHING,
    PUBLIC,
)
from tests.isolation.world import CANARY, World

Address = tuple[str, list[str]]
_FRESH = re.compile(
    rb'(csrfmiddlewaretoken" value="|name="csrf" content="|nonce="|name="stamp" value="|X-CSRFToken": ")[^"]*'
)


@pytest.fixture
def attacker(worlds: tuple[World, World], client_of: Callable[..., Client]) -> Client:
    """The most powerful person of the other organization, in his browser."""
    browser = client_of(worlds[1].founder)
    ask = browser.generic

    def forgetful(*args: Any, **kwargs: Any) -> Any:
        # What one answer left to be told must not show on the next.
        browser.cookies.pop("messages", None)
        return ask(*args, **kwargs)

    browser.generic = forgetful  # type: ignore[method-assign]
    return browser


def addresses(
    resolver: URLResolver | None = None, space: str = "", arguments: tuple[str, ...] = ()
) -> Iterator[Address]:
    """Name and arguments of each address of the house."""
    for pattern in (resolver or get_resolver()).url_patterns:
        named = [*arguments, *pattern.pattern.converters, *getattr(pattern.pattern, "regex", re.compile("")).groupindex]
        if isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}", list(dict.fromkeys(named))
        else:
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern, inner, tuple(named))


def with_objects() -> list[Address]:
    """Addresses that name something of an organization."""
    return sorted(
        {
            (name, tuple(named))
            for name, named in addresses()
            if name not in NAMES_NOTHING | DEMO_ONLY | PUBLIC and not name.startswith(API)
        }
    )  # type: ignore[return-value]


def filled(name: str, arguments: list[str], slug: str, value: Callable[[tuple[Any, Any]], Any]) -> str:
    """The address with its arguments. Raises AssertionError for one that the table does not know."""
    given = {}
    for argument in arguments:
        if argument == "slug":
            given["slug"] = slug
            continue
        known = ARGUMENTS.get((name, argument)) or ARGUMENTS.get(("*", argument))
        assert known, f"say in addresses.py what “{argument}” of {name} names"
        given[argument] = value(known)
    return reverse(name, kwargs=given)


def content_of(response: Any) -> bytes:
    """The body, also of a file."""
    return b"".join(response.streaming_content) if response.streaming else bytes(response.content)


Shown = tuple[int, str, bytes]


def shown(response: HttpResponse, *asked: str) -> Shown:
    """What an answer tells, without what is fresh each time and without what was asked for."""
    names = re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(map(re.escape, asked))})(?![0-9A-Za-z])")
    content = names.sub("?", _FRESH.sub(b"", content_of(response)).decode("utf-8", "surrogateescape"))
    place = names.sub("?", response.headers.get("Location", ""))
    told = response.cookies["messages"].value.split(":")[0] if "messages" in response.cookies else ""
    return response.status_code, place + told, content.encode("utf-8", "surrogateescape")


def difference(one: Shown, other: Shown) -> str:
    """Where two answers part, in a few words."""
    if one[:2] != other[:2]:
        return f"{one[:2]} / {other[:2]}"
    start = next(
        (n for n, (a, b) in enumerate(zip(one[2], other[2], strict=False)) if a != b), min(len(one[2]), len(other[2]))
    )
    return f"{one[2][max(0, start - 60) : start + 60]!r} / {other[2][max(0, start - 60) : start + 60]!r}"


def undone(call: Callable[[], HttpResponse]) -> HttpResponse:
    """Make a request and take back what it changed."""
    with transaction.atomic():
        response: HttpResponse = call()
        transaction.set_rollback(True)
    return response


def fingerprint(world: World) -> list[tuple[str, Any]]:
    """Everything the organization has, in short."""
    found = []
    with tenant(world.organization.id), connection.cursor() as cursor:
        for model in tenant_models():
            table = model._meta.db_table
            cursor.execute(f"select count(*), md5(string_agg(t::text, '' order by id)) from {table} t")
            found.append((table, cursor.fetchone()))
    return found


def test_every_address_is_known() -> None:
    named = {name for name, _arguments in addresses()}
    assert named >= NAMES_NOTHING | DEMO_ONLY | PUBLIC, (NAMES_NOTHING | DEMO_ONLY | PUBLIC) - named
    for name, arguments in with_objects():
        assert "slug" in arguments, f"{name} names no organization: put it into NAMES_NOTHING or give it one"
        filled(name, arguments, "x", lambda known: known[1])


def test_another_desk_looks_like_no_desk(worlds: tuple[World, World], attacker: Client) -> None:
    victim, _own = worlds
    before, tried, wrong = fingerprint(victim), 0, []
    for name, arguments in with_objects():
        theirs = filled(name, arguments, victim.organization.slug, lambda known: known[0](victim))
        missing = filled(name, arguments, "iso-none", lambda known: known[0](victim))
        if not theirs.startswith("/desk/"):
            continue
        for method in ("get", "post"):
            answers = [
                shown(getattr(attacker, method)(url), victim.organization.slug, "iso-none") for url in (theirs, missing)
            ]
            tried += 1
            if answers[0] != answers[1] or answers[0][0] not in (404, 405):
                wrong.append((name, method, answers[0][0], answers[1][0]))
    print(f"\nisolation: {tried} requests to another organization's desk")
    assert not wrong, "\n".join(map(str, wrong))
    assert fingerprint(victim) == before


def test_objects_of_others_look_like_nothing(worlds: tuple[World, World], attacker: Client) -> None:
    victim, own = worlds
    before, tried, wrong, vacuous = fingerprint(victim), 0, [], set()
    slug = own.organization.slug
    for name, arguments in with_objects():
        if list(arguments) == ["slug"]:
            continue
        mine = filled(name, arguments, slug, lambda known: known[0](own))
        theirs = filled(name, arguments, slug, lambda known: known[0](victim))
        missing = filled(name, arguments, slug, lambda known: known[1])
        for method in ("get", "post"):
            ask = getattr(attacker, method)
            further = FURTHER.get(name, lambda _world: {})(own)
            real = undone(lambda ask=ask, url=mine, further=further: ask(url, further))
            if real.status_code == 405:
                continue
            answers = [undone(lambda ask=ask, url=url, further=further: ask(url, further)) for url in (theirs, missing)]
            told = [shown(answer, *_parts(theirs), *_parts(missing)) for answer in answers]
            tried += 1
            if real.status_code == 404:
                vacuous.add(name)
            if told[0] != told[1]:
                wrong.append((name, method, "differs from a missing thing", difference(*told)))
            if CANARY.encode() in content_of(answers[0]) and b"iso-a" in content_of(answers[0]):
                wrong.append((name, method, "shows the other's words", told[0][0], told[1][0]))
            if name not in MAY_ANSWER and told[0][0] != 404:
                wrong.append((name, method, "is no 404", told[0][0], told[1][0]))
    print(f"\nisolation: {tried} requests for another organization's things; not even one's own is there: {vacuous}")
    assert vacuous <= NOTHING_OF_ONES_OWN
    assert not wrong, "\n".join(map(str, wrong))
    assert fingerprint(victim) == before


# A ticket that goes on from no other, a message nobody held back, a mail that was never quarantined.
NOTHING_OF_ONES_OWN = {"tickets:linked", "tickets:held"}
# The public page of a number answers 200 or 422 with a form for another try, and the lookup that failed is told.
MAY_ANSWER: set[str] = set()


def _parts(url: str) -> list[str]:
    return [part for part in url.split("/") if len(part) > 6 or part.isdigit()]


def test_fields_that_name_things_of_others(worlds: tuple[World, World], attacker: Client) -> None:
    victim, own = worlds
    before, wrong = fingerprint(victim), []
    slug = own.organization.slug
    arguments = dict(addresses())

    def value(world: World | None, model: str) -> str:
        if model == "NUMBER":
            return world.ticket.number if world else "T000000000000"
        return str(world.rows[model] if world else NOTHING)

    for name, field, model, further in FIELDS:
        url = filled(name, arguments[name], slug, lambda known: known[0](own))
        rest = {
            key: value(own, {"stage": "Stage"}.get(key, "NUMBER")) if text == "OWN" else text
            for key, text in further.items()
        }
        told = []
        asked = [value(world, model) for world in (victim, None)]
        for given in asked:
            body = rest | {field: given}
            response = undone(lambda url=url, body=body: attacker.post(url, body))
            told.append(shown(response, *asked))
            if response.status_code >= 500:
                wrong.append((name, field, response.status_code))
        if told[0] != told[1]:
            wrong.append((name, field, difference(*told)))
    assert not wrong, "\n".join(map(str, wrong))
    assert fingerprint(victim) == before


def test_criteria_that_name_things_of_others(worlds: tuple[World, World], attacker: Client) -> None:
    victim, own = worlds
    slug, wrong = own.organization.slug, []
    for page in ("tickets:list", "tickets:board", "tickets:search"):
        for criterion, model in CRITERIA:
            asked = (
                [victim.ticket.number, "T000000000000"]
                if model == "NUMBER"
                else [str(victim.rows[model]), str(NOTHING)]
            )
            told = [
                shown(attacker.get(reverse(page, args=[slug]), {criterion: given, "view": "all"}), *asked)
                for given in asked
            ]
            if told[0] != told[1] or told[0][0] != 200:
                wrong.append((page, criterion, difference(*told)))
    assert not wrong, "\n".join(map(str, wrong))


def test_words_of_others_are_found_nowhere(worlds: tuple[World, World], attacker: Client) -> None:
    victim, own = worlds
    for words in (CANARY, "누전차단기", victim.ticket.number, "asker@iso-a.example", "ORD-iso-a-20261122"):
        assert search(victim.organization.id, words) == [victim.ticket.id]
        assert victim.ticket.id not in search(own.organization.id, words)
    for name, arguments in with_objects():
        url = filled(name, arguments, own.organization.slug, lambda known: known[0](own))
        content = content_of(undone(lambda url=url: attacker.get(url)))
        assert b"iso-a" not in content, name
        assert victim.ticket.number.encode() not in content, name
    found = attacker.get(reverse("tickets:palette", args=[own.organization.slug]), {"q": victim.ticket.number})
    assert b"iso-a" not in found.content
