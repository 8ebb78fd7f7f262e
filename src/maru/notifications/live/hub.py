"""All streams of this process: one listening connection, one feed for each organization, one check of rights."""

import asyncio
import contextlib
import logging
import secrets
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection

from maru.core.events import EVENT_CHANNEL
from maru.notifications.live.database import Connection, listen_connection, make_pool
from maru.notifications.live.feed import DATABASE_TROUBLE, Feed, Subscriber
from maru.notifications.live.rights import Key, Listener, marks

PRESENCE_CHANNEL = "maru_presence"
STREAMS_PER_ACCOUNT = 20
CHECK_SECONDS = 3.0
# Without the database nothing can be read either, but rights unknown for this long end every stream.
BLIND_SECONDS = 15.0
CHECK_CHUNK = 1000

Handler = Callable[[int, FrameType | None], Any]

log = logging.getLogger("maru.live")


class Crowded(Exception):
    """The account has too many streams open in this process."""


class Hub:
    def __init__(self) -> None:
        self.pool = make_pool()
        self._feeds: dict[int, Feed] = {}
        self._streams: Counter[int] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._opening = asyncio.Lock()
        self._is_open = False

    async def open(self) -> None:
        """Start what runs for the life of the process; called by the first stream."""
        async with self._opening:
            if not self._is_open:
                await self.pool.open(wait=False)
                self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._check())]
                self._end_with_process()
                self._is_open = True

    def _end_with_process(self) -> None:
        """End all streams as soon as the process is asked to stop: a server waits for what is still being answered.

        The event loop's own handlers of these signals hang on its wake-up descriptor and stay as they are.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError):  # not in the main thread: nobody can be told there
                before = signal.getsignal(number)
                signal.signal(number, self._stopper(loop, before if callable(before) else None))

    def _stopper(self, loop: asyncio.AbstractEventLoop, before: Handler | None) -> Handler:
        def stop(number: int, frame: FrameType | None) -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._cut_all)
            if before is not None:
                before(number, frame)

        return stop

    def _cut_all(self) -> None:
        for subscriber in self._subscribers():
            subscriber.cut()

    async def close(self) -> None:
        """End every stream and give back all connections."""
        self._cut_all()
        for feed in self._feeds.values():
            feed.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.pool.close(timeout=2)

    @asynccontextmanager
    async def subscribed(self, listener: Listener) -> AsyncIterator[Subscriber]:
        """Listen to an organization; the log read after entering joins what is queued without a gap.

        Raises :class:`Crowded` and psycopg errors.
        """
        account = listener.key.account_id
        if self._streams[account] >= STREAMS_PER_ACCOUNT:
            raise Crowded
        self._streams[account] += 1
        subscriber = Subscriber(listener)
        organization_id = listener.key.organization_id
        feed = self._feeds.setdefault(organization_id, Feed(organization_id, self.pool))
        feed.subscribers.add(subscriber)
        try:
            await feed.start()
            yield subscriber
        finally:
            self._streams[account] -= 1
            self._streams += Counter()  # drops zeros
            feed.subscribers.discard(subscriber)
            if not feed.subscribers and self._feeds.get(organization_id) is feed:
                del self._feeds[organization_id]
                feed.stop()

    def _subscribers(self) -> list[Subscriber]:
        return [subscriber for feed in self._feeds.values() for subscriber in feed.subscribers]

    async def _listen(self) -> None:
        wait = 0.2
        while True:
            try:
                connection = await listen_connection()
                async with connection:
                    await connection.execute(f"listen {EVENT_CHANNEL}")
                    await connection.execute(f"listen {PRESENCE_CHANNEL}")
                    wait = 0.2
                    # What was committed while nobody listened is in the log all the same.
                    for feed in self._feeds.values():
                        feed.poke()
                    await self._hear(connection)
            except DATABASE_TROUBLE as error:
                log.warning("Listening to the database again after %s", type(error).__name__)
            await asyncio.sleep(wait * (0.8 + secrets.randbelow(400) / 1000))
            wait = min(wait * 2, 5.0)

    async def _hear(self, connection: Connection) -> None:
        while True:
            async for notification in connection.notifies(timeout=20):
                self._heard(notification.channel, notification.payload)
            await AsyncConnection.execute(connection, "select 1")

    def _heard(self, channel: str, payload: str) -> None:
        organization, _, ticket = payload.partition(":")
        feed = self._feeds.get(int(organization)) if organization.isdigit() else None
        if feed is None:
            return
        if channel == EVENT_CHANNEL:
            feed.poke()
        elif ticket.isdigit():
            feed.visit(int(ticket))

    async def _check(self) -> None:
        """Cut off, within seconds, whoever may no longer listen as he did when he came."""
        seen = time.monotonic()
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            subscribers = self._subscribers()
            try:
                known = await self._marks({subscriber.listener.key for subscriber in subscribers})
                seen = time.monotonic()
            except DATABASE_TROUBLE as error:
                log.warning("Rights of live pages could not be checked: %s", type(error).__name__)
                if time.monotonic() - seen < BLIND_SECONDS:
                    continue
                known = {}
            for subscriber in subscribers:
                if known.get(subscriber.listener.key) != subscriber.listener.mark:
                    subscriber.cut()

    async def _marks(self, keys: set[Key]) -> dict[Key, bytes]:
        ordered = list(keys)
        known: dict[Key, bytes] = {}
        for start in range(0, len(ordered), CHECK_CHUNK):
            async with self.pool.connection() as connection:
                known |= await marks(connection, ordered[start : start + CHECK_CHUNK])
        return known


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


async def current_hub() -> Hub:
    """The hub of the running event loop, opened."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub()
    await hub.open()
    return hub


async def close_current_hub() -> None:
    hub = _hubs.pop(asyncio.get_running_loop(), None)
    if hub is not None:
        with contextlib.suppress(*DATABASE_TROUBLE):
            await hub.close()
