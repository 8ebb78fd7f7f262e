"""The event stream over a real server: resumable, in order, and only for those who may hear it."""

import json
import threading
import time

import pytest
from django.db import connection

from maru.accounts.models import Member
from maru.core.tenancy import tenant
from maru.notifications.tests.streaming import (
    PATIENCE,
    Happened,
    Hidden,
    Server,
    happen,
    make_company,
    make_person,
    sign_in,
)

pytestmark = pytest.mark.usefixtures("written")


def test_two_pages_hear_what_happens(server: Server) -> None:
    company = make_company()
    pages = [server.page(company, sign_in(make_person(company).account)) for _ in range(2)]
    assert [page.status for page in pages] == [200, 200]
    assert pages[0].headers["content-type"].startswith("text/event-stream")
    assert pages[0].headers["x-accel-buffering"] == "no"
    for page in pages:
        page.wait(lambda page: len(page.told) == 1)
        assert page.told[0].kind == "hello"
    number = happen(company, 7)
    for page in pages:
        page.wait_for(number)
        told = page.told[-1]
        assert told.id == str(number)
        assert told.data["ticket_id"] == 7
        assert told.kind == Happened.kind
        assert "private" not in json.dumps(told.data)
        page.close()


def test_hello_tells_the_newest_number(server: Server) -> None:
    company = make_company()
    number = happen(company)
    page = server.page(company, sign_in(make_person(company).account))
    page.wait(lambda page: bool(page.told))
    assert page.told[0].data == {"kind": "hello", "newest": number}
    assert page.last == str(number)
    page.close()


def test_resume_misses_nothing_and_doubles_nothing(server: Server) -> None:
    company = make_company()
    session = sign_in(make_person(company).account)
    page = server.page(company, session)
    first = happen(company)
    page.wait_for(first)
    page.close()
    missed = [happen(company, n) for n in range(10)]
    page = server.page(company, session, last=page.last)
    page.wait_for(missed[-1])
    later = [happen(company, n) for n in range(3)]
    page.wait_for(later[-1])
    assert page.numbers == missed + later
    page.close()


def test_resume_while_events_keep_coming(server: Server) -> None:
    """A page that reconnects in the middle of a burst hears every number once, in order."""
    company = make_company()
    session = sign_in(make_person(company).account)
    start = happen(company)
    numbers: list[int] = []
    done = threading.Event()

    def burst() -> None:
        try:
            numbers.extend(happen(company, n) for n in range(120))
        finally:
            connection.close()
            done.set()

    thread = threading.Thread(target=burst)
    thread.start()
    heard: list[int] = []
    last = str(start)
    while not done.is_set():
        page = server.page(company, session, after=last)
        time.sleep(0.03)
        page.close()
        assert page.ended.wait(PATIENCE)
        heard += page.numbers
        last = str(page.numbers[-1]) if page.numbers else last
    thread.join()
    page = server.page(company, session, last=last)
    if not heard or heard[-1] != numbers[-1]:
        page.wait_for(numbers[-1])
    assert heard + page.numbers == numbers
    page.close()


def test_numbers_come_in_the_order_of_commits(server: Server) -> None:
    """Two writers at once: the second waits for the first, so no number appears behind a larger one."""
    company = make_company()
    page = server.page(company, sign_in(make_person(company).account))
    page.wait(lambda page: bool(page.told))
    drawn, go_on = threading.Event(), threading.Event()
    numbers: dict[str, int] = {}

    def slow_writer() -> None:
        try:
            with tenant(company.id):
                numbers["slow"] = happen(company)
                drawn.set()
                go_on.wait(60)
        finally:
            connection.close()

    def fast_writer() -> None:
        try:
            numbers["fast"] = happen(company)
        finally:
            connection.close()

    slow, fast = threading.Thread(target=slow_writer), threading.Thread(target=fast_writer)
    slow.start()
    assert drawn.wait(PATIENCE)
    fast.start()
    time.sleep(0.3)
    # Without the advisory lock the fast writer would have committed the larger number by now.
    assert "fast" not in numbers
    assert page.numbers == []
    go_on.set()
    slow.join()
    fast.join()
    page.wait_for(numbers["fast"])
    assert page.numbers == [numbers["slow"], numbers["fast"]]
    page.close()


def test_without_the_lock_a_number_would_be_lost(server: Server) -> None:
    """The trap itself: rows inserted past ``publish`` that commit out of order. It is why ``publish`` locks."""
    company = make_company()
    page = server.page(company, sign_in(make_person(company).account))
    page.wait(lambda page: bool(page.told))
    raw = (
        "insert into core_event (organization_id, kind, subject_type, subject_id, actor_kind, actor_name, data) "
        "values (%s, 'ticket.happened', 'ticket', 1, 'system', '', '{}') returning id"
    )
    drawn, go_on = threading.Event(), threading.Event()
    lost: list[int] = []

    def slow_writer() -> None:
        try:
            with tenant(company.id), connection.cursor() as cursor:
                cursor.execute(raw, [company.id])
                lost.append(cursor.fetchone()[0])
                drawn.set()
                go_on.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=slow_writer)
    thread.start()
    assert drawn.wait(PATIENCE)
    with tenant(company.id), connection.cursor() as cursor:
        cursor.execute(raw, [company.id])
        seen = cursor.fetchone()[0]
        cursor.execute("select pg_notify('maru_events', %s)", [str(company.id)])
    page.wait_for(seen)
    go_on.set()
    thread.join()
    after = happen(company)
    page.wait_for(after)
    assert lost[0] < seen
    assert lost[0] not in page.numbers
    page.close()


