"""What the public pages may read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import nh3
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from markupsafe import Markup

from maru.core.errors import NotFound
from maru.core.html import show, text_to_html
from maru.core.ids import read_ticket_number
from maru.core.models import StoredFile
from maru.core.tenancy import tenant
from maru.helpcenter.models import Submission
from maru.organizations.models import Organization, Service
from maru.tickets.links import WEB_SENDER, LinkProof, read_link
from maru.tickets.models import (
    Attachment,
    IntakeCategory,
    Message,
    MessageKind,
    Participant,
    Status,
    Ticket,
)
from maru.tickets.queries.one import stages_of

THANKS_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """A stage on the stepper; ``state`` is ``done``, ``now`` or empty, ``is_end`` a stage that ends the work."""

    label: str
    state: str
    is_end: bool
    status: str
    colour: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who has proved that mail to ``address`` reaches him. ``since``: he sees what was said after it."""

    address: str
    name: str
    since: datetime | None = None


@dataclass(slots=True)
class Entry:
    """One public message as a requester sees it."""

    id: int
    is_ours: bool
    name: str
    at: datetime
    html: Markup
    files: list[StoredFile] = field(default_factory=list)


def organization_at(slug: str) -> Organization:
    """:raises NotFound: no company has this address."""
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise NotFound()
    return organization


def public_service() -> Service:
    """The service of the current organization that takes the requests of the public form: the oldest active one.

    :raises NotFound: none is active.
    """
    service = Service.objects.filter(state=Service.State.ACTIVE).order_by("id").first()
    if service is None:
        raise NotFound()
    return service


def local_name(names: Mapping[str, str], fallback: str, language: str) -> str:
    """A name in the viewer's language, else in the organization's, else as it was first written."""
    return names.get((get_language() or "")[:2]) or names.get(language) or fallback or next(iter(names.values()), "")


