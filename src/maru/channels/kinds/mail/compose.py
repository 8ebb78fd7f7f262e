"""Building a mail that goes out, byte for byte the way real mail programs want it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import dkim
import idna

MAX_SIZE = 30 * 1024 * 1024

# CR, LF, VT, FF, NUL, the separators of Unicode and of ASCII: each ends a line for somebody on the way.
_BREAKS = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_TOKEN = re.compile(r"[!-9;-~]{1,76}")


class ComposeError(ValueError):
    """The mail cannot be built as asked; trying again cannot help."""


class HeaderInjection(ComposeError):
    """A header value held a line break of any kind."""


class InvalidAddress(ComposeError):
    """The address cannot stand in an envelope."""


class TooLarge(ComposeError):
    """The mail would be larger than relays take."""


@dataclass(frozen=True, slots=True)
class File:
    """An attachment; with `content_id` (and an image type) it is shown inside the HTML."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Everything a mail needs. `message_id` comes without angle brackets; `sent_at` must have a time zone.

    `to` and `copies` are names and addresses for the head; with neither, the recipient alone stands in it. Where the
    mail really goes is the envelope's business, so a blind copy has the same head as all others.
    """

    sender: str
    recipient: str
    subject: str
    text: str
    message_id: str
    html: str = ""
    sender_name: str = ""
    recipient_name: str = ""
    reply_to: str = ""
    to: Sequence[tuple[str, str]] = ()
    copies: Sequence[tuple[str, str]] = ()
    in_reply_to: str = ""
    references: Sequence[str] = ()
    automatic: str = ""
    files: Sequence[File] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key in PEM form and the selector under which its public half stands in the DNS."""

    selector: str
    domain: str
    private_key: bytes


def envelope_address(address: str) -> str:
    """An address fit for MAIL FROM and RCPT TO; a domain in other letters becomes its ASCII form.

    :raises InvalidAddress: anything that is not one plain address.
    """
    local, at, domain = address.strip().rpartition("@")
    if not at:
        raise InvalidAddress(f"not a mail address: {address[:100]!r}")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise InvalidAddress(f"not a mail domain: {domain[:100]!r}") from error
    plain = f"{local}@{domain}"
    if not _ADDRESS.fullmatch(plain) or ".." in domain or len(plain) > 254:
        raise InvalidAddress(f"not a mail address: {address[:100]!r}")
    return plain


def compose(mail: Outgoing, key: DkimKey | None = None) -> bytes:
    """The mail as bytes with CRLF line ends: text and HTML, inline pictures, attachments; signed when `key` is given.

    :raises ComposeError: injection, an invalid address, or more than 30 MB.
    """
    body = _body(mail)
    head = [f"{name}: {value}" for name, value in _headers(mail)]
    raw = "\r\n".join(head).encode("ascii") + b"\r\n" + body
    if len(raw) > MAX_SIZE:
        raise TooLarge(f"{len(raw)} bytes")
    return _signed(raw, key) if key else raw


def _headers(mail: Outgoing) -> list[tuple[str, str]]:
    found = [
        ("Date", format_datetime(mail.sent_at or datetime.now(UTC))),
        ("From", mailbox(mail.sender_name, mail.sender)),
        ("To", _mailboxes(mail.to or [(mail.recipient_name, mail.recipient)])),
    ]
    if mail.copies:
        found.append(("Cc", _mailboxes(mail.copies)))
    if mail.reply_to:
        found.append(("Reply-To", mailbox(mail.sender_name, mail.reply_to)))
    found.append(("Subject", encode_words(mail.subject)))
    found.append(("Message-ID", _identifier(mail.message_id)))
    if mail.in_reply_to:
        found.append(("In-Reply-To", _identifier(mail.in_reply_to)))
    if mail.references:
        found.append(("References", "\r\n ".join(_identifier(reference) for reference in mail.references)))
    if mail.automatic:
        if mail.automatic not in ("auto-replied", "auto-generated", "auto-notified"):
            raise ComposeError(f"unknown kind of automatic mail: {mail.automatic!r}")
        found += [("Auto-Submitted", mail.automatic), ("X-Auto-Response-Suppress", "All")]
    for name, value in mail.headers.items():
        if not _TOKEN.fullmatch(name):
            raise HeaderInjection(name[:40])
        found.append((name, encode_words(value)))
    return found


