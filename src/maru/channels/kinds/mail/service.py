"""`maru mail`: the SMTP door, the outside mailboxes, the readers and the deliverer, in one process until told to stop."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from maru.channels.kinds.mail.delivery import Deliverer
from maru.channels.kinds.mail.imap import Watchers
from maru.channels.kinds.mail.parse import ParserPool
from maru.channels.kinds.mail.processing import Processor
from maru.channels.kinds.mail.smtp import Handler, make_server, peers_of_environment, tls_context

log = logging.getLogger("maru.mail")

READERS = 2
DATABASE_THREADS = 4


def main() -> None:
    """Runs until SIGTERM or SIGINT; what is in hand is finished first. Raises OSError when the port is taken."""
    pool = ParserPool(READERS)
    processor = Processor(pool, READERS)
    deliverer = Deliverer()
    watchers = Watchers(processor.wake)
    threads = [_thread(work, name) for work, name in _works(processor, deliverer, watchers)]
    try:
        asyncio.run(_serve(processor.wake, threads))
    finally:
        for part in (watchers, processor, deliverer):
            part.stop()
        for thread in threads:
            thread.join(timeout=15)
        pool.close()


def _works(processor: Processor, deliverer: Deliverer, watchers: Watchers) -> list[tuple[Callable[[], None], str]]:
    return [(processor.run, "intake"), (deliverer.run, "delivery"), (watchers.run, "mailboxes")]


def _thread(work: Callable[[], None], name: str) -> threading.Thread:
    return threading.Thread(target=work, name=name, daemon=True)


async def _serve(stored: Callable[[], None], threads: list[threading.Thread]) -> None:
    """Opens the door first: a port that is taken must be said before anything else happens."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    environment = settings.ENVIRONMENT
    tls = tls_context()
    with ThreadPoolExecutor(DATABASE_THREADS, thread_name_prefix="smtp") as executor:
        handler, peers = Handler(executor, stored), peers_of_environment()
        server = await loop.create_server(
            lambda: make_server(handler, peers, loop, tls), environment.smtp_host, environment.smtp_port, backlog=256
        )
        log.info("mail is taken in on %s:%s", environment.smtp_host, environment.smtp_port)
        for thread in threads:
            thread.start()
        async with server:
            await stopping.wait()
            server.close()
