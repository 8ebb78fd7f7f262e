"""A scan of the raw bytes before anything reads the mail: what is over a limit goes to quarantine unread."""

from __future__ import annotations

import re

from maru.channels.kinds.mail.parse.model import Quarantine

MAX_SIZE = 35 * 1024 * 1024
MAX_PARTS = 200
MAX_DEPTH = 20
MAX_HEADERS = 200
MAX_HEADER = 64 * 1024
MAX_RECIPIENTS = 50
MAX_ATTACHMENTS = 100

_BOUNDARY = re.compile(rb"boundary\s*=\s*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")
_HEADER = re.compile(rb"(?m)^[!-9;-~]+[ \t]*:")
_TO = re.compile(rb"(?im)^(?:to|cc|bcc)[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)")


def scan(raw: bytes) -> Quarantine | None:
    """Looks at sizes and counts only, in linear time.

    Returns why the mail must not be read, or None. Limits: 35 MB, 200 parts, 200 headers, 64 KB in one header,
    50 recipients; nesting and attachments are counted again while reading.
    """
    if len(raw) > MAX_SIZE:
        return Quarantine("too_large", f"{len(raw)} bytes")
    if not raw.strip(b"\r\n\t \0"):
        return Quarantine("empty")
    end = _END_OF_HEADERS.search(raw)
    head = raw[: end.start()] if end else raw[: 1024 * 1024]
    headers = [match.start() for match in _HEADER.finditer(head)]
    if len(headers) > MAX_HEADERS:
        return Quarantine("too_many_headers", str(len(headers)))
    longest = max(
        (after - before for before, after in zip(headers, [*headers[1:], len(head)], strict=False)), default=0
    )
    if longest > MAX_HEADER:
        return Quarantine("header_too_long", f"{longest} bytes")
    recipients = sum(match[1].count(b"@") for match in _TO.finditer(head))
    if recipients > MAX_RECIPIENTS * 2:
        # Display names may hold an "@"; the exact count follows while reading.
        return Quarantine("too_many_recipients", str(recipients))
    return _parts(raw)


def _parts(raw: bytes) -> Quarantine | None:
    seen = {match[1] or match[2] for match in _BOUNDARY.finditer(raw)}
    if len(seen) > MAX_PARTS:
        return Quarantine("too_many_parts", str(len(seen)))
    if not seen:
        return None
    lines = re.compile(rb"(?m)^--(?:" + b"|".join(re.escape(boundary) for boundary in seen) + rb")")
    for parts, _ in enumerate(lines.finditer(raw), 1):
        if parts > MAX_PARTS + len(seen):
            return Quarantine("too_many_parts", f"more than {MAX_PARTS}")
    return None
