"""From the tree of parts to one body and its attachments."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from maru.channels.kinds.mail.parse import headers
from maru.channels.kinds.mail.parse.charsets import decode
from maru.channels.kinds.mail.parse.limits import MAX_ATTACHMENTS
from maru.channels.kinds.mail.parse.model import ParsedAttachment
from maru.channels.kinds.mail.parse.structure import OverLimit, Part, decode_base64, split_headers
from maru.core.html.invisible import one_line, strip_controls
from maru.core.html.text import html_to_text, text_to_html

MAX_TEXT = 200_000
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_DATA_IMAGE = re.compile(
    r"""(\ssrc\s*=\s*)(["'])data:image/(png|jpe?g|gif|webp);base64,([A-Za-z0-9+/=\s]{16,})\2""", re.IGNORECASE
)
_STUB = re.compile(r"(?:html|view this|この(?:メール|メッセージ)は|지원하지 않|브라우저)[^\n]{0,200}$", re.IGNORECASE)
_EXTENSIONS = {
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "text/calendar": ".ics",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
    "application/zip": ".zip",
}


@dataclass(slots=True)
class Segment:
    """A stretch of the body, as text, as HTML, or both."""

    text: str | None = None
    html: str | None = None


@dataclass(slots=True)
class Body:
    """The whole body; `html` is raw and hostile still."""

    text: str = ""
    html: str = ""
    has_plain: bool = False
    attachments: list[ParsedAttachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    charsets: set[str] = field(default_factory=set)


def collect(root: Part) -> Body:
    """Body and attachments of a mail. Raises `OverLimit` beyond 100 attachments."""
    body = Body()
    segments = _segments(root, body, related=False)
    rich = any(segment.html is not None for segment in segments)
    if rich:
        body.html = "".join(
            segment.html if segment.html is not None else text_to_html(segment.text or "") for segment in segments
        )
        body.html = _data_images(body.html, body)
    texts = []
    for segment in segments:
        plain = segment.text
        if (
            plain is not None
            and segment.html is not None
            and (not plain.strip() or (len(plain) < 300 and _STUB.search(plain.strip())))
        ):
            plain = None
        body.has_plain = body.has_plain or plain is not None
        texts.append(plain if plain is not None else html_to_text((segment.html or "")[: 512 * 1024]))
    body.text = "\n\n".join(text.strip("\n") for text in texts if text.strip())
    if len(body.text) > MAX_TEXT:
        _attach(body, ParsedAttachment("message.txt", "text/plain", body.text.encode()))
        body.text = body.text[:MAX_TEXT]
        body.defects.append("long text cut, whole text attached")
    return body


def _segments(part: Part, body: Body, related: bool) -> list[Segment]:
    body.defects += part.defects
    if part.content_type.startswith("multipart/"):
        if part.content_type == "multipart/alternative":
            return _alternative(part, body)
        inner = part.content_type == "multipart/related"
        found: list[Segment] = []
        for index, child in enumerate(part.children):
            found += _segments(child, body, related=related or (inner and index > 0))
        return found
    if part.content_type in ("text/plain", "text/html") and not _is_file(part, related):
        return [_text(part, body)]
    if part.content_type in ("text/enriched", "text/richtext") and not _is_file(part, related):
        segment = _text(part, body)
        return [Segment(text=re.sub(r"<[^<>]{0,200}>", "", segment.text or ""))]
    attachment = _attachment(part, body, related)
    if attachment is not None:
        _attach(body, attachment)
    return []


def _alternative(part: Part, body: Body) -> list[Segment]:
    """The last HTML and the first plain text of the alternatives together make one segment."""
    choices = [_segments(child, body, related=False) for child in part.children]
    html = next((choice for choice in reversed(choices) if any(s.html is not None for s in choice)), None)
    plain = next((choice for choice in choices if any(s.text is not None and s.html is None for s in choice)), None)
    text = "\n\n".join(s.text for s in plain or [] if s.text is not None) if plain else None
    if html is None:
        return [Segment(text=text)] if text is not None else []
    joined = "".join(s.html if s.html is not None else text_to_html(s.text or "") for s in html)
    if plain is html:
        text = None
    return [Segment(text=text, html=joined)]


def _is_file(part: Part, related: bool) -> bool:
    if part.disposition == "attachment":
        return True
    named = part.disposition_params.get("filename") or part.params.get("name")
    return (bool(named) and part.disposition != "inline" and part.content_type != "text/html") or (
        related and bool(named)
    )


def _text(part: Part, body: Body) -> Segment:
    data = part.payload()
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    label = part.params.get("charset", "")
    html = part.content_type == "text/html"
    if html and not data.isascii() and (not label or label.lower() in ("us-ascii", "ascii")):
        meta = _META.search(data[:4096])
        label = meta[1].decode("ascii") if meta else label
    text, used, defect = decode(data, label)
    body.charsets.add(used)
    if defect:
        body.defects.append(f"charset: {defect}")
    text = strip_controls(text)
    if html:
        return Segment(html=text)
    if part.params.get("format", "").lower() == "flowed":
        text = _unflow(text, part.params.get("delsp", "").lower() == "yes")
    return Segment(text=text)


def _unflow(text: str, delete_space: bool) -> str:
    """Joins the soft line breaks of RFC 3676."""
    out: list[str] = []
    flowing: str | None = None
    for line in text.split("\n"):
        quotes = len(line) - len(line.lstrip(">"))
        content = line[quotes:].removeprefix(" ")
        mark = ">" * quotes
        soft = content.endswith(" ") and content != "-- "
        if flowing == mark and out and content != "-- ":
            out[-1] = (out[-1][:-1] if delete_space else out[-1]) + content
        else:
            out.append(f"{mark} {content}" if quotes else content)
        flowing = mark if soft else None
    return "\n".join(out)


def _attachment(part: Part, body: Body, related: bool) -> ParsedAttachment | None:
    content = part.body if part.content_type.startswith("message/") and not _encoded(part) else part.payload()
    name = part.disposition_params.get("filename") or part.params.get("name") or ""
    content_id = headers.raw_text(part.first("content-id")).strip("<> ")[:200]
    if not content and not name:
        return None
    if not name and part.content_type == "message/rfc822":
        fields, _, _ = split_headers(content)
        name = headers.text(dict(reversed(fields)).get("subject", b""))[:80] or "message"
        name = f"{name}.eml"
    name = _clean_name(name) or f"attachment-{len(body.attachments) + 1}{_EXTENSIONS.get(part.content_type, '')}"
    inline = (
        part.content_type.startswith("image/") and bool(content_id) and (related or part.disposition != "attachment")
    )
    return ParsedAttachment(name, part.content_type[:100], content, content_id, inline)


def _encoded(part: Part) -> bool:
    return part.first("content-transfer-encoding").strip().lower() in (b"base64", b"quoted-printable")


def _clean_name(name: str) -> str:
    """The display name: no folders, no invisible or direction characters. It is never used as a path."""
    name = one_line(name.replace("\\", "/").rpartition("/")[2], 255)
    return "" if name.strip(".") == "" else name


def _attach(body: Body, attachment: ParsedAttachment) -> None:
    if len(body.attachments) >= MAX_ATTACHMENTS:
        raise OverLimit("too_many_attachments")
    body.attachments.append(attachment)


def _data_images(html: str, body: Body) -> str:
    """Pictures written into the HTML itself become inline attachments."""
    if "data:image/" not in html:
        return html

    def replace(match: re.Match[str]) -> str:
        number = len(body.attachments) + 1
        if number > 30:
            return " "
        kind = match[3].lower().replace("jpg", "jpeg")
        content_id = f"data-{number}.maru"
        name = f"image-{number}{_EXTENSIONS.get(f'image/{kind}', '')}"
        _attach(body, ParsedAttachment(name, f"image/{kind}", decode_base64(match[4].encode()), content_id, True))
        return f"{match[1]}{match[2]}cid:{content_id}{match[2]}"

    return _DATA_IMAGE.sub(replace, html)