def category_choices(organization: Organization) -> list[tuple[str, str]]:
    """``(id, name)`` of the categories offered on the form, children after their parent and indented.

    A category below one that is not public is not offered either.
    """
    rows = list(IntakeCategory.objects.filter(is_public=True).order_by("order", "id"))
    children: dict[int | None, list[IntakeCategory]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    choices: list[tuple[str, str]] = []

    def walk(parent_id: int | None, depth: int) -> None:
        for row in children.get(parent_id, []):
            name = local_name(row.names, row.name, organization.language)
            choices.append((str(row.id), "\N{EM SPACE}" * depth + name))
            if depth < 5:
                walk(row.id, depth + 1)

    walk(None, 0)
    return choices


def find_ticket(typed: str) -> Ticket | None:
    """The ticket of the current organization whose number somebody typed in any form; ``None`` for every other number."""
    number = read_ticket_number(typed)
    return Ticket.objects.filter(number=number).first() if number else None


def progress_of(organization: Organization, ticket: Ticket) -> list[Step]:
    """The organization's stages with the ticket's own lit. A pause that was passed over counts as not visited."""
    stages = stages_of()
    here = next((index for index, stage in enumerate(stages) if stage.id == ticket.stage_id), 0)
    steps = []
    for index, stage in enumerate(stages):
        is_pause = stage.status in (Status.PENDING, Status.TRANSFERRED, Status.ANSWERED)
        state = "now" if index == here else "done" if index < here and not is_pause else ""
        steps.append(
            Step(
                label=local_name(stage.names, "", organization.language),
                state=state,
                is_end=stage.status >= Status.RESOLVED,
                status=Status(stage.status).name.lower(),
                colour=stage.colour,
            )
        )
    return steps


def category_name(organization: Organization, ticket: Ticket) -> str:
    """The ticket's category in the viewer's language; empty when it is one the public may not see."""
    category = IntakeCategory.objects.filter(id=ticket.category_id).first() if ticket.category_id else None
    if category is None or not category.is_public:
        return ""
    return local_name(category.names, category.name, organization.language)


def reader_for(organization: Organization, ticket: Ticket, token: str) -> Reader | None:
    """Who holds the link's token, if that person still takes part in the ticket; ``None`` otherwise.

    Whoever has been added to the request of somebody else sees what was said since then.
    """
    proof = read_link(token, organization.slug, ticket.number) if token else None
    if proof is None:
        return None
    if not ticket.requester_email and proof.is_for(WEB_SENDER):
        return Reader("", ticket.requester_name)
    return _participant(ticket, proof)


def _participant(ticket: Ticket, proof: LinkProof) -> Reader | None:
    for participant in Participant.objects.filter(ticket=ticket, is_confirmed=True).order_by("id"):
        if proof.is_for(participant.address):
            since = None if participant.address == ticket.requester_email else participant.created_at
            return Reader(participant.address, participant.name, since)
    return None


def _readable(ticket: Ticket, reader: Reader) -> list[Message]:
    """Public messages only; what a blind copy has written only for himself.

    Automatic mail stays with staff: a sign-up code mailed to a ticket must reach nobody.
    """
    rows = Message.objects.filter(ticket=ticket, kind__in=[MessageKind.CUSTOMER, MessageKind.REPLY], is_automatic=False)
    shared = Q(is_blind=False)
    rows = rows.filter(shared | Q(author_address__iexact=reader.address) if reader.address else shared)
    if reader.since is not None:
        rows = rows.filter(created_at__gte=reader.since)
    return list(rows.order_by("id"))


def thread_of(ticket: Ticket, reader: Reader) -> list[Entry]:
    """The conversation as ``reader`` may see it, oldest first."""
    messages = _readable(ticket, reader)
    attachments = list(Attachment.objects.filter(message_id__in=[message.id for message in messages]).order_by("id"))
    files = StoredFile.objects.in_bulk([attachment.file_id for attachment in attachments])
    entries = {
        message.id: Entry(
            id=message.id,
            is_ours=message.kind == MessageKind.REPLY,
            name=message.author_name,
            at=message.created_at,
            html=_body(message),
        )
        for message in messages
    }
    for attachment in attachments:
        if stored := files.get(attachment.file_id):
            entries[attachment.message_id].files.append(stored)
    return list(entries.values())


def _body(message: Message) -> Markup:
    """Our own replies keep their form; what came from outside is shown as its words."""
    if message.kind != MessageKind.REPLY:
        return Markup(text_to_html(message.text))  # noqa: S704 — text_to_html escapes
    plain = nh3.clean(
        show(message.html), tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto", "tel"}
    )
    return Markup(plain)  # noqa: S704 — just cleaned


_TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "em",
    "h1",
    "h2",
    "h3",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "u",
    "ul",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "div",
    "span",
    "hr",
}


def file_of(ticket: Ticket, reader: Reader, token: str) -> StoredFile:
    """A file of the conversation that ``reader`` may see. :raises NotFound:"""
    stored = StoredFile.objects.filter(token=token, attached=True).first()
    if stored is None:
        raise NotFound()
    messages = [message.id for message in _readable(ticket, reader)]
    if not Attachment.objects.filter(message_id__in=messages, file_id=stored.id).exists():
        raise NotFound()
    return stored


def find_submission(nonce: str) -> bool:
    """Whether a form with this one-time number has come in and made something."""
    return Submission.objects.filter(nonce=nonce, ticket_id__isnull=False).exists()


def submitted(organization: Organization, nonce: str) -> Ticket:
    """The ticket of a form sent within the last day. :raises NotFound:"""
    with tenant(organization.id):
        row = Submission.objects.filter(
            nonce=nonce, created_at__gt=timezone.now() - THANKS_FOR, is_answer=False
        ).first()
        ticket: Ticket | None = Ticket.objects.filter(id=row.ticket_id).first() if row else None
    if ticket is None:
        raise NotFound()
    return ticket


def kept_files(tokens: list[str], limit: int) -> list[StoredFile]:
    """Files that an earlier attempt of a form has uploaded, as far as nothing has taken or swept them since."""
    rows = StoredFile.objects.filter(token__in=tokens[: limit * 2], attached=False, created_by_member_id=None)
    return list(rows.order_by("id"))[:limit]
