"""Server-sent events as bytes (WHATWG HTML, section 9.2)."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Frame:
    """One message for a page; what it is stands in ``kind``, so that a new kind needs nothing new in the browser.

    ``number`` is the row of the log it came from; ``None`` when it is not in the log.
    """

    kind: str
    data: dict[str, Any]
    number: int | None = None

    def encoded(self) -> bytes:
        text = json.dumps({"kind": self.kind, **self.data}, ensure_ascii=False, separators=(",", ":"))
        # The one message that every page must understand has a name of its own.
        name = f"event: {RESYNC}\n" if self.kind == RESYNC else ""
        number = "" if self.number is None else f"id: {self.number}\n"
        return f"{number}{name}data: {text}\n\n".encode()

    def as_json(self) -> dict[str, Any]:
        """The same for pages that poll."""
        return {"kind": self.kind, **self.data} | ({} if self.number is None else {"id": self.number})


def retry(milliseconds: int) -> bytes:
    """How long a page waits before it connects again; spread, so that a restart is not followed by a storm."""
    return b"retry: %d\n\n" % (milliseconds + secrets.randbelow(milliseconds))


def beat(number: int) -> bytes:
    """A sign of life that also moves the page's number over events it was not told of."""
    return b": beat\nid: %d\n\n" % number
