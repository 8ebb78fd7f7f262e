"""Places on ticket pages that rooms upstairs fill; ``maru.config.wiring`` says with what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from maru.tickets.models import Message, Ticket


@dataclass(frozen=True, slots=True)
class MailPreview:
    """A mail as it would leave: ``html`` is a whole document made of safe parts."""

    subject: str
    html: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one mail; ``state`` is ``waiting``, ``sent`` or ``failed``, ``reason`` in words."""

    recipient: str
    state: str
    reason: str = ""


class PreviewMail(Protocol):
    def __call__(self, ticket: Ticket, message: Message, recipient: str, *, is_final: bool) -> MailPreview: ...


DeliveriesOf = Callable[[Sequence[int]], Mapping[int, list[Delivery]]]

_preview: list[PreviewMail] = []
_deliveries: list[DeliveriesOf] = []


def fill_preview(source: PreviewMail) -> None:
    """Say who composes the mail of a reply."""
    _preview[:] = [source]


def fill_deliveries(source: DeliveriesOf) -> None:
    """Say who knows what became of the mails of messages."""
    _deliveries[:] = [source]


def preview_mail(ticket: Ticket, message: Message, recipient: str, *, is_final: bool) -> MailPreview | None:
    """The mail of a reply that is not sent yet; ``None`` when nothing mails replies."""
    return _preview[0](ticket, message, recipient, is_final=is_final) if _preview else None


def deliveries_of(message_ids: Sequence[int]) -> Mapping[int, list[Delivery]]:
    """What became of the mails of these messages, by message."""
    return _deliveries[0](message_ids) if _deliveries and message_ids else {}