@pytest.mark.parametrize("said", ["999999999999", "-5", "1 or 1=1", "1" * 40, "٣"])
def test_a_number_that_never_was_asks_to_look_anew(server: Server, said: str) -> None:
    company = make_company()
    number = happen(company)
    page = server.page(company, sign_in(make_person(company).account), last=said.encode().decode("latin-1"))
    page.wait(lambda page: bool(page.told))
    assert page.told[0].event == "resync"
    assert page.last == str(number)
    page.close()


def test_too_large_a_gap_asks_to_look_anew(server: Server) -> None:
    company = make_company()
    session = sign_in(make_person(company).account)
    first = happen(company)
    with tenant(company.id), connection.cursor() as cursor:
        cursor.execute(
            "insert into core_event (organization_id, kind, subject_type, subject_id, actor_kind, actor_name, data) "
            "select %s, 'ticket.happened', 'ticket', 1, 'system', '', '{}' from generate_series(1, 1001)",
            [company.id],
        )
    page = server.page(company, session, last=str(first))
    page.wait(lambda page: bool(page.told))
    assert page.told[0].event == "resync"
    number = happen(company)
    page.wait_for(number)
    assert page.numbers == [number]
    page.close()


def test_polling_tells_the_same(server: Server) -> None:
    company = make_company()
    session = str(sign_in(make_person(company).account).session_key)
    path = f"/desk/{company.slug}/live?poll=1"
    start = happen(company)
    body = json.loads(server.get(path, session).body)
    assert body["newest"] == start
    assert body["events"][0]["kind"] == "hello"
    numbers = [happen(company, 5), happen(company, 6)]
    body = json.loads(server.get(f"{path}&after={start}", session).body)
    assert [event["id"] for event in body["events"]] == numbers
    assert body["newest"] == numbers[-1]
    assert [event["ticket_id"] for event in body["events"]] == [5, 6]
    body = json.loads(server.get(f"{path}&after={numbers[-1]}", session).body)
    assert body == {"newest": numbers[-1], "events": []}
    assert json.loads(server.get(f"{path}&after=abc", session).body)["events"][0]["kind"] == "resync"


def test_another_tenant_hears_nothing(server: Server) -> None:
    company, other = make_company(), make_company()
    page = server.page(other, sign_in(make_person(other).account))
    page.wait(lambda page: bool(page.told))
    happen(company)
    number = happen(other)
    page.wait_for(number)
    assert page.numbers == [number]
    page.close()


def test_foreign_and_missing_look_the_same(server: Server) -> None:
    company, other = make_company(), make_company()
    happen(other)
    session = str(sign_in(make_person(company).account).session_key)
    foreign = server.get(f"/desk/{other.slug}/live", session)
    missing = server.get("/desk/nobody-here/live", session)
    assert foreign.status == missing.status == 404
    assert foreign.body == missing.body
    drop = {"date"}
    assert {k: v for k, v in foreign.headers.items() if k not in drop} == {
        k: v for k, v in missing.headers.items() if k not in drop
    }
    odd = server.get("/desk/%25/live", session)
    assert odd.status == 404
    assert odd.body == missing.body


def test_signed_out_pages_stop_asking(server: Server) -> None:
    company = make_company()
    waiting = make_person(company, state=Member.State.WAITING)
    removed = make_person(company, state=Member.State.REMOVED)
    path = f"/desk/{company.slug}/live"
    assert server.get(path).status == 204
    assert server.get(path, "x" * 32).status == 204
    assert server.get(path, "x" * 5000).status == 204
    assert server.get(f"{path}?poll=1").status == 401
    assert server.get(path, str(sign_in(waiting.account).session_key)).status == 204
    assert server.get(path, str(sign_in(removed.account).session_key)).status == 404


def test_a_second_factor_is_asked_for_here_too(server: Server) -> None:
    company = make_company()
    company.requires_second_factor = True
    company.save()
    session = str(sign_in(make_person(company).account).session_key)
    assert server.get(f"/desk/{company.slug}/live", session).status == 204


def test_without_the_permission_nothing_of_tickets_is_told(server: Server) -> None:
    company = make_company()
    office = make_person(company, role=Member.Role.NONE, is_admin=True)
    page = server.page(company, sign_in(office.account))
    page.wait(lambda page: bool(page.told))
    happen(company)
    happen(company, event=Hidden)
    agent = server.page(company, sign_in(make_person(company).account))
    number = happen(company)
    agent.wait_for(number)
    assert page.numbers == []
    page.close()
    agent.close()


def test_too_many_streams_of_one_account(server: Server) -> None:
    company = make_company()
    session = sign_in(make_person(company).account)
    pages = [server.page(company, session) for _ in range(21)]
    assert [page.status for page in pages] == [200] * 20 + [429]
    for page in pages:
        page.close()
    deadline = time.monotonic() + PATIENCE
    while (page := server.page(company, session)).status != 200:
        # The server has yet to notice that they went.
        assert time.monotonic() < deadline
        page.close()
        time.sleep(0.1)
    page.close()