def _mailboxes(people: Sequence[tuple[str, str]]) -> str:
    return ",\r\n ".join(mailbox(name, address) for name, address in people)


def _checked(value: str) -> str:
    if _BREAKS.search(value):
        raise HeaderInjection(f"control character in {value[:40]!r}")
    return value


def _identifier(value: str) -> str:
    bare = _checked(value).strip("<> ")
    if not bare.isascii() or " " in bare or not bare or len(bare) > 900:
        raise HeaderInjection(f"not a message identifier: {value[:60]!r}")
    return f"<{bare}>"


def encode_words(value: str) -> str:
    """A header value in ASCII: as it is, or as RFC 2047 words that never cut a character, folded to 76 columns.

    :raises HeaderInjection: a line break or control character of any kind.
    """
    value = _checked(value.replace("\t", " "))
    if value.isascii() and "=?" not in value and all(len(word) < 70 for word in value.split(" ")):
        return _fold(value)
    words, chunk = [], b""
    for char in value:
        encoded = char.encode("utf-8", "ignore")
        if len(chunk) + len(encoded) > 42:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word).decode('ascii')}?=" for word in words)


def _fold(value: str) -> str:
    lines, line = [], ""
    for word in value.split(" "):
        if line and len(line) + len(word) > 62:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return "\r\n ".join(lines)


def mailbox(name: str, address: str) -> str:
    """``Name <address>`` in ASCII; the name is quoted or encoded as it needs.

    :raises HeaderInjection: a control character in the name. :raises InvalidAddress: a bad address.
    """
    plain = envelope_address(address)
    name = " ".join(_checked(name).split())
    if not name:
        return plain
    if not name.isascii() or "=?" in name or len(name) > 60:
        return f"{encode_words(name)}\r\n <{plain}>"
    if not _PLAIN_PHRASE.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{plain}>"


def _body(mail: Outgoing) -> bytes:
    """The MIME part of the mail with its own Content-… headers; starts right after our headers."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    message.set_content(_clean(mail.text), charset="utf-8", cte=_encoding(mail.text))
    if mail.html:
        message.add_alternative(_clean(mail.html), subtype="html", charset="utf-8", cte=_encoding(mail.html))
        shown = [file for file in mail.files if file.content_id]
        html_part = list(message.iter_parts())[-1]
        assert isinstance(html_part, EmailMessage)
        for file in shown:
            main, _, sub = _type_of(file)
            html_part.add_related(
                file.content,
                maintype=main,
                subtype=sub,
                cid=_identifier(file.content_id),
                filename=_name(file),
                disposition="inline",
            )
    for file in mail.files:
        if mail.html and file.content_id:
            continue
        main, _, sub = _type_of(file)
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=_name(file))
    # The same mail gives the same bytes each time it is tried.
    seed = hashlib.sha256(mail.message_id.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{seed}_{number}")
    return message.as_bytes()


def _encoding(text: str) -> str:
    """Base64 for Korean and Japanese, quoted-printable for mostly plain text; both survive every relay."""
    return "base64" if sum(char > "\x7f" for char in text) * 6 > len(text) else "quoted-printable"


def _clean(text: str) -> str:
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", "", text.replace("\r\n", "\n"))


def _type_of(file: File) -> tuple[str, str, str]:
    match = re.fullmatch(r"([a-z0-9.+-]{1,40})/([a-z0-9.+-]{1,80})", file.content_type.lower())
    if match is None or match[1] in ("multipart", "message", "text"):
        return "application", "/", "octet-stream"
    return match[1], "/", match[2]


def _name(file: File) -> str:
    return _BREAKS.sub("", file.name)[:200] or "file"


def _signed(raw: bytes, key: DkimKey) -> bytes:
    """DKIM (RFC 6376), relaxed both ways, over the headers that matter."""
    try:
        signature: bytes = dkim.sign(
            raw,
            key.selector.encode(),
            key.domain.encode(),
            key.private_key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[
                b"from",
                b"to",
                b"cc",
                b"subject",
                b"date",
                b"message-id",
                b"reply-to",
                b"in-reply-to",
                b"references",
                b"mime-version",
                b"content-type",
            ],
        )
    except (dkim.DKIMException, ValueError) as error:
        raise ComposeError(f"DKIM: {error}") from error
    return signature + raw
