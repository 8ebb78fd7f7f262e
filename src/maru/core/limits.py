"""How often something may happen, counted in the database so that all processes agree.

A sliding window: the count of the running window plus the part of the one before that still lies within ``seconds``.
Refused attempts are not counted, so a blocked network is free again as soon as it slows down.
"""

import hashlib
import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import connection, transaction

from maru.core.errors import TooMany

DAY = 86_400
_LONGEST_KEY = 160

_HIT = """
with before as (
  select coalesce((select count from core_ratecounter where key = %s::text and "window" = %s::timestamptz), 0)
         * %s::float8 as n
)
insert into core_ratecounter as r (key, "window", count)
select %s::text, %s::timestamptz, 1 from before where before.n + 1 <= %s::float8
on conflict (key, "window") do update set count = r.count + 1
where r.count + 1 + (select n from before) <= %s::float8
returning count
"""
# A counter lost in a crash does no harm, so nobody waits for the disk. Only where the statement is a transaction of its
# own: the setting holds until its end.
_HIT_ALONE = _HIT.replace(
    "with before as (", "with quick as materialized (select set_config('synchronous_commit', 'off', true)), before as ("
).replace("as n\n)", "as n from quick\n)")
_FIRST = """
insert into core_ratecounter (key, "window", count)
select %s::text, clock_timestamp(), 1 where not exists (
  select from core_ratecounter where key = %s::text and "window" > clock_timestamp() - %s * interval '1 s'
) returning 1
"""
_COUNTS = 'select "window", count from core_ratecounter where key = %s::text and "window" in (%s, %s)'


def hit(key: str, *, limit: int, seconds: int, now: float | None = None) -> None:
    """Count one attempt under ``key``, such as ``form:ip:192.0.2.0/24``.

    :param limit: attempts allowed within ``seconds`` (at most a day).
    :param now: seconds since 1970; the present when left out.
    :raises TooMany: there were already ``limit``; it knows after how many seconds the next one is welcome.

    Inside a transaction that is rolled back later the attempt was never counted: call it before the work, outside.
    """
    stored, window, previous, weight = _place(key, seconds, now)
    with connection.cursor() as cursor:
        statement = _HIT if connection.in_atomic_block else _HIT_ALONE
        cursor.execute(statement, [stored, previous, weight, stored, window, limit, limit])
        if cursor.fetchone() is not None:
            return
    raise TooMany(retry_after=_wait(key, limit, seconds, now))


def peek(key: str, seconds: int, now: float | None = None) -> int:
    """How many attempts :func:`hit` has counted under ``key`` within the last ``seconds``; counts nothing."""
    current, before, weight = _counts(key, seconds, now)
    return math.floor(current + before * weight + 1e-9)


def peek_all(keys: Sequence[str], seconds: int) -> list[int]:
    """:func:`peek` for several keys with one question to the database."""
    places = [_place(key, seconds, None) for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(
            'select key, "window", count from core_ratecounter where key = any(%s::text[]) and "window" in (%s, %s)',
            [[place[0] for place in places], places[0][1], places[0][2]],
        )
        found = {(key, window): count for key, window, count in cursor.fetchall()}
    return [
        math.floor(found.get((stored, window), 0) + found.get((stored, before), 0) * weight + 1e-9)
        for stored, window, before, weight in places
    ]


def note_all(keys: Sequence[str], seconds: int) -> None:
    """:func:`note` for several keys at once; always in one order, so that two never wait for each other."""
    places = sorted(_place(key, seconds, None) for key in keys)
    with connection.cursor() as cursor:
        cursor.execute(
            'insert into core_ratecounter as r (key, "window", count) select key, %s::timestamptz, 1 '
            "from unnest(%s::text[]) as given (key) order by key "
            'on conflict (key, "window") do update set count = r.count + 1',
            [places[0][1], [place[0] for place in places]],
        )


def refuse_when_over(key: str, *, limit: int, seconds: int, now: float | None = None) -> None:
    """Count nothing, but raise :class:`TooMany` when ``key`` has used up its ``limit``."""
    current, before, weight = _counts(key, seconds, now)
    if current + before * weight + 1 > limit:
        raise TooMany(retry_after=_wait(key, limit, seconds, now))


def note(key: str, seconds: int, now: float | None = None) -> None:
    """Count one attempt that no limit stops; :func:`peek` tells how many there were."""
    hit(key, limit=2**31 - 1, seconds=seconds, now=now)


def private_key(prefix: str, value: str) -> str:
    """A key for something that should not stand readable in a counter, such as a mail address."""
    return f"{prefix}:{hashlib.sha256(value.encode()).hexdigest()[:40]}"


def fold_address(address: str) -> str:
    """A mail address as limits see it: ``Kim+shop@Example.com`` and ``kim@example.com`` are one person."""
    local, _at, domain = address.strip().casefold().rpartition("@")
    return f"{local.split('+')[0]}@{domain}"


def first_in(key: str, seconds: int) -> bool:
    """Whether nothing happened under ``key`` during the last ``seconds``; if so, it has happened now.

    Exact to the second and safe against two at once, unlike the sliding estimate of :func:`hit`.
    """
    stored = _stored(key, 0)
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        # A statement of its own: the next one must see what those before us in the queue have committed.
        cursor.execute("select pg_advisory_xact_lock(7043, hashtext(%s::text))", [key])
        cursor.execute(_FIRST, [stored, stored, seconds])
        return cursor.fetchone() is not None


def first_mail_to_stranger(address: str) -> bool:
    """Whether ``address``, which only a form has named, may get a mail: one within 24 hours, from all organizations."""
    return first_in(private_key("stranger", fold_address(address)), DAY)


def _stored(key: str, seconds: int) -> str:
    readable = key if len(key) <= _LONGEST_KEY else private_key(key[:40], key)
    return f"{readable}|{seconds}"


def _place(key: str, seconds: int, now: float | None) -> tuple[str, datetime, datetime, float]:
    moment = time.time() if now is None else now
    start = moment // seconds * seconds
    weight = 1 - (moment - start) / seconds
    return (
        _stored(key, seconds),
        datetime.fromtimestamp(start, UTC),
        datetime.fromtimestamp(start - seconds, UTC),
        weight,
    )


def _counts(key: str, seconds: int, now: float | None) -> tuple[int, int, float]:
    stored, window, previous, weight = _place(key, seconds, now)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [stored, window, previous])
        found = dict(cursor.fetchall())
    return found.get(window, 0), found.get(previous, 0), weight


def _wait(key: str, limit: int, seconds: int, now: float | None) -> int:
    """Seconds until one more attempt fits."""
    current, before, weight = _counts(key, seconds, now)
    left = seconds * weight
    if current + 1 > limit:
        # This window must end, and then so much of it must have passed out of sight that one fits.
        fitting = max(0, limit - 1) / current if current else 0.0
        return max(1, math.ceil(left + seconds * (1 - fitting)))
    fitting = (limit - 1 - current) / before if before else 1.0
    return max(1, math.ceil(left - seconds * fitting))
