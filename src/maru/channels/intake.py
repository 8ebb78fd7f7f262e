"""What becomes of a mail that has been read: a message in its ticket, a held one, a new ticket, or nothing but a note.

Runs in the transaction that marks the raw mail as done, so that a mail is worked in exactly once.
"""

import logging
from dataclasses import dataclass

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from maru.accounts.models import Member
from maru.accounts.queries import find_account
from maru.channels.bounces import note_bounce, unflag_address
from maru.channels.kinds.mail.address import without_tags
from maru.channels.kinds.mail.parse import ParsedMail
from maru.channels.matching import Match, Verdict, match
from maru.channels.models import OutgoingMail, RawMail
from maru.channels.outgoing import is_own_address, mail_domain, organization_of
from maru.core.actors import Actor, system_actor
from maru.core.errors import Invalid
from maru.core.files import any_file, store_file
from maru.core.html import one_line
from maru.inboxes.queries import own_addresses
from maru.tickets.commands import add_customer_message, hold_message, open_ticket, propose_participants
from maru.tickets.commands.common import TEXT_LENGTH
from maru.tickets.errors import TicketClosedForGood
from maru.tickets.models import Channel, Message, Ticket
from maru.tickets.values import Copy, MailFacts, Requester

log = logging.getLogger("maru.mail")

_FILE_SIZE = 35 * 1024 * 1024
_FILES = 100
_TITLE = 300
_REMOTE_IMAGES = 200
#: Kinds of automatic mail that are kept in the conversation but reopen nothing and call nobody.
_ROBOTS = frozenset({"auto-generated", "bulk", "robot"})


@dataclass(slots=True)
class Outcome:
    """What was done: the state the raw mail gets, why, and what it became part of."""

    state: str
    reason: str = ""
    ticket_id: int | None = None
    message_id: int | None = None


def receive(raw: RawMail, mail: ParsedMail) -> Outcome:
    """Works a mail into its organization; called inside the organization's transaction, once per mail.

    Bounces mark the mail they are about. Out-of-office and other automatic replies are kept and change nothing.
    Everything else joins its ticket by the join matrix or opens one. Raises only what the database raises.
    """
    organization = organization_of(raw.organization_id)
    domain = mail_domain(organization)
    if mail.bounce is not None:
        return _bounce(raw, mail, domain)
    own = _own_mail(mail)
    if own is not None:
        return Outcome(RawMail.State.IGNORED, "own mail came back", own.ticket_id)
    found = match(mail, organization.id, domain, raw.envelope_to)
    if mail.auto_kind == "auto-replied":
        reason = "out of office" if mail.out_of_office else "automatic reply"
        joined = found.verdict is not Verdict.NEW
        return Outcome(RawMail.State.IGNORED, reason, found.ticket.id if found.ticket and joined else None)
    _one_at_a_time(raw, mail)
    twin = _delivered_twice(raw, mail)
    if twin is not None:
        return Outcome(RawMail.State.IGNORED, "delivered twice", twin.ticket_id, twin.id)
    actor = system_actor(organization.id, name=mail.sender.name or mail.sender.address)
    with translation.override(mail.language or organization.language):
        return _deliver(actor, raw, mail, found)


def _deliver(actor: Actor, raw: RawMail, mail: ParsedMail, found: Match) -> Outcome:
    facts, files = _files(actor, raw, mail)
    ticket = found.ticket
    if ticket is not None and found.verdict is not Verdict.NEW:
        put = add_customer_message if found.verdict is Verdict.JOIN else hold_message
        try:
            message = put(
                actor,
                ticket_id=ticket.id,
                text=mail.visible_text[:TEXT_LENGTH],
                html=_html(mail),
                author_name=mail.sender.name or mail.sender.address,
                author_address=mail.sender.key,
                channel=Channel.EMAIL,
                file_ids=files,
                mail=facts,
            )
        except TicketClosedForGood:
            log.info("mail %s answers a ticket closed for good: a linked one is opened", raw.id)
        else:
            if found.verdict is Verdict.JOIN:
                unflag_address(mail.sender.key)
                others = _others(mail, mail.sender.key, raw.envelope_to.lower())
                if others:
                    propose_participants(actor, ticket_id=ticket.id, copies=others)
            return Outcome(
                RawMail.State.DONE, "" if found.verdict is Verdict.JOIN else found.why, ticket.id, message.id
            )
    return _open(actor, raw, mail, facts, files, ticket)


def _open(
    actor: Actor, raw: RawMail, mail: ParsedMail, facts: MailFacts, files: list[int], linked: Ticket | None
) -> Outcome:
    requester, note = _requester(mail)
    title = one_line(without_tags(mail.subject), _TITLE) or one_line(mail.visible_text[:1000], 80) or _("(no subject)")
    ticket = open_ticket(
        actor,
        service_id=raw.service_id,
        title=title,
        text=mail.visible_text[:TEXT_LENGTH],
        html=_html(mail),
        requester=requester,
        channel=Channel.EMAIL,
        file_ids=files,
        language=mail.language,
        mail=facts,
        shared_note=note,
        linked_to_id=linked.id if linked else None,
        copies=_copies(mail, requester, raw.envelope_to.lower()),
        is_spam=mail.is_spam_marked,
        wants_receipt=not (
            mail.suppress_reply or mail.is_auto or note or _is_spoofed(mail) or is_own_address(requester.email)
        ),
    )
    return Outcome(RawMail.State.DONE, "", ticket.id, ticket.last_message_id)


def _html(mail: ParsedMail) -> str:
    """The cleaned HTML; "" (so that the text is shown) where escaping has blown it up beyond what a message holds."""
    return mail.html_visible if len(mail.html_visible) <= TEXT_LENGTH * 3 else ""


