"""Finding the quotation inside the HTML of a reply, by the marks that mail programs leave."""

from __future__ import annotations

import re
from collections.abc import Sequence

from maru.channels.kinds.mail.parse import marks
from maru.core.html.text import html_to_text
from maru.core.html.tokens import CLOSE, OPEN, TEXT, VOID, Token, attributes, tokenise

#: Classes and ids of elements that hold nothing but the quotation.
_ELEMENT_CLASS = re.compile(
    r"(?:^|\s)(?:gmail_quote(?:_container)?|gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|tutanota_quote|zmail_extra"
    r"|moz-email-headers-table|quote_original|mail_original|original_mail|ms-outlook-mobile-reference-message|naver_quote"
    r"|x_?gmail_quote|ecxgmail_quote|skiff-quote|hey_quote|iscwp-quote)(?:\s|$)",
    re.IGNORECASE,
)
#: From here to the end of the mail.
_TAIL = re.compile(
    r"^(?:x_)?(?:divRplyFwdMsg|appendonsend|mail-editor-reference-message-container|stopSpelling|zwchr|OLK_SRC_BODY_SECTION"
    r"|lineBreakAtBeginningOfMessage-never|reply-intro|composer_quote)$",
    re.IGNORECASE,
)
_TAIL_CLASS = re.compile(r"(?:^|\s)(?:OutlookMessageHeader|gmail_extra_header|origin_mail_header)(?:\s|$)")
_BORDER = re.compile(
    r"border(?:-top)?\s*:\s*(?:solid\s+#?\w+\s+1|none;\s*border-top\s*:\s*solid)|border-top-style\s*:\s*solid|border-top\s*:\s*(?:solid|1px|#)",
    re.IGNORECASE,
)
_BR = re.compile(r"(?i)<br\b")


def quoted_ranges(html: str, tokens: Sequence[Token] | None = None) -> list[tuple[int, int]]:
    """Ranges of the source that are quotation, in order and not overlapping; [] when none is found."""
    tokens = tokenise(html) if tokens is None else tokens
    ranges: list[tuple[int, int]] = []
    skip_until = 0
    for index, token in enumerate(tokens):
        if token.start < skip_until:
            continue
        if token.kind == OPEN:
            end = _by_element(html, tokens, index)
            if end:
                start = _attribution_before(html, tokens, index) if token.name == "blockquote" else token.start
                ranges.append((start, end))
                skip_until = end
        elif token.kind == TEXT and _tail_text(html, tokens, index):
            ranges.append((token.start, _end(html)))
            break
    return _merged(ranges)


def without(html: str, ranges: Sequence[tuple[int, int]]) -> str:
    """The HTML outside the ranges; nh3 closes what stays open."""
    out: list[str] = []
    last = 0
    for start, end in ranges:
        out.append(html[last:start])
        last = end
    out.append(html[last:])
    return "".join(out)


def within(html: str, ranges: Sequence[tuple[int, int]]) -> str:
    """The HTML inside the ranges."""
    return "".join(html[start:end] for start, end in ranges)


def _end(html: str) -> int:
    return len(html)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _by_element(html: str, tokens: Sequence[Token], index: int) -> int:
    """Where the quotation that starts with this element ends, 0 when it is none."""
    token = tokens[index]
    if token.end - token.start <= len(token.name) + 3:
        return _close(html, tokens, index) if token.name == "blockquote" and _introduced(html, tokens, index) else 0
    found = attributes(html, token)
    name, identity = found.get("class", ""), found.get("id", "")
    if _TAIL.match(identity) or _TAIL_CLASS.search(name):
        return _end(html)
    if _ELEMENT_CLASS.search(name) or identity.startswith("yahoo_quoted") or identity == "isForwardContent":
        return _close(html, tokens, index)
    if token.name == "blockquote" and (
        found.get("type", "").lower() == "cite" or "cite" in found or _introduced(html, tokens, index)
    ):
        return _close(html, tokens, index)
    style = found.get("style", "")
    if (
        token.name in ("div", "table", "p")
        and "border" in style
        and _BORDER.search(style)
        and _header_block(html, token.end)
    ):
        return _end(html)
    if token.name == "hr" and _header_block(html, token.end):
        return _end(html)
    return 0


def _close(html: str, tokens: Sequence[Token], index: int) -> int:
    """Offset behind the end tag that belongs to the opening tag at `index`."""
    name, depth = tokens[index].name, 0
    if name in VOID:
        return tokens[index].end
    for token in tokens[index:]:
        if token.name != name:
            continue
        if token.kind == OPEN:
            depth += 1
        elif token.kind == CLOSE:
            depth -= 1
            if depth == 0:
                return token.end
    return _end(html)


def _header_block(html: str, start: int) -> bool:
    """Whether "From: … Sent: … Subject: …" stands directly behind, in any known language."""
    lines = [line for line in html_to_text(html[start : start + 6000], links=False).split("\n") if line.strip()][:8]
    seen = {found[0] for line in lines for found in [marks.header_line(line)] if found}
    first = marks.header_line(lines[0]) if lines else None
    return first is not None and "from" in seen and len(seen) >= 3


def _introduced(html: str, tokens: Sequence[Token], index: int) -> bool:
    return _attribution_before(html, tokens, index) < tokens[index].start


def _attribution_before(html: str, tokens: Sequence[Token], index: int) -> int:
    """Start of the words "On … wrote:" in front of the blockquote at `index`; the blockquote itself without them."""
    words: list[str] = []
    for back in range(index - 1, max(-1, index - 24), -1):
        token = tokens[back]
        if token.kind == TEXT:
            words.insert(0, html[token.start : token.end])
            line = html_to_text(" ".join(words), links=False).replace("\n", " ").strip()
            if marks.is_attribution(line) or (
                re.search(r"@[\w.-]+[>\"»]*\s*>?\s*:$", line) and re.search(r"\d{1,2}:\d{2}", line)
            ):
                if _starts_line(html, tokens, back):
                    return token.start
            elif len(line) > 300:
                break
        elif token.kind == CLOSE and token.name == "blockquote":
            break
    return tokens[index].start


def _starts_line(html: str, tokens: Sequence[Token], index: int) -> bool:
    """Whether a block or line break stands before this text, inline elements and blanks aside."""
    for back in range(index - 1, max(-1, index - 8), -1):
        token = tokens[back]
        if token.kind == TEXT:
            if html[token.start : token.end].strip():
                return False
        elif token.name in ("br", "div", "p", "td", "body", "blockquote", "hr", "li", "table", "html"):
            return True
    return True


def _tail_text(html: str, tokens: Sequence[Token], index: int) -> bool:
    """Whether this text starts an old mail that runs to the end: "-----Original Message-----", "&gt; From: …"."""
    token = tokens[index]
    if token.end - token.start > 2000:
        return False
    line = html[token.start : token.end].strip()
    if len(line) < 4:
        return False
    first = html_to_text(line, links=False).strip()
    if marks.SEPARATOR.match(first) and first.strip("-_ "):
        return True
    found = marks.header_line(first) if len(first) < 200 else None
    if found is None or found[0] not in ("from", "date", "subject") or not _starts_line(html, tokens, index):
        return False
    return _header_block(html, token.start)
