"""How long nobody has done anything in a session, and how old the last proof of who somebody is.

A session that lies idle is locked, not ended: one proof (password, passkey, code) opens it again where it was. Three ages
count, all measured by the database: idleness (set by the organization), the proof at most ``LONGEST_SECONDS`` old
whatever is done meanwhile, and at most ``PROOF_SECONDS`` for what could give the house away.

A session has one idleness but may stand at the desks of several organizations. The strictest of those it has been at
since its last proof counts at all of them: else a look at a patient desk would open the lock of a strict one.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL
from django.http import HttpRequest

from maru.accounts.models import SessionActivity

DEFAULT_IDLE_MINUTES = 30
LONGEST_SECONDS = 12 * 3600
PROOF_SECONDS = 600
# A deed is written down at most this often; the desk locks that much too early at worst.
TOUCH_SECONDS = 20
KEPT_DAYS = 31
# What is written down after a proof, before any desk was entered: no idle time is as long as a proof can last.
NO_DESK_MINUTES = LONGEST_SECONDS // 60

_AGES = (
    "select array[extract(epoch from clock_timestamp() - seen_at), extract(epoch from clock_timestamp() - proven_at), "
    "idle_minutes]::float8[] from accounts_sessionactivity where session_key = %s"
)
# A deed forgotten in a crash does no harm, so nobody waits for the disk.
_TOUCH = (
    "with quick as materialized (select set_config('synchronous_commit', 'off', true)) "
    "update accounts_sessionactivity set idle_minutes = least(idle_minutes, %(minutes)s), "
    "seen_at = case when %(deed)s then clock_timestamp() else seen_at end from quick "
    "where session_key = %(key)s "
    "and seen_at > clock_timestamp() - least(idle_minutes, %(minutes)s) * interval '1 minute'"
)
_PROVE = (
    "insert into accounts_sessionactivity (session_key, seen_at, proven_at, idle_minutes) "
    "values (%s, clock_timestamp(), clock_timestamp(), %s) "
    "on conflict (session_key) do update set "
    "seen_at = clock_timestamp(), proven_at = clock_timestamp(), idle_minutes = excluded.idle_minutes"
)


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds since the last deed and the last proof; ``idle_minutes`` of the strictest desk since that proof."""

    seen: float
    proven: float
    idle_minutes: int = NO_DESK_MINUTES

    def limit(self, idle_minutes: int) -> int:
        """Minutes without a deed after which the session locks at a desk of so many minutes."""
        return min(idle_minutes, self.idle_minutes)

    def left(self, idle_minutes: int) -> int:
        """Seconds until the session locks at a desk of so many minutes if nobody does anything; 0 when it is locked."""
        return max(0, int(min(self.limit(idle_minutes) * 60 - self.seen, LONGEST_SECONDS - self.proven)))

    @property
    def away_minutes(self) -> int:
        """The idle time that counts outside of any desk."""
        return DEFAULT_IDLE_MINUTES if self.idle_minutes == NO_DESK_MINUTES else self.idle_minutes

    @property
    def is_fresh(self) -> bool:
        """Whether the proof is young enough for what could give the house away."""
        return self.proven < PROOF_SECONDS


NEVER = Ages(float(2**31), float(2**31))


def ages_column(request: HttpRequest) -> RawSQL:
    """The ages of this session as a column of another query; read its value with :func:`read_ages`."""
    return RawSQL(f"({_AGES})", [request.session.session_key or ""])  # noqa: S611 — the key is a parameter


def read_ages(value: list[float] | None) -> Ages:
    """What :func:`ages_column` gave. A session of which nothing is written down has never proven anything."""
    return Ages(value[0], value[1], int(value[2])) if value else NEVER


def ages_of(request: HttpRequest) -> Ages:
    """The ages of this session."""
    with connection.cursor() as cursor:
        cursor.execute(_AGES, [request.session.session_key or ""])
        row: tuple[Any, ...] | None = cursor.fetchone()
    return read_ages(row[0] if row else None)


def is_deed(request: HttpRequest) -> bool:
    """Whether a person did something: not a page keeping itself current, nor a picture in it."""
    if request.headers.get("X-Live") == "1":
        return False
    return request.method not in ("GET", "HEAD") or request.headers.get("Sec-Fetch-Dest") in (None, "document", "empty")


def touch(request: HttpRequest, ages: Ages, idle_minutes: int, *, deed: bool = True) -> None:
    """Note that this session stands at a desk that locks after ``idle_minutes``, and with ``deed`` that somebody did
    something just now. Never opens a lock.

    Stands alone, outside of any transaction: every page of the same browser waits for this row.
    """
    if (ages.seen < TOUCH_SECONDS or not deed) and ages.idle_minutes <= idle_minutes:
        return
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, {"minutes": idle_minutes, "deed": deed, "key": request.session.session_key})


def prove(session_key: str) -> None:
    """Note that whoever holds this session has just proven who he is. Desks he was at before count no longer."""
    with connection.cursor() as cursor:
        cursor.execute(_PROVE, [session_key, NO_DESK_MINUTES])


def forget_old() -> int:
    """Drop what is noted of sessions that have ended long since; how many."""
    from datetime import timedelta

    from django.utils import timezone

    gone, _rows = SessionActivity.objects.filter(seen_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()
    return gone
