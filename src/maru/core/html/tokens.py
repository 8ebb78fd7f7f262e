"""A forgiving HTML tokeniser whose cost is linear whatever it is fed.

The standard library's parser needs quadratic time on hostile input (unclosed comments, unclosed quotes), and a tree
builder duplicates nodes. Measuring, reading as text and finding quoted replies need tokens and offsets only.
"""

from __future__ import annotations

import html as _html
import re
from typing import NamedTuple

TEXT = "text"
OPEN = "open"
CLOSE = "close"
OTHER = "other"

#: Elements whose content is not markup (HTML standard, 13.2.5.2 onwards).
RAW_TEXT = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
VOID = frozenset(
    {
        "area",
        "base",
        "basefont",
        "bgsound",
        "br",
        "col",
        "embed",
        "frame",
        "hr",
        "img",
        "input",
        "keygen",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    }
)

_NAME = re.compile(r"[a-zA-Z][^\s/>]*")
_STOP = re.compile(r"[>\"']")
_ATTRIBUTE = re.compile(r"""([^\s/>"'=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?""")


class Token(NamedTuple):
    """A piece of the source: `start` and `end` are offsets into it."""

    kind: str
    start: int
    end: int
    name: str


class _Scanner:
    def __init__(self, source: str) -> None:
        self.source = source
        self.lower = source.lower() if source.isascii() else re.sub("[A-Z]", lambda m: m[0].lower(), source)
        # Once a search fails it fails for every later start: remembering that keeps the whole scan linear.
        self.missing: set[str] = set()

    def find(self, needle: str, start: int, lowered: bool = False) -> int:
        if needle in self.missing:
            return -1
        found = (self.lower if lowered else self.source).find(needle, start)
        if found < 0:
            self.missing.add(needle)
        return found

    def tag_end(self, start: int) -> int:
        """Offset just behind the `>` that ends the tag, quotes respected; -1 when the tag never ends."""
        position = start
        while True:
            found = _STOP.search(self.source, position)
            if found is None:
                return -1
            if found[0] == ">":
                return found.end()
            # A quote that does not follow "=" is part of a name, as browsers read it.
            before = self.source[max(start, found.start() - 8) : found.start()].rstrip()
            close = self.find(found[0], found.end()) if before.endswith("=") else -1
            position = found.end() if close < 0 else close + 1


def tokenise(source: str) -> list[Token]:
    """Cuts HTML into text, opening tags, closing tags and others (comments, doctypes). Never raises."""
    scanner = _Scanner(source)
    tokens: list[Token] = []
    position = text_start = 0
    length = len(source)
    while position < length:
        opening = source.find("<", position)
        if opening < 0 or opening + 1 >= length:
            break
        token = _markup(scanner, opening)
        if token is None:
            position = opening + 1
            continue
        if opening > text_start:
            tokens.append(Token(TEXT, text_start, opening, ""))
        tokens.append(token)
        position = text_start = token.end
        if token.kind == OPEN and token.name in RAW_TEXT:
            position = text_start = _raw_text(scanner, token, tokens)
    if text_start < length:
        tokens.append(Token(TEXT, text_start, length, ""))
    return tokens


def _markup(scanner: _Scanner, at: int) -> Token | None:
    source = scanner.source
    following = source[at + 1]
    if following in "!?":
        if source.startswith("<!--", at):
            end = scanner.find("-->", at + 2)
            return Token(OTHER, at, len(source) if end < 0 else end + 3, "")
        end = scanner.find(">", at)
        return Token(OTHER, at, len(source) if end < 0 else end + 1, "")
    closing = following == "/"
    name = _NAME.match(source, at + (2 if closing else 1), at + 64)
    if name is None:
        return None
    end = scanner.tag_end(name.end())
    kind = CLOSE if closing else OPEN
    return Token(kind, at, len(source) if end < 0 else end, name[0].lower())


def _raw_text(scanner: _Scanner, token: Token, tokens: list[Token]) -> int:
    end = scanner.find(f"</{token.name}", token.end, lowered=True)
    end = len(scanner.source) if end < 0 else end
    if end > token.end:
        tokens.append(Token(OTHER, token.end, end, token.name))
    return end


def attributes(source: str, token: Token) -> dict[str, str]:
    """Attributes of an opening tag, names in lower case, the first of doubled ones, entities resolved."""
    found: dict[str, str] = {}
    start = token.start + 1 + len(token.name)
    for match in _ATTRIBUTE.finditer(source, start, min(token.end, start + 20_000)):
        name = match[1].lower()
        if name not in found:
            value = match[2] if match[2] is not None else match[3] if match[3] is not None else match[4] or ""
            found[name] = _html.unescape(value) if "&" in value else value
    return found
