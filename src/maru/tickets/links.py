"""Links that prove something: who opens one has got the mail it stood in.

The number of a ticket shows its progress to anybody. The conversation needs a proof as well: a token bound to the
organization, the ticket and one recipient, which expires. The address itself never stands in the link.
"""

import base64
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings

from maru.core.ids import show_ticket_number

LINK_DAYS = 90
# The sender of a form who gave no address: the browser that sent it is the only proof there can be.
WEB_SENDER = "web-form"
_PURPOSE = b"maru.ticket-link.1"
_WHO, _MAC = 8, 16
_LENGTH = 4 + _WHO + _MAC


@dataclass(frozen=True, slots=True)
class LinkProof:
    """A valid token: ``who`` is a digest of the recipient, ``expires`` seconds since 1970."""

    who: bytes
    expires: int

    def is_for(self, recipient: str) -> bool:
        """Whether the link was made for this address (in any case)."""
        return hmac.compare_digest(self.who, _who(recipient))


def status_path(organization_slug: str, ticket_number: str, recipient: str | None = None) -> str:
    """The path of a ticket's status page, with a proof for ``recipient`` when there is one."""
    path = f"/{quote(organization_slug)}/status/{show_ticket_number(ticket_number)}"
    return path if recipient is None else f"{path}?k={sign_link(organization_slug, ticket_number, recipient)}"


def status_url(organization_slug: str, ticket_number: str, recipient: str | None = None) -> str:
    """The full address of :func:`status_path`, for mails. ``ticket_number`` in stored form."""
    return f"{settings.ENVIRONMENT.public_url}{status_path(organization_slug, ticket_number, recipient)}"


def sign_link(organization_slug: str, ticket_number: str, recipient: str, *, days: int = LINK_DAYS) -> str:
    """A token for one recipient of one ticket, valid for ``days``; URL-safe, 38 characters."""
    expires = int(time.time()) + days * 86_400
    head = struct.pack(">I", expires) + _who(recipient)
    token = head + _mac(settings.SECRET_KEY, head, organization_slug, ticket_number)
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def read_link(token: str, organization_slug: str, ticket_number: str) -> LinkProof | None:
    """What a token proves about this ticket; ``None`` for a forged, foreign or expired one.

    Keys in ``SECRET_KEY_FALLBACKS`` still open old links while a new key is being introduced.
    """
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
    if len(raw) != _LENGTH:
        return None
    head, mac = raw[:-_MAC], raw[-_MAC:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(mac, _mac(key, head, organization_slug, ticket_number)) for key in keys):
        return None
    expires: int = struct.unpack(">I", head[:4])[0]
    return LinkProof(head[4:], expires) if expires > time.time() else None


def _who(recipient: str) -> bytes:
    return hashlib.sha256(recipient.strip().casefold().encode()).digest()[:_WHO]


def _mac(key: str | bytes, head: bytes, organization_slug: str, ticket_number: str) -> bytes:
    bound = b"\0".join((_PURPOSE, organization_slug.encode(), ticket_number.encode(), head))
    return hmac.new(
        hashlib.sha256(key.encode() if isinstance(key, str) else key).digest(), bound, hashlib.sha256
    ).digest()[:_MAC]
