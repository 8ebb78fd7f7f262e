"""The one policy for HTML that others wrote: mail that comes in, rich text that staff write.

Allowed is what reads like a letter. No id, class, name, data-* or hx-* (page scripts act on those), no url() in a
style, no scheme-relative address, no remote image: those are counted and kept apart, so that a reader may ask for them.
"""

from __future__ import annotations

import html as html_lib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import nh3

from maru.core.html.invisible import strip_bidi, strip_controls
from maru.core.html.measure import CHILD, IN_PROCESS, Limits, excess
from maru.core.html.text import html_to_text, text_to_html
from maru.core.html.tokens import Token, tokenise

#: Stored beside sanitised HTML; when it rises, stored HTML is made anew from the raw form.
POLICY_VERSION = 1

_TAGS = {
    "a",
    "abbr",
    "b",
    "bdi",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
}
_DROPPED = {
    "script",
    "style",
    "title",
    "head",
    "iframe",
    "object",
    "embed",
    "applet",
    "frame",
    "frameset",
    "noframes",
    "noembed",
    "svg",
    "math",
    "form",
    "select",
    "option",
    "textarea",
    "button",
    "template",
    "audio",
    "video",
    "canvas",
    "map",
    "dialog",
    "portal",
}
_CELL = {"align", "valign", "colspan", "rowspan", "width", "height", "bgcolor"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"style", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "face", "size"},
    "td": _CELL,
    "th": _CELL,
    "tr": {"align", "valign", "bgcolor"},
    "table": {"align", "border", "cellpadding", "cellspacing", "width", "bgcolor"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
    "ol": {"start", "type"},
    "p": {"align"},
    "div": {"align"},
    "blockquote": {"type"},
}
_STYLES = {
    "color",
    "background-color",
    "font-weight",
    "font-style",
    "text-align",
    "text-decoration",
    "width",
    "height",
    "max-width",
    "vertical-align",
    "white-space",
}
_STYLE_VALUE = re.compile(r"[a-z0-9#%.,() -]{1,60}", re.IGNORECASE)
_LENGTH = re.compile(r"(width|height|max-width)\s*:\s*([0-9.]+)(px|em|ex|rem|pt|vw|vh|%|in|cm)?", re.IGNORECASE)
_LINK = re.compile(r"(?:https://[^\s/@\\]+(?:[/?#][^\s\\]*)?|mailto:[^\s<>\"]+|tel:[0-9+().*# -]+)", re.IGNORECASE)
_CID = re.compile(r"cid:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]{1,250}", re.IGNORECASE)
_REMOTE = "cid:remote-%d.maru"
_IMG = re.compile(r'<img\b((?:[^>"]|"[^"]*")*?) src="cid:([^"]*)"((?:[^>"]|"[^"]*")*)>')
_TAG = re.compile(r'<([a-z][a-z0-9]*)((?: [a-z-]+="[^"]*")+)>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="[^"]*"')
_DRESS = {"style", "bgcolor"}
_PICTURE = re.compile(r'<img\b(?:[^>"]|"[^"]*")*>')
_QUOTED = re.compile(r'(?<==)"[^"]*"')
_ALT = re.compile(r' alt="([^"]*)"')
_SIZE = re.compile(r' (width|height)="(\d{1,5})"')
_SIZE_STYLE = re.compile(r"[;\"](width|height):(\d{1,5})(?:\.\d*)?px", re.IGNORECASE)
_REMOTE_ID = re.compile(r"remote-(\d{1,4})\.maru")


@dataclass(slots=True)
class SafeHtml:
    """`html` is safe to show; `remote_images` lists blocked addresses in order; `fallback` names a broken limit."""

    html: str
    remote_images: list[str] = field(default_factory=list)
    fallback: str = ""


