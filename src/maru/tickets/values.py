"""Small values that commands take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks, as given with the request; nothing here has been verified."""

    name: str = ""
    email: str = ""
    phone: str = ""
    company: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """An address that takes part in a ticket besides the requester. ``is_blind``: the others never learn of it."""

    address: str
    name: str = ""
    is_confirmed: bool = True
    is_blind: bool = False


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What a received mail adds to the message it becomes.

    ``inline`` maps a Content-ID (without angle brackets) to the id of the stored picture.
    """

    mail_id: int
    header_id: str = ""
    quoted: str = ""
    remote_images: Sequence[str] = ()
    is_automatic: bool = False
    is_unverified: bool = False
    inline: Mapping[str, int] = field(default_factory=dict)


def content_id_of(file_id: int) -> str:
    """The Content-ID under which the HTML of a message written at the desk names an uploaded picture."""
    return f"f{file_id}@maru"
