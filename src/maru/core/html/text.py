"""HTML to readable plain text and plain text to HTML."""

from __future__ import annotations

import html as _html
import re
from collections.abc import Sequence

from maru.core.html.tokens import CLOSE, OPEN, OTHER, TEXT, Token, attributes, tokenise

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_SPACED = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "dl", "table", "pre", "figure"])
_HEADS = frozenset({"head", "template", "object", "svg", "math", "select", "noscript", "audio", "video"})
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_LINK = re.compile(
    r"(?P<url>https://[^\s<>\"'\u3000\u3001\u3002\uff0c\u300d\uff09]+)"
    r"|(?P<mail>[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})"
)
_TRAILING = ".,;:!?)]}'\""


class _Writer:
    """Collects lines; white space runs collapse except inside <pre>."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.prefix = ""
        self.quotes = 0
        self.pre = 0
        self.blank = False

    def text(self, text: str) -> None:
        if self.pre:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self.line.append(first)
            for piece in rest:
                self.newline(force=True)
                self.line.append(piece)
            return
        text = _SPACE.sub(" ", text)
        if text == " " and (not self.line or self.line[-1].endswith(" ")):
            return
        if not self.line:
            text = text.lstrip(" ")
        if text:
            self.line.append(text)

    def newline(self, force: bool = False) -> None:
        line = "".join(self.line).replace("\xa0", " ").rstrip()
        self.line = []
        if not line and not force:
            return
        if self.blank and self.lines and self.lines[-1].strip("> "):
            self.lines.append("> " * self.quotes if self.quotes else "")
        self.blank = False
        self.lines.append(f"{'> ' * self.quotes}{self.prefix}{line}" if line else "> " * self.quotes)
        self.prefix = ""

    def finish(self) -> str:
        self.newline()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in self.lines)).strip("\n")


class _Reader:
    def __init__(self, html: str, links: bool) -> None:
        self.html = html
        self.links = links
        self.out = _Writer()
        self.skip: list[str] = []
        self.lists: list[int] = []
        self.href: list[tuple[str, int]] = []
        self.cells = 0

    def read(self, tokens: Sequence[Token]) -> str:
        for token in tokens:
            if token.kind == OTHER:
                continue
            if self.skip:
                self._skipping(token)
            elif token.kind == TEXT:
                self.out.text(_html.unescape(self.html[token.start : token.end]))
            elif token.kind == OPEN:
                self._open(token)
            else:
                self._close(token.name)
        return self.out.finish()

    def _skipping(self, token: Token) -> None:
        """Inside an element that shows nothing: only its own end tag matters."""
        if token.name == "body" and token.kind == OPEN:
            self.skip.clear()
        elif token.name == self.skip[0]:
            if token.kind == OPEN:
                self.skip.append(token.name)
            elif token.kind == CLOSE:
                self.skip.pop()

    def _open(self, token: Token) -> None:
        name, out = token.name, self.out
        if name in _HEADS or (token.end - token.start > len(name) + 12 and self._hidden(token)):
            self.skip.append(name)
            return
        if name == "br":
            out.newline(force=True)
        elif name in ("td", "th"):
            if self.cells and out.line:
                out.line.append("\t")
            self.cells += 1
        elif name == "img":
            alt = attributes(self.html, token).get("alt", "").strip()
            if alt and not alt.lower().startswith(("http", "cid:")):
                out.text(alt)
        elif name == "a" and self.links:
            self.href.append((attributes(self.html, token).get("href", ""), len(out.line)))
        elif name in _BLOCKS:
            self._open_block(token)

    def _hidden(self, token: Token) -> bool:
        from maru.core.html.tokens import VOID

        if token.name in VOID or not _HIDDEN.search(self.html, token.start, token.end):
            return False
        return bool(_HIDDEN.search(attributes(self.html, token).get("style", "")))

    def _open_block(self, token: Token) -> None:
        name, out = token.name, self.out
        out.newline()
        self.cells = 0
        out.blank = out.blank or (name in _SPACED and not (name in ("ul", "ol") and self.lists))
        if name == "blockquote":
            out.quotes = min(out.quotes + 1, 20)
        elif name in ("ul", "ol"):
            self.lists.append(1 if name == "ol" else 0)
        elif name == "li":
            self._item()
        elif name == "pre":
            out.pre += 1
        elif name == "hr":
            out.line.append("-" * 20)
            out.newline()

    def _item(self) -> None:
        number = self.lists[-1] if self.lists else 0
        indent = "  " * (min(len(self.lists), 10) - 1)
        self.out.prefix = f"{indent}{number}. " if number else f"{indent}- "
        if number:
            self.lists[-1] += 1

    def _close(self, name: str) -> None:
        out = self.out
        if name == "a" and self.href:
            href, start = self.href.pop()
            shown = "".join(out.line[start:]).strip()
            target = href.removeprefix("mailto:")
            if href.startswith(("https://", "http://", "mailto:")) and shown and target.rstrip("/") not in shown:
                out.line.append(f" <{target[:500]}>")
            return
        if name not in _BLOCKS:
            return
        out.newline()
        out.blank = out.blank or (name in _SPACED and not (name in ("ul", "ol") and len(self.lists) > 1))
        if name == "blockquote":
            out.quotes = max(0, out.quotes - 1)
        elif name in ("ul", "ol") and self.lists:
            self.lists.pop()
        elif name == "pre":
            out.pre = max(0, out.pre - 1)


def html_to_text(html: str, *, links: bool = True, tokens: Sequence[Token] | None = None) -> str:
    """Readable text of an HTML document or fragment, in linear time.

    Blocks become lines, lists get their bullets, quotes get "> ", a link keeps its target behind its words when
    `links`. Scripts, styles and what is styled invisible are left out.
    """
    return _Reader(html, links).read(tokenise(html) if tokens is None else tokens)


def text_to_html(text: str) -> str:
    """Plain text as safe HTML: paragraphs, line breaks, and links for https and mail addresses."""
    paragraphs = re.split(r"\n[ \t]*\n+", text.replace("\r\n", "\n").replace("\r", "\n").strip("\n"))
    return "".join(f"<p>{_lines(paragraph)}</p>" for paragraph in paragraphs if paragraph.strip())


def _lines(text: str) -> str:
    pieces: list[str] = []
    last = 0
    for match in _LINK.finditer(text):
        found = match[0].rstrip(_TRAILING)
        pieces.append(_html.escape(text[last : match.start()]))
        target = found if match["url"] else f"mailto:{found}"
        pieces.append(f'<a href="{_html.escape(target)}" rel="noopener noreferrer nofollow">{_html.escape(found)}</a>')
        last = match.start() + len(found)
    pieces.append(_html.escape(text[last:]))
    spaced = re.sub(r"(?m)^ +| {2,}", lambda run: "\xa0" * len(run[0]), "".join(pieces))
    return spaced.replace("\n", "<br>")
