"""Headers: encoded words (RFC 2047), parameters (RFC 2231), identifiers, dates. All in linear time."""

from __future__ import annotations

import quopri
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from urllib.parse import unquote_to_bytes

from maru.channels.kinds.mail.parse.charsets import codec_name, decode
from maru.channels.kinds.mail.parse.structure import decode_base64

_WORD = re.compile(r"=\?([A-Za-z0-9_.:+*-]{1,60})\?([BbQq])\?([^?]*(?:\?(?!=)[^?]*){0,50})\?=")
_ID = re.compile(r"<([^<>\s]{1,990})>")
_PARAMETER = re.compile(r";\s*([^\s=;\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"?|([^;]*))", re.DOTALL)
_EXTENDED = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*)?)?$")


def raw_text(value: bytes) -> str:
    """A header's bytes as text, unfolded, encoded words left as they are; raw 8-bit is guessed."""
    value = re.sub(rb"\r?\n[ \t]*|\r", b" ", value).replace(b"\0", b"").strip()
    return value.decode("ascii") if value.isascii() and b"\x1b" not in value else decode(value)[0]


def text(value: bytes) -> str:
    """A header for people: unfolded, encoded words decoded."""
    return decode_words(raw_text(value))


def decode_words(value: str) -> str:
    """Decodes RFC 2047 words; neighbours of one charset are joined as bytes, for mailers cut inside a character."""
    out: list[str] = []
    pending: list[tuple[str, str, str]] = []
    last = 0
    for match in _WORD.finditer(value):
        between = value[last : match.start()]
        if pending and between.strip():
            out.append(_words(pending))
            pending = []
        if not pending or between.strip():
            out.append(between)
        pending.append((match[1].split("*")[0], match[2].lower(), match[3]))
        last = match.end()
    if pending:
        out.append(_words(pending))
    out.append(value[last:])
    return "".join(out)


def _words(words: list[tuple[str, str, str]]) -> str:
    """Text of neighbouring encoded words."""
    out: list[str] = []
    charset, data, unfinished = "", b"", ""
    for index, (label, kind, content) in enumerate(words):
        if data and codec_name(label) != codec_name(charset):
            out.append(decode(data, charset)[0])
            data = b""
        charset = label
        if kind == "q":
            data += quopri.decodestring(content.replace(" ", "=20").encode("utf-8", "ignore"), header=True)
            continue
        bare = (unfinished + content).replace(" ", "").rstrip("=")
        # Some mailers cut the base64 text itself anywhere: what is over is put before the next word.
        whole = content.endswith("=") or index == len(words) - 1
        cut = len(bare) if whole else len(bare) - len(bare) % 4
        unfinished = bare[cut:]
        data += decode_base64(bare[:cut].encode("ascii", "ignore"))
    out.append(decode(data, charset)[0])
    return "".join(out)


def parameters(value: bytes) -> tuple[str, dict[str, str]]:
    """Value and parameters of Content-Type or Content-Disposition: RFC 2231, encoded words and raw 8-bit alike."""
    line = raw_text(value)
    main, _, _ = line.partition(";")
    simple: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(line, 0, 64 * 1024):
        name = match[1].lower()
        content = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3].strip().strip('"')
        split = _EXTENDED.match(name)
        if split is None:
            simple.setdefault(name, content)
            continue
        number = int(split[2] or 0)
        coded = bool(split[3]) if split[2] else True
        extended.setdefault(split[1], {}).setdefault(number, (content, coded))
    found = {name: decode_words(content) for name, content in simple.items()}
    for name, pieces in extended.items():
        found[name] = _rfc2231(pieces)
    return main.strip(), found


def _rfc2231(pieces: dict[int, tuple[str, bool]]) -> str:
    charset, data = "", b""
    for index, number in enumerate(sorted(pieces)):
        content, coded = pieces[number]
        if index == 0 and coded and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        data += unquote_to_bytes(content) if coded else content.encode("utf-8", "ignore")
    decoded = decode(data, charset or "utf-8")[0]
    return decode_words(decoded)


def identifiers(value: bytes) -> list[str]:
    """Message identifiers of Message-ID, In-Reply-To or References, without angle brackets, at most 100."""
    line = raw_text(value)
    found = _ID.findall(line)
    if not found:
        # Brackets forgotten: words that look like an identifier.
        found = [word.strip("<>,;\"'") for word in line.split() if "@" in word and len(word) < 990]
    return found[-100:]


def date(value: bytes) -> str:
    """The Date header as ISO 8601 in UTC, "" when it cannot be read or lies outside 1980-2100."""
    line = raw_text(value)[:200]
    try:
        parts = parsedate_tz(line)
        if parts is None:
            return ""
        when = datetime(*parts[:6], tzinfo=timezone(timedelta(seconds=parts[9] or 0)))
        when = when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
    return when.isoformat() if 1980 <= when.year < 2100 else ""
