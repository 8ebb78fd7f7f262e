"""One organization's pages in this process: a cursor into its log, and who listens."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Iterable

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from maru.notifications.live.database import Connection, tenant_reading
from maru.notifications.live.reading import Batch, Delivery, newest, read_batch, read_presence
from maru.notifications.live.rights import Listener

QUEUE = 500
BATCH = 500
# Notifications can be lost with their connection; a look now and then costs one index probe.
SAFETY_SECONDS = 20.0
DATABASE_TROUBLE = (psycopg.Error, PoolTimeout, OSError)

log = logging.getLogger("maru.live")


class Subscriber:
    """One open page (or one browser with several). It is cut when it does not keep up or may no longer listen."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.queue: deque[Delivery] = deque()
        self.wake = asyncio.Event()
        self.is_cut = False
        self.position = 0

    def put(self, deliveries: Iterable[Delivery], position: int) -> None:
        """Queue what suits this listener; a full queue cuts the page, which then resumes by number."""
        for delivery in deliveries:
            if delivery.suits(self.listener.member_id, self.listener.permissions):
                self.queue.append(delivery)
        self.position = max(self.position, position)
        if len(self.queue) > QUEUE:
            self.cut()
        elif self.queue:
            self.wake.set()

    def cut(self) -> None:
        self.is_cut = True
        self.queue.clear()
        self.wake.set()


class Feed:
    """Reads new rows of one organization's log when told to, and hands them to its subscribers in order."""

    def __init__(self, organization_id: int, pool: AsyncConnectionPool[Connection]) -> None:
        self.organization_id = organization_id
        self.subscribers: set[Subscriber] = set()
        self._pool = pool
        self._cursor: int | None = None
        self._changed = asyncio.Event()
        self._starting = asyncio.Lock()
        self._visited: set[int] = set()
        self._expiries: dict[int, float] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Set the cursor; a subscriber that reads the log after this misses nothing. Raises psycopg errors."""
        async with self._starting:
            if self._cursor is None:
                async with tenant_reading(self._pool, self.organization_id) as connection:
                    self._cursor = await newest(connection, self.organization_id)
                self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def poke(self) -> None:
        """Something was committed, or may have been."""
        self._changed.set()

    def visit(self, ticket_id: int) -> None:
        """Somebody came to a ticket, left it, or began to type."""
        self._visited.add(ticket_id)
        self._changed.set()

    async def read(self, after: int, limit: int) -> Batch:
        async with tenant_reading(self._pool, self.organization_id) as connection:
            return await read_batch(connection, self.organization_id, after, limit)

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._patience())
            self._changed.clear()
            try:
                await self._advance()
                await self._look_around()
            except DATABASE_TROUBLE as error:
                log.warning("Live pages of organization %s wait: %s", self.organization_id, type(error).__name__)
                self._changed.set()
                await asyncio.sleep(0.5)
            except Exception:
                # One event that cannot be told must not silence all that follow.
                log.exception("Live pages of organization %s start over", self.organization_id)
                await self._start_over()

    def _patience(self) -> float:
        soonest = min(self._expiries.values(), default=float("inf")) - time.monotonic()
        return max(0.05, min(SAFETY_SECONDS, soonest))

    async def _advance(self) -> None:
        while True:
            batch = await self.read(self._cursor or 0, BATCH)
            if not batch.rows:
                return
            self._cursor = batch.last
            self._tell(batch.deliveries)
            if batch.rows < BATCH:
                return

    async def _look_around(self) -> None:
        now = time.monotonic()
        tickets = self._visited | {ticket for ticket, moment in self._expiries.items() if moment <= now}
        if not tickets:
            return
        # Forgotten before reading: whoever comes while it reads must be looked at again.
        self._visited -= tickets
        try:
            async with tenant_reading(self._pool, self.organization_id) as connection:
                present = await read_presence(connection, self.organization_id, sorted(tickets))
        except DATABASE_TROUBLE:
            self._visited |= tickets
            raise
        for ticket in tickets:
            self._expiries.pop(ticket, None)
        for ticket, found in present.items():
            if found.seconds is not None:
                self._expiries[ticket] = time.monotonic() + found.seconds + 0.1
        self._tell([delivery for found in present.values() for delivery in found.deliveries])

    def _tell(self, deliveries: list[Delivery]) -> None:
        for subscriber in tuple(self.subscribers):
            subscriber.put(deliveries, self._cursor or 0)

    async def _start_over(self) -> None:
        self._visited.clear()
        self._expiries.clear()
        await asyncio.sleep(1)
        with contextlib.suppress(*DATABASE_TROUBLE):
            async with tenant_reading(self._pool, self.organization_id) as connection:
                self._cursor = await newest(connection, self.organization_id)
        for subscriber in tuple(self.subscribers):
            subscriber.cut()
