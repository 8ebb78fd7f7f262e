"""The load generator: what it fills in is what Maru itself would have written."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from bench.client import hidden_fields, percentile
from bench.filling import organization_sizes
from bench.limits import LIMITS, verdict
from maru.core.embedded.server import EmbeddedPostgres
from maru.tickets.search.index import body_of, head_of, ticket_idents

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = {"tickets": 240, "organizations": 3, "largest": 150, "seed": 5}


def test_percentiles_and_hidden_fields() -> None:
    assert percentile(list(range(100)), 0.95) == 95
    assert percentile([7.0], 0.95) == 7
    assert hidden_fields(b'<input type="hidden" name="a" value="1"><input name="b" value="2">') == {"a": "1"}


def test_sizes_are_skewed_and_complete() -> None:
    sizes = organization_sizes(1_000_000, 200, 300_000)
    assert len(sizes) == 200
    assert sizes[0] == 300_000
    assert sizes[1:] == sorted(sizes[1:], reverse=True)
    assert sum(sizes) == 1_000_000


def test_the_verdict_says_what_is_missed() -> None:
    figures = {name: promised for name, (_sign, promised) in LIMITS.items()}
    assert "missed" not in verdict(figures)
    told = verdict(figures | {"list_p95_ms": 75.0, "mails_per_s": 30.0})
    assert "missed by 15.00" in told
    assert "missed by 10.00" in told


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedPostgres:
    folder = tmp_path_factory.mktemp("bench")
    arguments = [word for key, value in OPTIONS.items() for word in (f"--{key}", str(value))]
    command = [sys.executable, "-m", "bench.generate", "--data", str(folder), *arguments]
    environment = {"PATH": "/usr/bin:/bin"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=180)
    told = json.loads((folder / "bench.json").read_text())
    assert {key: told[key] for key in OPTIONS} == OPTIONS
    return EmbeddedPostgres(folder)


def test_what_is_filled_in_is_what_maru_would_write(filled: EmbeddedPostgres) -> None:
    filled.ensure_started()
    try:
        with psycopg.connect(filled.superuser_url) as connection:
            tickets = connection.execute(
                "select t.id, t.organization_id, number, title, requester_name, requester_company, requester_email,"
                " requester_phone, s.norm, array(select text from tickets_message m where m.ticket_id = t.id order by id),"
                " array(select value from ticket_ident i where i.ticket_id = t.id)"
                " from tickets_ticket t join ticket_search s on s.ticket_id = t.id"
            ).fetchall()
            assert len(tickets) == OPTIONS["tickets"]
            for _id, _organization, number, title, name, company, mail, phone, norm, texts, idents in tickets:
                assert norm == body_of(head_of(title, name, company, mail, phone), texts)
                assert set(idents) <= ticket_idents(number, title, mail, phone, texts)
            broken = connection.execute(
                "select count(*) from tickets_ticket t where not exists (select from tickets_stage s"
                " where s.organization_id = t.organization_id and s.id = t.stage_id) or not exists (select from"
                " tickets_message m where m.organization_id = t.organization_id and m.id = t.last_message_id)"
            ).fetchone()
            assert broken == (0,)
            assigned, helped, wrong = connection.execute(
                "select count(distinct ticket_id), count(*) filter (where is_helper),"
                " count(*) filter (where is_helper = (t.assignee_id = a.member_id))"
                " from tickets_assignment a join tickets_ticket t on t.id = a.ticket_id"
            ).fetchone()
            assert 0.03 < helped / assigned < 0.2
            assert wrong == 0
            indexes = connection.execute(
                "select count(*) from pg_indexes where tablename like 'ticket_search_%' and indexdef like '%grams%'"
            ).fetchone()
            assert indexes == (16,)
    finally:
        filled.stop()
