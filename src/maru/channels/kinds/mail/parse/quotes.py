"""Parting a reply from what it quotes and from its signature, in plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from maru.channels.kinds.mail.parse import marks
from maru.channels.kinds.mail.parse.addresses import parse as parse_addresses
from maru.channels.kinds.mail.parse.model import Address

_MAX_LINES = 20_000


@dataclass(slots=True)
class Split:
    """`visible` is the reply alone, `quoted` older text, `signature` what closes the reply."""

    visible: str
    quoted: str = ""
    signature: str = ""


def split_text(text: str, forwarded: bool = False) -> Split:
    """Parts the plain text of a mail. With `forwarded` only the signature above the forwarded mail is looked for.

    When nothing would stay visible, everything is: a mail must never look empty because of this.
    """
    lines = text.split("\n")
    if forwarded or len(lines) > _MAX_LINES:
        return Split(text.strip("\n"))
    quoted = [False] * len(lines)
    end = _cut(lines)
    _mark_quotes(lines, quoted, end)
    visible = [line for index, line in enumerate(lines[:end]) if not quoted[index]]
    folded = [line for index, line in enumerate(lines) if index >= end or quoted[index]]
    visible, signature = _signature(visible)
    shown = _tidy(visible)
    if not shown:
        shown = _tidy(signature)
        signature = []
    if not shown:
        return Split(text.strip("\n"))
    return Split(shown, _tidy(folded), _tidy(signature))


def _tidy(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")


def _cut(lines: list[str]) -> int:
    """Index of the first line from which everything is an old mail, len(lines) when there is none."""
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        if marks.SEPARATOR.match(line) and _headers_follow(lines, index + 1, 1 if line.strip("-_ ") else 3):
            return index
        if (
            marks.SEPARATOR.match(line)
            and line.strip("-_=─―━ >")
            and any(later.strip() for later in lines[index + 1 :])
        ):
            return index
        found = marks.header_line(line)
        if found and found[0] == "from" and _headers_follow(lines, index, 3):
            return _above(lines, index)
        if found and found[0] in ("date", "subject", "to") and _headers_follow(lines, index, 4):
            return _above(lines, index)
        joined = _attribution_at(lines, index)
        if joined and _unquoted_tail(lines, index + joined):
            return index
    return len(lines)


def _above(lines: list[str], index: int) -> int:
    """Takes a rule of dashes or underscores directly above the block along."""
    before = index - 1
    while before >= 0 and not lines[before].strip():
        before -= 1
    return before if before >= 0 and re.fullmatch(r"[\s>]*[-_─━=]{3,}\s*", lines[before]) else index


def _headers_follow(lines: list[str], start: int, least: int) -> bool:
    """Whether `least` different labels of a header block, one of them the sender, follow within a few lines."""
    seen: set[str] = set()
    misses = 0
    for line in lines[start : start + 14]:
        if not line.strip("> \t"):
            misses += 0 if not seen else 1
        else:
            found = marks.header_line(line)
            if found:
                seen.add(found[0])
            elif seen:
                misses += 1
        if misses > 2:
            break
    return len(seen) >= least and "from" in seen and (least == 1 or bool(seen & {"date", "subject"}))


def _attribution_at(lines: list[str], index: int) -> int:
    """How many lines (1-3) the attribution starting here takes, 0 when there is none."""
    line = lines[index].strip()
    if not line or len(line) > 400:
        return 0
    joined = line
    for count in range(1, 4):
        if marks.is_attribution(joined):
            # A sentence above must not be swallowed: only the first line may start the attribution.
            return count
        if index + count >= len(lines) or not lines[index + count].strip() or len(joined) > 300:
            return 0
        if count == 1 and not _may_start(line):
            return 0
        joined = f"{joined} {lines[index + count].strip('> ')}"
    return 0


def _may_start(line: str) -> bool:
    return bool(
        re.match(r"[>\s]*(?:on\s|le\s|am\s|el\s|\(?\d{1,4}\s*[./년年-]|\d{1,2}\s|[A-Za-z]{3},?\s)", line, re.IGNORECASE)
    )


def _unquoted_tail(lines: list[str], start: int) -> bool:
    """After an attribution: True when the old mail follows without ">" marks, so that all the rest is quoted."""
    following = [line for line in lines[start : start + 400] if line.strip()]
    return not any(line.lstrip().startswith((">", "＞", "|")) for line in following[:3])


def _mark_quotes(lines: list[str], quoted: list[bool], end: int) -> None:
    index = 0
    while index < end:
        line = lines[index].lstrip()
        if line.startswith((">", "＞")) and not line.startswith(">:"):
            quoted[index] = True
        elif line:
            count = _attribution_at(lines, index)
            following = next((later.lstrip() for later in lines[index + count : end] if later.strip()), ">")
            if count and following.startswith((">", "＞", "|")):
                for offset in range(count):
                    quoted[index + offset] = True
                index += count
                continue
        index += 1


def _signature(lines: list[str]) -> tuple[list[str], list[str]]:
    """Cuts "-- ", phone footers and ruled contact boxes off the end."""
    lines = list(lines)
    signature: list[str] = []
    while lines and not lines[-1].strip():
        lines.pop()
    for index in range(len(lines) - 1, max(-1, len(lines) - 30), -1):
        if marks.DELIMITER.match(lines[index]):
            lines, signature = lines[:index], lines[index:]
            break
    while lines and (not lines[-1].strip() or marks.MOBILE.match(lines[-1])):
        signature.insert(0, lines.pop())
    box = _box(lines)
    if box is not None:
        lines, signature = lines[:box], lines[box:] + signature
        while lines and (not lines[-1].strip() or marks.MOBILE.match(lines[-1])):
            signature.insert(0, lines.pop())
    return lines, signature if any(line.strip() for line in signature) else []


def _box(lines: list[str]) -> int | None:
    """Start of a ruled box with ways of contact that ends the mail."""
    rules = [index for index in range(max(0, len(lines) - 16), len(lines)) if marks.RULE.match(lines[index])]
    for index in rules:
        inside = [line for line in lines[index + 1 :] if line.strip() and not marks.RULE.match(line)]
        if 1 <= len(inside) <= 12 and sum(bool(marks.CONTACT.search(line)) for line in inside) >= 2:
            return index
    return None


def forwarded_sender(text: str, subject: str) -> Address | None:
    """The original sender named in a forwarded mail, None when this is not a forward.

    A claim only: whoever uses it asks staff first (anybody can write such a block).
    """
    lines = text.split("\n")[:2000]
    start = next((index for index, line in enumerate(lines) if marks.FORWARD.match(line)), None)
    if start is None:
        if not marks.SUBJECT_FORWARD.match(subject):
            return None
        start = next(
            (index for index, line in enumerate(lines) if _is_from(line) and _headers_follow(lines, index, 3)), None
        )
        if start is None:
            return None
        start -= 1
    for line in lines[start + 1 : start + 12]:
        if _is_from(line):
            found = marks.header_line(line)
            value = re.sub(r"\[mailto:([^\]\s]+)\]", r"<\1>", found[1] if found else "")
            value = re.sub(r"<mailto:[^>]*>", "", value)
            addresses = [address for address in parse_addresses(value[:1000]).addresses if address.address]
            return addresses[0] if addresses else None
    return None


def _is_from(line: str) -> bool:
    found = marks.header_line(line)
    return found is not None and found[0] == "from" and "@" in found[1]
