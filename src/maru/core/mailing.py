"""A slot for sending mail, so that lower floors can ask for it without knowing the channels above them."""

from typing import Protocol


class SendMail(Protocol):
    """What fills the slot; see :func:`send_mail`."""

    def __call__(
        self,
        *,
        organization_id: int | None,
        purpose: str,
        recipient: str,
        recipient_name: str = "",
        subject: str,
        text: str,
        html: str = "",
        language: str = "",
    ) -> None: ...


class SlotEmpty(RuntimeError):
    """Mail was to be sent, but nothing has been put in charge of sending it (see ``maru.config.wiring``)."""


_filled: list[SendMail] = []


def fill_slot(function: SendMail) -> None:
    """Put ``function`` in charge of sending mail; called once, in ``maru.config.wiring``."""
    _filled[:] = [function]


def send_mail(
    *,
    organization_id: int | None,
    purpose: str,
    recipient: str,
    recipient_name: str = "",
    subject: str,
    text: str,
    html: str = "",
    language: str = "",
) -> None:
    """Queue one mail to one person; it leaves after the surrounding transaction has committed.

    :param organization_id: in whose name; ``None`` for mail of the house itself.
    :param purpose: a short word such as ``invitation`` or ``reset``.
    :param html: already safe HTML; made from ``text`` when empty.
    :param language: ``ko``, ``ja`` or ``en`` of the mail's frame; the active language when empty.
    :raises SlotEmpty: nobody sends mail in this process.
    """
    if not _filled:
        raise SlotEmpty("no sender of mail: maru.config.wiring must call maru.core.mailing.fill_slot")
    _filled[0](
        organization_id=organization_id,
        purpose=purpose,
        recipient=recipient,
        recipient_name=recipient_name,
        subject=subject,
        text=text,
        html=html,
        language=language,
    )
