"""Locks are taken in one order everywhere, so that two calls at once never wait for each other."""

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from maru.api.tests.test_api import Program, program

__all__ = ["program"]


def test_a_new_customer_is_numbered_before_the_log_is_held(program: Program, organization: Any) -> None:
    number = program.open()
    with CaptureQueriesContext(connection) as said:
        changed = {"title": "neu", "requester": {"name": "Lee", "email": "lee@example.com"}, "priority": "high"}
        assert program.patch(f"/tickets/{number}", changed).status_code == 200
    said_in_order = [query["sql"].lower() for query in said.captured_queries]
    numbered = next(i for i, sql in enumerate(said_in_order) if "insert into customers_customer" in sql)
    logged = next(i for i, sql in enumerate(said_in_order) if "pg_advisory_xact_lock" in sql)
    assert numbered < logged
