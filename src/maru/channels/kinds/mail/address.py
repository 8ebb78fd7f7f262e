"""Addresses that carry a promise: the signed reply address, Message-ID of ours, and the number in a subject.

A token binds organization, ticket and one recipient, so that a leaked address lets nobody else speak in a ticket:
whoever presents it must also write from the address it was made for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from maru.core.ids import read_ticket_number

_SIGNATURE = r"[a-z2-7]{26}"
_REPLY = re.compile(rf"reply\+(t[0-9a-z]{{12}})\.({_SIGNATURE})")
_MESSAGE_ID = re.compile(rf"maru\.(t[0-9a-z]{{12}})\.({_SIGNATURE})\.[a-z0-9]{{1,40}}@.{{1,253}}")
_TAG = re.compile(r"#?\s?\[\s*(T(?:[ -]?[0-9A-Za-z]){12})\s*\]", re.IGNORECASE)
_TAG_LOOSE = re.compile(r"#\s?(T-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """A ticket number (stored form) and the token that came with it; worth nothing until `verify` says so."""

    number: str
    token: str


def keys_from(secret_keys: Sequence[str]) -> list[bytes]:
    """Signing keys from the application's secrets, newest first; old ones still verify while secrets rotate."""
    return [hashlib.sha256(b"maru reply address 1:" + secret.encode()).digest() for secret in secret_keys]


def sign(key: bytes, organization_id: int, number: str, recipient: str) -> str:
    """The token of one recipient in one ticket: 128 bits of HMAC-SHA256 in lower-case base 32, 26 characters."""
    identity = hashlib.sha256(key).hexdigest()[:8]
    words = "\0".join((identity, str(organization_id), number.upper(), recipient.strip().lower()))
    return base64.b32encode(hmac.digest(key, words.encode(), "sha256")[:16]).decode("ascii").rstrip("=").lower()


def verify(keys: Sequence[bytes], organization_id: int, claim: Claim, recipient: str) -> bool:
    """Whether the claim was signed for this recipient, by any of the keys; constant in time."""
    results = [
        hmac.compare_digest(sign(key, organization_id, claim.number, recipient), claim.token.lower()) for key in keys
    ]
    return any(results)


def reply_address(key: bytes, organization_id: int, number: str, recipient: str, domain: str) -> str:
    """``reply+<number>.<token>@<domain>``; 46 characters before the at sign (RFC 5321 allows 64)."""
    return f"reply+{number.lower()}.{sign(key, organization_id, number, recipient)}@{domain}"


def message_id(key: bytes, organization_id: int, number: str, recipient: str, domain: str) -> str:
    """A new Message-ID, without angle brackets, that carries the same token."""
    return f"maru.{number.lower()}.{sign(key, organization_id, number, recipient)}.{secrets.token_hex(8)}@{domain}"


def read_reply_address(address: str) -> tuple[Claim, str] | None:
    """Claim and domain of a reply address in any case; None when it is none."""
    local, at, domain = address.strip().lower().rpartition("@")
    match = _REPLY.fullmatch(local) if at else None
    number = read_ticket_number(match[1]) if match else None
    return (Claim(number, match[2]), domain) if match and number else None


def read_message_id(identifier: str) -> Claim | None:
    """Claim inside a Message-ID of ours; None when it is somebody else's."""
    match = _MESSAGE_ID.fullmatch(identifier.strip("<> ").lower())
    number = read_ticket_number(match[1]) if match else None
    return Claim(number, match[2]) if match and number else None


def subject_tag(number: str) -> str:
    """``#[T-XXXX-XXXX-XXXX]`` for a stored number."""
    return f"#[{number[0]}-{number[1:5]}-{number[5:9]}-{number[9:13]}]"


def read_subject_tags(subject: str) -> list[str]:
    """Ticket numbers (stored form) named in a subject, with or without dashes, in any case, full-width too."""
    plain = unicodedata.normalize("NFKC", subject[:500])
    found = [read_ticket_number(typed) for typed in [*_TAG.findall(plain), *_TAG_LOOSE.findall(plain)]]
    return list(dict.fromkeys(number for number in found if number))[:5]


def without_tags(subject: str) -> str:
    """The subject without ticket numbers and the marks of replies and forwards in front."""
    bare = _TAG.sub(" ", unicodedata.normalize("NFC", subject))
    while (
        shorter := re.sub(
            r"^\s*(?:(?:re|fwd?|fw|aw|wg|sv|회신|답장|전달|返信|転送)\s*(?:\[\d+\])?\s*[:：]|\[(?:re|fwd?|fw|회신|답장|전달|返信|転送)\])\s*",
            "",
            bare,
            flags=re.IGNORECASE,
        )
    ) != bare:
        bare = shorter
    return " ".join(bare.split())
