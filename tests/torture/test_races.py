"""Many at the same time: one wins, the others are told."""

import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.torture.running import Running


def post(url: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, bytes]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read()


@pytest.mark.row("API-01")
def test_fifty_calls_with_one_idempotency_key_make_one_ticket(running: Running) -> None:
    key = running.maru("api-key", "create", "--service", "ab/help").strip()
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "one-and-only"}
    body = {"title": "one and only", "content": "text", "requester": {"name": "김", "email": "kim@example.com"}}
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: post(f"{running.url}/api/v1/tickets", body, headers), range(50)))
    assert Counter(status for status, _ in answers) == {201: 50}
    assert len({text for _, text in answers}) == 1
    with running.connect() as connection:
        row = connection.execute("select count(*) from tickets_ticket where title = 'one and only'").fetchone()
    assert row == (1,)


TAKE = """
import sys, django; django.setup()
from maru.accounts.models import Member
from maru.accounts.roles import member_actor
from maru.core.tenancy import tenant
from maru.organizations.models import Organization
from maru.testing.makers import make_member, make_ticket
from maru.tickets import commands
from maru.tickets.errors import AlreadyTaken
from django.db import connection
import threading
ab = Organization.objects.get(slug="ab")
members = [make_member(ab, f"racer{n}") for n in range(8)]
for round in range(10):
    ticket, won, told, gate = make_ticket(ab), [], [], threading.Barrier(8)
    def run(member):
        gate.wait()
        try:
            commands.take(member_actor(member), ticket_id=ticket.id)
            won.append(member.name)
        except AlreadyTaken as problem:
            told.append(problem.name)
        finally:
            connection.close()
    threads = [threading.Thread(target=run, args=(m,)) for m in members]
    [t.start() for t in threads]; [t.join() for t in threads]
    assert len(won) == 1 and told == won * 7, (won, told)
print("fair")
"""


@pytest.mark.row("TKT-04")
def test_eight_agents_take_one_ticket_at_once(running: Running) -> None:
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", TAKE], env=running.env, capture_output=True, text=True, timeout=180)
    assert done.stdout.strip() == "fair", done.stderr[-2000:]


@pytest.mark.row("TKT-01")
def test_a_thousand_guesses_are_blocked(running: Running) -> None:
    statuses: Counter[int] = Counter()
    lock = threading.Lock()

    def guess(number: int) -> None:
        request = urllib.request.Request(f"{running.url}/ab/status/T{number:012d}")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                status = answer.status
        except urllib.error.HTTPError as problem:
            status = problem.code
        with lock:
            statuses[status] += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(1000)))
    print(statuses)
    assert statuses[200] == 0
    assert statuses[429] >= 900