def _requester(mail: ParsedMail) -> tuple[Requester, str]:
    """Who asks, and a note for staff where that is not simply the sender.

    The sender named inside a forwarded mail counts only when a member of this organization forwards it; otherwise
    anybody could ask in anybody's name. A robot's Reply-To counts, as contact forms of shops send it.
    """
    sender = mail.sender
    forwarded = mail.forwarded_from
    if forwarded is not None and forwarded.key != sender.key:
        words = _("Forwarded by %(by)s. Original sender: %(original)s") % {
            "by": f"{sender.name} <{sender.address}>".strip(),
            "original": f"{forwarded.name} <{forwarded.address}>".strip(),
        }
        if mail.sender_verified_syntax and not _is_spoofed(mail) and _is_member(sender.key):
            return Requester(name=forwarded.name or forwarded.address, email=forwarded.key), words
        return Requester(name=sender.name or sender.address, email=sender.key), words
    if mail.auto_kind == "robot" and len(mail.reply_to) == 1 and mail.reply_to[0].key != sender.key:
        answer = mail.reply_to[0]
        words = _("Sent by %(by)s; answers go to %(to)s.") % {"by": sender.address, "to": answer.address}
        return Requester(name=answer.name or sender.name or answer.address, email=answer.key), words
    return Requester(name=sender.name or sender.address, email=sender.key), ""


def _is_spoofed(mail: ParsedMail) -> bool:
    """Whether our own server has seen that the sender's domain disowns this mail: then the address is somebody else's."""
    return mail.auth.get("dmarc") == "fail"


def _is_member(sender: str) -> bool:
    account = find_account(sender)
    return account is not None and Member.objects.filter(account_id=account.id, state=Member.State.ACTIVE).exists()


def _copies(mail: ParsedMail, requester: Requester, ours: str) -> list[Copy]:
    """`_others` of a new ticket, without the addresses of this organization's mailboxes."""
    found = _others(mail, requester.email, ours)
    own = own_addresses(copy.address for copy in found) if found else set()
    return [copy for copy in found if copy.address not in own]


def _others(mail: ParsedMail, sender: str, ours: str) -> list[Copy]:
    """Others the mail was sent to. They wait for staff to confirm them: a Cc must not make anybody a reader."""
    copies = {
        copy.key: Copy(copy.key, copy.name, is_confirmed=False)
        for copy in [*mail.to, *mail.cc]
        if copy.key not in (sender, ours, *mail.delivered_to) and not is_own_address(copy.key)
    }
    return list(copies.values())[:20]


def _files(actor: Actor, raw: RawMail, mail: ParsedMail) -> tuple[MailFacts, list[int]]:
    """Stores the attachments; one that cannot be stored stays in the raw mail and is named in the text."""
    files: list[int] = []
    inline: dict[str, int] = {}
    lost: list[str] = []
    rules = any_file(_FILE_SIZE, _FILES)
    for attachment in mail.attachments:
        if not attachment.content:
            continue
        try:
            stored = store_file(actor, name=attachment.name, source=attachment.content, allowed=rules)
        except Invalid:
            lost.append(attachment.name)
            continue
        if attachment.inline and attachment.content_id and attachment.content_id not in inline:
            inline[attachment.content_id] = stored.id
        else:
            files.append(stored.id)
    if lost:
        mail.visible_text += "\n\n" + _("Attachments kept in the original mail only: %(names)s") % {
            "names": ", ".join(lost)
        }
    facts = MailFacts(
        mail_id=raw.id,
        header_id=mail.message_id[:300],
        quoted=mail.quoted_text,
        remote_images=mail.remote_images[:_REMOTE_IMAGES],
        is_automatic=mail.auto_kind in _ROBOTS,
        is_unverified=not mail.sender_verified_syntax or _is_spoofed(mail),
        inline=inline,
    )
    return facts, files


def _bounce(raw: RawMail, mail: ParsedMail, domain: str) -> Outcome:
    row = note_bounce(mail, domain, raw.envelope_to)
    if row is None:
        return Outcome(RawMail.State.IGNORED, "report about a mail that is not ours")
    return Outcome(RawMail.State.DONE, f"bounce: {row.recipient}", row.ticket_id, row.message_id)


def _own_mail(mail: ParsedMail) -> OutgoingMail | None:
    """The mail of ours that this is: it went round and came back (a Cc to ourselves, a forwarding rule)."""
    if not mail.message_id.startswith("maru."):
        return None
    return OutgoingMail.objects.filter(header_id=mail.message_id).first()  # type: ignore[no-any-return]


def _one_at_a_time(raw: RawMail, mail: ParsedMail) -> None:
    """A mail that comes by two ways at once (reply to all) is worked in twice at the same time: the second one waits."""
    if mail.message_id:
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_advisory_xact_lock(hashtextextended(%s, %s))", [mail.message_id, raw.organization_id]
            )


def _delivered_twice(raw: RawMail, mail: ParsedMail) -> Message | None:
    """The message this mail has become already, over another way (SMTP and a mailbox, To and Cc).

    A header id is the sender's choice, so the words must be the same too: the same id with other words is new.
    """
    if not mail.message_id:
        return None
    # The condition of the partial index, as a literal: a prepared plan knows no values and would walk all messages.
    known = Message.objects.filter(header_id=mail.message_id[:300]).extra(where=["header_id <> ''"])
    for twin in sorted(known[:5], key=lambda message: message.id):
        same_words = " ".join(twin.text.split()) == " ".join(mail.visible_text.split())
        if same_words and twin.author_address == mail.sender.key and twin.ticket.service_id == raw.service_id:
            return twin  # type: ignore[no-any-return]
    return None