def sanitise(html: str, *, limits: Limits = IN_PROCESS, tokens: list[Token] | None = None) -> SafeHtml:
    """Makes hostile HTML safe. What breaks a limit is shown as its own plain text instead. Never raises.

    Images with a cid: address keep it, remote ones get a marker; `show` turns both into what a page displays.
    """
    cut = html[: limits.size]
    tokens = tokenise(cut) if tokens is None or len(cut) < len(html) else tokens
    broken = excess(html, limits, tokens)
    if broken:
        return SafeHtml(text_to_html(strip_bidi(strip_controls(html_to_text(cut, tokens=tokens)))), fallback=broken)
    remote: list[str] = []
    clean = nh3.clean(
        strip_bidi(strip_controls(html)),
        tags=_TAGS,
        clean_content_tags=_DROPPED,
        attributes=_ATTRIBUTES,
        attribute_filter=partial(_attribute, remote),
        url_schemes={"https", "http", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        filter_style_properties=_STYLES,
    )
    return SafeHtml(clean, remote)


def sanitise_mail(html: str, tokens: list[Token] | None = None) -> SafeHtml:
    """The policy with the limits of the killable child; elsewhere call `sanitise`."""
    return sanitise(html, limits=CHILD, tokens=tokens)


def _attribute(remote: list[str], tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if _LINK.fullmatch(value.strip()) else None
    if name == "src":
        return _source(remote, value.strip())
    if name == "style":
        return _style(value)
    if name in (
        "width",
        "height",
        "cellpadding",
        "cellspacing",
        "border",
        "colspan",
        "rowspan",
        "span",
        "start",
        "size",
    ):
        return _number(name, value)
    return value[:500]


def _source(remote: list[str], value: str) -> str | None:
    if _CID.fullmatch(value):
        return value
    if value.lower().startswith(("https://", "http://")) and len(remote) < 1000 and len(value) <= 4000:
        remote.append(value)
        return _REMOTE % (len(remote) - 1)
    return None


def _style(value: str) -> str | None:
    kept = []
    for declaration in value.split(";")[:40]:
        name, _, setting = declaration.partition(":")
        name, setting = name.strip().lower(), setting.strip()
        harmless = _STYLE_VALUE.fullmatch(setting) and not re.search("url|expression", setting, re.IGNORECASE)
        if name in _STYLES and harmless and _fits(f"{name}:{setting}"):
            kept.append(f"{name}:{setting}")
    return ";".join(kept) or None


def _fits(declaration: str) -> bool:
    """A width or height beyond a screen would be an overlay; percentages above 100 too."""
    match = _LENGTH.match(declaration)
    if match is None:
        return True
    size, unit = float(match[2].strip(".") or 0) if match[2].count(".") < 2 else 1e9, (match[3] or "px").lower()
    return size <= {"px": 2000, "pt": 1500, "%": 100, "vw": 0, "vh": 0}.get(unit, 100)


def _number(name: str, value: str) -> str | None:
    match = re.fullmatch(r"\s*([+-]?)(\d{1,5})(?:\.\d+)?(px|%)?\s*", value)
    if match is None:
        return None
    number = int(match[2])
    ceiling = 100 if match[3] == "%" or name in ("border", "cellpadding", "cellspacing", "colspan", "span") else 2000
    return f"{match[1] if name == 'size' else ''}{min(number, ceiling)}{'%' if match[3] == '%' else ''}"


def show(
    safe: str,
    *,
    inline: Callable[[str], str | None] | None = None,
    remote: Callable[[int], str | None] | None = None,
) -> str:
    """Gives the images of sanitised HTML their addresses.

    `inline(content_id)` answers the address of that message's own part, `remote(index)` the address of our guarded
    fetcher for the n-th of `remote_images`; None (or no function) leaves the image out and its words in.
    """

    def replace(match: re.Match[str]) -> str:
        blocked = _REMOTE_ID.fullmatch(match[2])
        if blocked:
            address = remote(int(blocked[1])) if remote else None
        else:
            address = inline(_unescape(match[2])) if inline else None
        source = f' src="{_escape(address)}"' if address else ""
        return f"<img{match[1]}{source}{match[3]}>"

    return _IMG.sub(replace, safe)


def remote_positions(safe: str) -> list[int]:
    """Which of its `remote_images` sanitised HTML would show, in order, each once.

    Pictures of up to 3 × 3 pixels show nothing: they only tell the sender that his mail is read, and are left out.
    """
    found: dict[int, None] = {}
    for match in _IMG.finditer(safe):
        blocked = _REMOTE_ID.fullmatch(match[2])
        if blocked and not _is_spy(match[1] + match[3]):
            found[int(blocked[1])] = None
    return list(found)


def _is_spy(attributes: str) -> bool:
    sizes = dict(_SIZE.findall(attributes)) | {name.lower(): size for name, size in _SIZE_STYLE.findall(attributes)}
    return all(name in sizes and int(sizes[name]) <= 3 for name in ("width", "height"))


def words_for_pictures(shown: str, name: str) -> str:
    """HTML made by `show` where a picture without an address gives way to its words, in an element of class `name`.

    Browsers draw a torn picture there, which reads as an error of ours.
    """

    def replace(match: re.Match[str]) -> str:
        if " src=" in _QUOTED.sub("", match[0]):
            return match[0]
        found = _ALT.search(match[0])
        # Inside an attribute "<" is written as it is: between tags it must not be.
        words = html_lib.unescape(found[1]).strip() if found else ""
        return f'<span class="{name}">{_escape(words)}</span>' if words else ""

    return _PICTURE.sub(replace, shown)


def undress(safe: str) -> str:
    """Sanitised HTML without the sender's own styles and backgrounds, as a page of ours shows it.

    The page's policy forbids style at an element, and a white background under our dark theme's text is unreadable.
    """

    def bare(match: re.Match[str]) -> str:
        kept = _ATTRIBUTE.sub(lambda one: "" if one[1] in _DRESS else one[0], match[2])
        return f"<{match[1]}{kept}>"

    return _TAG.sub(bare, safe)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _unescape(text: str) -> str:
    return text.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
