"""The doors in: API, web form, mail. How many a second, and what one costs."""

import json
import random
import smtplib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.policy import SMTP

import psycopg

from bench.client import Client, hidden_fields, percentile
from bench.running import Running

ONE_BY_ONE = 120
API_CONNECTIONS = 8
API_SECONDS = 8.0
FORMS = 60
MAILS = 240
MAIL_CONNECTIONS = 4
SINGLE_MAILS = 15
PATIENCE = 120.0
Requests = list[tuple[str, str]]
"""Titles and contents as all others have them: a thousand equal ones at the top would make the next searches dearer."""


def ticket(n: int, requests: Requests) -> bytes:
    requester = {
        "name": "김서연",
        "email": f"program{n}@shop.example",
        "phone": f"010-{n // 10_000:04d}-{n % 10_000:04d}",
    }
    title, content = requests[n % len(requests)]
    body = {"title": title, "content": content, "requester": requester}
    return json.dumps(body).encode()


def through_api(running: Running, key: str, requests: Requests) -> dict[str, float]:
    """``api_tickets_per_s`` over several connections, ``create_cpu_ms`` of one after the other."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    # Other people each time: who has had a receipt today gets none, and that would be cheaper.
    numbers = random.Random(time.time_ns())

    def open_ticket(client: Client) -> None:
        answer = client.call("POST", "/api/v1/tickets", ticket(numbers.randrange(10**8), requests))
        assert answer.status == 201, answer.body[:500]

    client = Client(running.port, headers)
    for _n in range(20):
        open_ticket(client)
    settle(running)
    idle, cpu, began = running.idle_cpu(), running.cpu_ms(), time.monotonic()
    for _n in range(ONE_BY_ONE):
        open_ticket(client)
    settle(running)
    spent = running.cpu_ms() - cpu - idle * (time.monotonic() - began)
    end = time.monotonic() + API_SECONDS

    def keep_opening(_seed: int) -> int:
        own, done = Client(running.port, headers), 0
        while time.monotonic() < end:
            open_ticket(own)
            done += 1
        return done

    with ThreadPoolExecutor(API_CONNECTIONS) as pool:
        total = sum(pool.map(keep_opening, range(API_CONNECTIONS)))
    return {"api_tickets_per_s": total / API_SECONDS, "create_cpu_ms": spent / ONE_BY_ONE}


def settle(running: Running, patience: float = 20.0) -> None:
    """Wait until jobs and mails that follow from what was done are through."""
    query = (
        "select (select count(*) from procrastinate_jobs where status in ('todo', 'doing') and scheduled_at is null)"
        " + (select count(*) from channels_rawmail where state = 'received')"
    )
    wait_until(running, query, lambda left: left == 0, patience)


def wait_until(running: Running, query: str, good: Callable[[int], bool], patience: float = PATIENCE) -> bool:
    """Ask the database until the answer is good; False when patience ends."""
    end = time.monotonic() + patience
    with psycopg.connect(running.postgres.superuser_url, autocommit=True) as connection:
        while time.monotonic() < end:
            row = connection.execute(query.encode()).fetchone()
            if row and good(row[0]):
                return True
            time.sleep(0.02)
    return False


def through_form(running: Running, codes: dict[str, str], requests: Requests) -> dict[str, float]:
    """``form_p95_ms``: sending the filled form; each visitor has a network of his own."""
    forms: list[tuple[Client, str, dict[str, str]]] = []
    slugs = sorted(codes)
    for n in range(FORMS):
        slug = slugs[n % len(slugs)]
        client = Client(running.port, {"X-Forwarded-For": f"10.{n // 250}.{n % 250}.7"})
        client.post_form(f"/{slug}", hidden_fields(client.get(f"/{slug}").body) | {"code": codes[slug]})
        page = client.get(f"/{slug}/request")
        assert page.status == 200, f"{slug}: {page.status}"
        fields = hidden_fields(page.body) | {"name": "김서연", "email": f"visitor{n}@home.example", "consent": "on"}
        title, content = requests[n % len(requests)]
        fields |= {"title": title, "content": content, "code": codes[slug]}
        forms.append((client, f"/{slug}/request", fields))
    time.sleep(1.0)
    times = []
    for client, path, fields in forms:
        answer = client.post_form(path, fields)
        assert answer.status in (302, 303), f"{path}: {answer.status} {answer.body[:3000].decode()}"
        times.append(answer.ms)
    return {"form_p95_ms": percentile(times[5:], 0.95)}


def mail(n: int, slug: str, requests: Requests) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"김서연 <writer{n}@people{n % 40}.example>"
    message["To"] = f"help@{slug}.maru.localhost"
    title, content = requests[n % len(requests)]
    message["Subject"] = title
    message["Message-ID"] = f"<bench-{n}-{time.time_ns()}@people.example>"
    message["Date"] = "Sat, 21 Nov 2026 10:00:00 +0900"
    message.set_content(content)
    message.add_alternative(f"<p>{content}</p>", subtype="html")
    return message


def through_mail(running: Running, slug: str, requests: Requests) -> dict[str, float]:
    """``mails_per_s`` turned into tickets, ``mail_cpu_ms`` of one, ``mail_to_ticket_p95_s`` of single mails."""
    # Only what comes from now on: the house may have been measured before.
    with psycopg.connect(running.postgres.superuser_url, autocommit=True) as connection:
        newest = connection.execute("select coalesce(max(id), 0) from channels_rawmail").fetchone()
    done = f"select count(*) from channels_rawmail where state <> 'received' and id > {newest[0] if newest else 0}"
    _send(running, range(10), slug, requests)
    wait_until(running, done, lambda count: count >= 10)
    settle(running)
    idle, cpu, began = running.idle_cpu(), running.cpu_ms(), time.monotonic()
    share = MAILS // MAIL_CONNECTIONS
    with ThreadPoolExecutor(MAIL_CONNECTIONS) as pool:
        list(
            pool.map(
                lambda k: _send(running, range(100 + k * share, 100 + (k + 1) * share), slug, requests),
                range(MAIL_CONNECTIONS),
            )
        )
    finished = wait_until(running, done, lambda count: count >= 10 + MAILS)
    seconds = time.monotonic() - began
    settle(running)
    spent = running.cpu_ms() - cpu - idle * (time.monotonic() - began)
    if not finished:
        print("  not all mails became tickets in two minutes", flush=True)
    waits = []
    for n in range(SINGLE_MAILS):
        time.sleep(0.7)
        target = 10 + MAILS + n + 1
        sent = time.monotonic()
        _send(running, range(5_000 + n, 5_001 + n), slug, requests)
        wait_until(running, done, lambda count, target=target: count >= target, 20)  # type: ignore[misc]
        waits.append(time.monotonic() - sent)
    return {
        "mails_per_s": MAILS / seconds,
        "mail_cpu_ms": spent / MAILS,
        "mail_to_ticket_p95_s": percentile(waits, 0.95),
    }


def _send(running: Running, numbers: range, slug: str, requests: Requests) -> None:
    with smtplib.SMTP("127.0.0.1", running.smtp_port, timeout=60) as smtp:
        for n in numbers:
            message = mail(n, slug, requests)
            sender = f"writer{n}@people{n % 40}.example"
            smtp.sendmail(sender, [f"help@{slug}.maru.localhost"], message.as_bytes(policy=SMTP))
