"""Getting pictures from elsewhere for readers: by our own server, through the guarded door, drawn anew.

The sender's server sees this house and never the reader: no cookies, no referrer, no address, not when he reads.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from maru.core.outbound import Call, OutboundError, call
from maru.core.pictures import Drawer

log = logging.getLogger("maru.tickets")

MOST_BYTES = 5 * 1024 * 1024
SECONDS = 8.0
ALL_SECONDS = 25.0
AT_ONCE = 4
_HEADERS = {
    "Accept": "image/webp,image/png,image/jpeg,image/gif;q=0.9,*/*;q=0.1",
    "User-Agent": "Mozilla/5.0 (compatible; Maru pictures)",
}


def fetch(addresses: Mapping[str, str]) -> Iterator[tuple[str, bytes | None]]:
    """Fetches the addresses, each under its key; yields key and picture (WebP), ``None`` for what could not be had.

    Four at a time, 5 MB and 8 s each, 25 s in all: what is later is not had.
    """
    until = time.monotonic() + ALL_SECONDS
    with Drawer() as drawer, ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pictures") as workers:
        running = {workers.submit(_one, address, until, drawer): key for key, address in addresses.items()}
        for done in as_completed(running):
            yield running[done], done.result()


def _one(address: str, until: float, drawer: Drawer) -> bytes | None:
    left = min(SECONDS, until - time.monotonic())
    if left <= 0:
        return None
    try:
        answer = call(Call("GET", address, _HEADERS, redirects=3, most_bytes=MOST_BYTES, seconds=left))
        return drawer.draw(answer.body) if answer.status == 200 and answer.body else None
    except OutboundError:
        return None
    except Exception:
        # Addresses are strangers' words: whatever one of them sets off must not cost the reader all the others.
        log.exception("a picture could not be fetched")
        return None
