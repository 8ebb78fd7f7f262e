"""What is known about a mail once it has been read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class Address:
    """`address` is as written, without invisible characters; compare with `key`."""

    name: str = ""
    address: str = ""

    @property
    def key(self) -> str:
        """The address in lower case, for comparing."""
        return self.address.lower()


@dataclass(slots=True)
class ParsedAttachment:
    """A part that is not the body. `content_type` is what the sender claims; never trust it."""

    name: str
    content_type: str
    content: bytes = b""
    content_id: str = ""
    inline: bool = False


@dataclass(slots=True)
class Bounce:
    """A report that mail could not be delivered (RFC 3464, or words that say so)."""

    recipients: list[str] = field(default_factory=list)
    status: str = ""
    diagnostic: str = ""
    action: str = "failed"
    original_message_id: str = ""
    original_to: list[str] = field(default_factory=list)

    @property
    def permanent(self) -> bool:
        """Whether the address is to be flagged: failed, and not with a 4.x.x status."""
        return self.action == "failed" and not self.status.startswith("4")


@dataclass(slots=True)
class Quarantine:
    """The mail was not read: `reason` is a stable word for staff, `detail` says more. The raw mail stays."""

    reason: str
    detail: str = ""


@dataclass(slots=True)
class ParsedMail:
    """One mail, read.

    `text` is the whole plain text, `visible_text` that without quoted text and signature, `quoted_text` the rest.
    `html_safe` is the whole body by the policy of `core.html`, `html_visible` that without the quote.
    `sender_verified_syntax`: exactly one From header with exactly one address and nothing odd about it.
    `auth` holds results of the configured, trusted server only: {"dmarc": "pass", "dkim": …, "spf": …, "domain": …}.
    """

    message_id: str = ""
    in_reply_to: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    date: str = ""
    sender: Address = field(default_factory=Address)
    sender_verified_syntax: bool = False
    sender_defects: list[str] = field(default_factory=list)
    reply_to: list[Address] = field(default_factory=list)
    to: list[Address] = field(default_factory=list)
    cc: list[Address] = field(default_factory=list)
    delivered_to: list[str] = field(default_factory=list)
    subject: str = ""
    text: str = ""
    visible_text: str = ""
    quoted_text: str = ""
    signature: str = ""
    html_safe: str = ""
    html_visible: str = ""
    remote_images: list[str] = field(default_factory=list)
    attachments: list[ParsedAttachment] = field(default_factory=list)
    is_auto: bool = False
    auto_kind: str = ""
    suppress_reply: bool = False
    out_of_office: bool = False
    is_list: bool = False
    is_spam_marked: bool = False
    bounce: Bounce | None = None
    forwarded_from: Address | None = None
    auth: dict[str, str] = field(default_factory=dict)
    defects: list[str] = field(default_factory=list)
    language: str = ""

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict; attachments carry their length in place of their bytes."""
        data = asdict(self)
        for attachment in data["attachments"]:
            attachment["content"] = len(attachment["content"])
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any], contents: list[bytes]) -> ParsedMail:
        """The inverse of `to_json`; `contents` are the attachments' bytes in order."""
        known = {item.name for item in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        values["sender"] = Address(**data["sender"])
        for key in ("reply_to", "to", "cc"):
            values[key] = [Address(**item) for item in data[key]]
        values["attachments"] = [
            ParsedAttachment(**{**item, "content": content})
            for item, content in zip(data["attachments"], contents, strict=True)
        ]
        values["bounce"] = Bounce(**data["bounce"]) if data["bounce"] else None
        values["forwarded_from"] = Address(**data["forwarded_from"]) if data["forwarded_from"] else None
        return cls(**values)
