"""Limits looked at before the sanitiser runs, for its cost is not linear: 100 KB of nested <div> take it seconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from maru.core.html.tokens import CLOSE, OPEN, TEXT, VOID, Token, tokenise

#: Elements that a browser closes by itself; left open they do not nest.
_SELF_CLOSING = frozenset(
    {"p", "li", "dd", "dt", "tr", "td", "th", "tbody", "thead", "tfoot", "option", "optgroup", "rp", "rt"}
)
#: Left open, a browser opens these again in every following block (the "adoption agency"): nodes multiply.
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
_SEPARATORS = re.compile(r"[\s/\"'=]")


@dataclass(frozen=True, slots=True)
class Limits:
    """`size` in characters, `depth` of nesting, `nodes` after the tree builder's copies, `marks` inside one tag."""

    size: int
    depth: int
    nodes: int
    marks: int


#: For mail, sanitised in a child process that can be killed.
CHILD = Limits(size=512 * 1024, depth=200, nodes=50_000, marks=1_000)
#: For input sanitised inside a web process: the worst case stays below 100 ms.
IN_PROCESS = Limits(size=256 * 1024, depth=100, nodes=10_000, marks=400)


def excess(html: str, limits: Limits, tokens: Sequence[Token] | None = None) -> str:
    """Names the limit that `html` breaks ("size", "depth", "nodes" or "attributes"), "" when it keeps all."""
    if len(html) > limits.size:
        return "size"
    depth = formats = nodes = 0
    for token in tokenise(html) if tokens is None else tokens:
        if token.kind == TEXT:
            nodes += 1
            continue
        if token.kind == OPEN:
            nodes += 1 + (0 if token.name in _FORMATTING else formats)
            if token.name in _FORMATTING:
                formats += 1
            if token.name not in VOID and token.name not in _SELF_CLOSING:
                depth += 1
            if token.end - token.start > limits.marks and _marks(html, token) > limits.marks:
                return "attributes"
        elif token.kind == CLOSE:
            if token.name in _FORMATTING:
                formats = max(0, formats - 1)
            else:
                nodes += formats
            if token.name not in VOID and token.name not in _SELF_CLOSING:
                depth = max(0, depth - 1)
        if depth > limits.depth:
            return "depth"
        if nodes > limits.nodes:
            return "nodes"
    return ""


def _marks(html: str, token: Token) -> int:
    return sum(1 for _ in _SEPARATORS.finditer(html, token.start, token.end))
