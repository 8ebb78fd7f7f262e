"""Connections of the event loop: a few for reading, taken from a pool, and one that listens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from django.db import connections
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[TupleRow]

READERS = 4
_NOT_OURS = {"server_side_binding", "prepare_threshold", "pool", "isolation_level", "assume_role"}


def parameters(role: str) -> dict[str, Any]:
    """Connection parameters of the application's database; ``role`` tells the server who asks."""
    settings = connections["default"].settings_dict
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    found: dict[str, Any] = {key: settings[name] for key, name in named.items() if settings[name]}
    found |= {key: value for key, value in settings["OPTIONS"].items() if key not in _NOT_OURS}
    # A peer that vanished without a word (a failed-over server) is noticed within half a minute.
    keepalive = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "connect_timeout": 5}
    return {**keepalive, **found, "application_name": f"maru {role}"}


def make_pool() -> AsyncConnectionPool[Connection]:
    """Readers; none is held while nobody looks at a live page."""
    return AsyncConnectionPool(
        kwargs=parameters("live"),
        min_size=0,
        max_size=READERS,
        max_idle=60,
        timeout=5,
        reconnect_timeout=5,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )


async def listen_connection() -> Connection:
    """A connection of its own for LISTEN; it must never come from a pool."""
    return await AsyncConnection.connect(**parameters("listen"), autocommit=True)


@asynccontextmanager
async def tenant_reading(pool: AsyncConnectionPool[Connection], organization_id: int) -> AsyncIterator[Connection]:
    """A transaction that sees one organization, as row-level security demands."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("select set_config('maru.organization_id', %s, true)", [str(organization_id)])
        yield connection
