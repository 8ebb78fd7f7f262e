"""Counting attempts: sliding, shared, never locking out those who slow down."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from maru.core.errors import TooMany
from maru.core.limits import (
    DAY,
    first_in,
    first_mail_to_stranger,
    fold_address,
    hit,
    note,
    peek,
    refuse_when_over,
)

NOON = 1_800_000_000.0 // 600 * 600


@pytest.mark.django_db
def test_the_limit_is_reached_and_told() -> None:
    for _time in range(5):
        hit("form:ip:192.0.2.0/24", limit=5, seconds=600, now=NOON)
    with pytest.raises(TooMany) as stop:
        hit("form:ip:192.0.2.0/24", limit=5, seconds=600, now=NOON + 10)
    assert 0 < stop.value.retry_after <= 1200
    hit("form:ip:198.51.100.0/24", limit=5, seconds=600, now=NOON + 10)


@pytest.mark.django_db
def test_the_next_attempt_is_welcome_when_it_was_promised() -> None:
    for _time in range(5):
        hit("k", limit=5, seconds=600, now=NOON + 300)
    with pytest.raises(TooMany) as stop:
        hit("k", limit=5, seconds=600, now=NOON + 400)
    wait = stop.value.retry_after
    with pytest.raises(TooMany):
        hit("k", limit=5, seconds=600, now=NOON + 400 + wait - 5)
    hit("k", limit=5, seconds=600, now=NOON + 400 + wait)


@pytest.mark.django_db
def test_no_double_portion_at_the_edge_of_a_window() -> None:
    for _time in range(10):
        hit("edge", limit=10, seconds=600, now=NOON + 599)
    with pytest.raises(TooMany):
        hit("edge", limit=10, seconds=600, now=NOON + 601)


@pytest.mark.django_db
def test_refused_attempts_do_not_count() -> None:
    hit("calm", limit=1, seconds=600, now=NOON)
    for _time in range(50):
        with pytest.raises(TooMany):
            hit("calm", limit=1, seconds=600, now=NOON + 1)
    assert peek("calm", 600, now=NOON + 1) == 1


@pytest.mark.django_db
def test_looking_counts_nothing_and_noting_is_never_refused() -> None:
    refuse_when_over("looked", limit=1, seconds=60, now=NOON)
    for _time in range(3):
        note("looked", 60, now=NOON)
    assert peek("looked", 60, now=NOON) == 3
    assert peek("looked", 600, now=NOON) == 0
    with pytest.raises(TooMany):
        refuse_when_over("looked", limit=3, seconds=60, now=NOON)


@pytest.mark.django_db
def test_a_key_longer_than_its_column() -> None:
    hit("x" * 5000, limit=1, seconds=60, now=NOON)
    assert peek("x" * 5000, 60, now=NOON) == 1
    assert peek("x" * 5001, 60, now=NOON) == 0


@pytest.mark.django_db
def test_a_stranger_gets_one_mail_a_day() -> None:
    assert first_mail_to_stranger("Kim+shop@Example.com")
    assert not first_mail_to_stranger("kim@example.com")
    assert not first_mail_to_stranger(" KIM+other@EXAMPLE.COM ")
    assert first_mail_to_stranger("lee@example.com")
    with connection.cursor() as cursor:
        cursor.execute('update core_ratecounter set "window" = "window" - interval \'25 hours\'')
    assert first_mail_to_stranger("kim@example.com")


def test_addresses_fold_to_the_person() -> None:
    assert fold_address("Kim+a+b@Example.COM") == "kim@example.com"


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real commits in this run's own database; what they leave behind has names of its own."""
    with django_db_blocker.unblock():
        yield


@pytest.mark.usefixtures("committed")
def test_two_at_once_are_counted_one_after_the_other() -> None:
    def attempt(number: int) -> bool:
        try:
            hit("race", limit=7, seconds=DAY)
        except TooMany:
            return False
        finally:
            connection.close()
        return True

    def first(number: int) -> bool:
        try:
            return first_in("race-first", 60)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 7
        assert sum(pool.map(first, range(16))) == 1
