"""Address lists: a linear scanner that never raises and tells what was odd.

`From: victim@bank.com <evil@x.com>` must not read as victim@bank.com; nesting and quoting must not cost stack or time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from maru.channels.kinds.mail.parse.headers import decode_words
from maru.channels.kinds.mail.parse.model import Address
from maru.core.html.invisible import one_line, strip_invisible

_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)*[^\W_](?:[\w-]{0,61}[^\W_])?")
_NAME = 100


@dataclass(slots=True)
class Mailboxes:
    """Addresses found and everything odd about the header."""

    addresses: list[Address] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Piece:
    """One entry of the list while it is read."""

    phrase: list[str] = field(default_factory=list)
    angle: str | None = None
    bare_at: bool = False
    quoted: bool = False
    comment: list[str] = field(default_factory=list)
    after: bool = False


def parse(line: str) -> Mailboxes:
    """Addresses of an unfolded header whose encoded words are still encoded."""
    found = Mailboxes()
    piece = _Piece()
    position, length = 0, len(line)
    while position < length:
        char = line[position]
        if char == '"':
            content, position, closed = _quoted(line, position)
            if not closed:
                found.defects.append("unclosed quote")
            _add(piece, content, found, quoted=True)
        elif char == "(":
            content, position, closed = _comment(line, position)
            if not closed:
                found.defects.append("unclosed comment")
            piece.comment.append(content)
        elif char == "<":
            end = line.find(">", position)
            if end < 0:
                found.defects.append("unclosed bracket")
            if piece.angle is not None:
                found.defects.append("two addresses in one entry")
            piece.angle = line[position + 1 : end if end >= 0 else length]
            position = (end if end >= 0 else length) + 1
        elif char in ",;":
            _finish(piece, found)
            piece = _Piece()
            position += 1
        elif char == ":" and piece.angle is None and not piece.bare_at:
            # The name of a group ("undisclosed-recipients:;").
            found.defects.append("group")
            piece = _Piece()
            position += 1
        else:
            end = position + 1
            while end < length and line[end] not in '"(<,;:':
                end += 1
            _add(piece, line[position:end], found, quoted=False)
            position = end
    _finish(piece, found)
    return found


def _quoted(line: str, start: int) -> tuple[str, int, bool]:
    out: list[str] = []
    position = start + 1
    while position < len(line):
        char = line[position]
        if char == "\\" and position + 1 < len(line):
            out.append(line[position + 1])
            position += 2
        elif char == '"':
            return "".join(out), position + 1, True
        else:
            out.append(char)
            position += 1
    return "".join(out), position, False


def _comment(line: str, start: int) -> tuple[str, int, bool]:
    depth = 0
    position = start
    while position < len(line):
        char = line[position]
        if char == "\\":
            position += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return line[start + 1 : position], position + 1, True
        position += 1
    return line[start + 1 :], position, False


def _add(piece: _Piece, content: str, found: Mailboxes, quoted: bool) -> None:
    if piece.angle is not None:
        if content.strip():
            found.defects.append("text behind the address")
        return
    if not quoted and "@" in content and "=?" not in content:
        piece.bare_at = True
    piece.quoted = piece.quoted or quoted
    piece.phrase.append(content)


def _finish(piece: _Piece, found: Mailboxes) -> None:
    phrase = "".join(piece.phrase).strip()
    if piece.angle is None and not phrase:
        return
    if piece.angle is not None:
        address = piece.angle.strip()
        if "(" in address:
            found.defects.append("comment in the address")
            address = re.sub(r"\([^()]*\)", "", address).strip()
        if address.startswith("@") and ":" in address:
            found.defects.append("source route")
            address = address.rpartition(":")[2]
        if piece.bare_at:
            found.defects.append("address in the name")
        name = decode_words(phrase)
    else:
        address, name = phrase, decode_words(" ".join(piece.comment))
        if piece.quoted:
            found.defects.append("quoted local part")
        if " " in address:
            candidates = [word for word in address.split() if word.count("@") == 1]
            found.defects.append("bare words")
            address, name = (candidates[-1], name) if candidates else ("", decode_words(phrase))
    _take(address, name, found)


def _take(address: str, name: str, found: Mailboxes) -> None:
    clean = strip_invisible(address).strip().strip("'\"")
    if clean != address:
        found.defects.append("odd characters in the address")
    name = one_line(name, _NAME).strip("'\" ")
    local, at, domain = clean.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(clean) > 254 or "=?" in clean:
        found.defects.append("no valid address")
        if name or clean:
            found.addresses.append(Address(name or one_line(decode_words(clean), _NAME), ""))
        return
    if "@" in name and name.lower() != clean.lower():
        found.defects.append("another address in the name")
    found.addresses.append(Address(name, f"{local}@{domain.rstrip('.').lower()}"))
