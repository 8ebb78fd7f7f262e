"""What the commands share: texts made safe, files attached, the ticket's own dates kept."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from maru.core.actors import Actor, Permission
from maru.core.errors import Invalid
from maru.core.html import html_to_text, one_line, sanitise, strip_controls, text_to_html
from maru.core.models import StoredFile
from maru.tickets.models import Attachment, Channel, Message, MessageKind, Ticket
from maru.tickets.queries.one import get_ticket_by_id_for
from maru.tickets.search import index_ticket
from maru.tickets.values import MailFacts, content_id_of

TITLE_LENGTH = 300
TEXT_LENGTH = 200_000
FILE_LIMIT = 20


def now() -> datetime:
    """The transaction's time by the database's clock, so that two machines never disagree."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def ticket_to_change(actor: Actor, ticket_id: int, permission: Permission = Permission.TICKET_HANDLE) -> Ticket:
    """The locked ticket, if the actor may change it. Raises NotFound, Forbidden."""
    ticket = get_ticket_by_id_for(actor, ticket_id, lock=True)
    actor.require(permission)
    return ticket


def clean_title(title: str) -> str:
    """One line without invisible characters. Raises Invalid when nothing is left or it is too long."""
    clean = one_line(title, TITLE_LENGTH + 1)
    if not clean:
        raise Invalid({"title": _("Please enter a title.")})
    if len(clean) > TITLE_LENGTH:
        raise Invalid({"title": _("The title may have at most %(n)s characters.") % {"n": TITLE_LENGTH}})
    return clean


def clean_body(text: str, html: str, *, required: bool = True, trusted_html: bool = False) -> tuple[str, str]:
    """Plain text and safe HTML of a message, each made from the other where only one is given.

    ``trusted_html``: the HTML has passed the policy already (mail is cleaned in a child process).
    :raises Invalid: nothing to read, or longer than :data:`TEXT_LENGTH` characters.
    """
    if len(text) > TEXT_LENGTH or len(html) > TEXT_LENGTH * 3:
        raise Invalid({"content": _("The text is too long: at most %(n)s characters.") % {"n": f"{TEXT_LENGTH:,}"}})
    text = strip_controls(text)
    if html and not trusted_html:
        html = sanitise(html).html
    if html and not text.strip():
        text = html_to_text(html, links=False)
    if text.strip() and not html:
        html = text_to_html(text)
    if required and not text.strip() and "<img" not in html:
        raise Invalid({"content": _("Please write something.")})
    return text, html


def add_message(
    ticket: Ticket,
    kind: MessageKind,
    *,
    message_id: int | None = None,
    actor: Actor,
    channel: str,
    text: str,
    html: str,
    author_name: str = "",
    author_address: str = "",
    is_blind: bool = False,
    file_ids: Sequence[int] = (),
    mail: MailFacts | None = None,
    outcome: str = "",
    mentions: Sequence[int] = (),
    recipients: Sequence[Mapping[str, str]] = (),
) -> Message:
    """Insert one entry of the conversation with its files; ``message_id``: an id drawn before.

    :raises Invalid: a file that is not there to be attached.
    """
    message = Message(
        id=message_id,
        ticket=ticket,
        kind=kind,
        channel=Channel(channel),
        author_id=actor.member_id,
        author_name=(author_name or actor.name)[:100],
        author_address=author_address[:254],
        author_avatar=actor.avatar,
        text=text,
        html=html,
        quoted=mail.quoted if mail else "",
        remote_images=list(mail.remote_images) if mail else [],
        is_automatic=bool(mail and mail.is_automatic),
        is_unverified=bool(mail and mail.is_unverified),
        is_blind=is_blind,
        mail_id=mail.mail_id if mail else None,
        header_id=mail.header_id[:300] if mail else "",
        outcome=outcome,
        mentions=list(mentions),
        recipients=list(recipients),
    )
    message.save(force_insert=True)
    attach(message, file_ids, mail.inline if mail else _shown_inside(html, file_ids))
    return message


def _shown_inside(html: str, file_ids: Sequence[int]) -> dict[str, int]:
    """The files that the text shows as pictures, by Content-ID."""
    return {name: file_id for file_id in file_ids if f'"cid:{(name := content_id_of(file_id))}"' in html}


def attach(message: Message, file_ids: Sequence[int], inline: Mapping[str, int]) -> None:
    """Tie uploaded files to a message. Raises Invalid when one is missing, foreign or already used."""
    wanted = list(dict.fromkeys([*file_ids, *inline.values()]))
    if not wanted:
        return
    if len(file_ids) > FILE_LIMIT and not message.mail_id:
        raise Invalid({"files": _("Too many files.")})
    found = set(StoredFile.objects.filter(id__in=wanted, attached=False).values_list("id", flat=True))
    if found != set(wanted):
        raise Invalid({"files": _("A file is no longer there. Please attach it again.")})
    contents = {file_id: content_id for content_id, file_id in inline.items()}
    Attachment.bulk(
        [
            Attachment(
                message=message,
                file_id=file_id,
                content_id=contents.get(file_id, "")[:200],
                is_inline=file_id in contents,
            )
            for file_id in wanted
        ]
    )
    StoredFile.objects.filter(id__in=wanted).update(attached=True)


def touch(ticket: Ticket, actor: Actor, *changed: str) -> None:
    """Save the named columns with who changed the ticket last and when, and bring the search index up to date."""
    ticket.updated_at = now()
    ticket.updated_by_name = actor.name[:100]
    ticket.save(update_fields=[*dict.fromkeys(changed), "updated_at", "updated_by_name"])


def reindex(ticket: Ticket) -> None:
    """Bring the words under which the ticket is found up to date, in the same transaction."""
    index_ticket(ticket.id)
