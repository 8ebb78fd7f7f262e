"""Sending what waits in the outbox: one row, one recipient, one Message-ID, until the relay has taken it or time is up."""

import logging
import smtplib
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.db.models import F, Q
from django.db.models.functions import Now

from maru.channels.bounces import flag_address
from maru.channels.kinds.mail.compose import ComposeError, DkimKey, File, Outgoing, compose, envelope_address
from maru.channels.models import OutgoingMail
from maru.core.actors import system_actor
from maru.core.environment import Relay
from maru.core.errors import NotFound
from maru.core.events import publish
from maru.core.files import open_file
from maru.core.tenancy import tenant
from maru.tickets.events import ParticipantsChanged
from maru.tickets.models import Attachment

log = logging.getLogger("maru.mail")

BATCH = 10
LEASE = timedelta(minutes=5)
TIMEOUT = 30
#: Minutes before the next try; the last one repeats until `GIVE_UP`.
PAUSES = (1, 2, 5, 15, 30, 60, 120, 240)
GIVE_UP = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """The relay did not take the mail. `permanent`: it never will."""

    permanent: bool
    words: str
    bad_address: bool = False


class Sender:
    """A connection to the relay, kept for the mails of one round."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self._client: smtplib.SMTP | None = None

    def send(self, sender: str, recipient: str, raw: bytes) -> None:
        """Hands one mail over. Raises Refusal; a line that dies counts as "later", with the same Message-ID."""
        try:
            client = self._connected()
        except (smtplib.SMTPException, OSError) as error:
            # A wrong password or name of the relay is for the operator to mend, not a reason to give mail up.
            self.close()
            raise Refusal(False, f"{type(error).__name__}: {error}"[:500]) from error
        try:
            refused = client.sendmail(
                sender, [recipient], raw, mail_options=["BODY=8BITMIME"] if client.has_extn("8bitmime") else []
            )
            assert not refused, "one recipient: refusals raise"
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            self._reset()
            raise _refusal(code, words, recipient=True) from error
        except smtplib.SMTPSenderRefused as error:
            self.close()
            raise Refusal(False, _refusal(error.smtp_code, error.smtp_error).words) from error
        except smtplib.SMTPResponseException as error:
            self.close()
            raise _refusal(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Refusal(False, f"{type(error).__name__}: {error}"[:500]) from error

    def _connected(self) -> smtplib.SMTP:
        if self._client is not None:
            return self._client
        relay = self.relay
        name = settings.ENVIRONMENT.mail_domain
        context = ssl.create_default_context()
        client: smtplib.SMTP
        if relay.tls:
            client = smtplib.SMTP_SSL(relay.host, relay.port, local_hostname=name, timeout=TIMEOUT, context=context)
        else:
            client = smtplib.SMTP(relay.host, relay.port, local_hostname=name, timeout=TIMEOUT)
        # Kept before anything can fail, so that `close` finds it.
        self._client = client
        if relay.starttls:
            client.starttls(context=context)
        if relay.username:
            client.login(relay.username, relay.password or "")
        client.ehlo_or_helo_if_needed()
        return client

    def _reset(self) -> None:
        try:
            if self._client is not None:
                self._client.rset()
        except (smtplib.SMTPException, OSError):
            self.close()

    def close(self) -> None:
        """Ends the connection, whatever state it is in."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.quit()
        except (smtplib.SMTPException, OSError):
            client.close()


def _refusal(code: int, words: bytes | str, recipient: bool = False) -> Refusal:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    permanent = 500 <= code < 600
    bad = permanent and recipient and (code in (550, 551, 553) or text.startswith("5.1."))
    return Refusal(permanent, f"{code} {' '.join(text.split())}"[:500], bad)


class Deliverer:
    """A loop over due rows of all organizations."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._wake = threading.Event()

    def wake(self) -> None:
        """Something was queued here."""
        self._wake.set()

    def stop(self) -> None:
        """Ends the loop after the mail in hand."""
        self.stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Works until `stop`; a database that is away is waited for."""
        while not self.stopping.is_set():
            self._wake.clear()
            try:
                close_old_connections()
                found = deliver_due()
            except DatabaseError as error:
                log.warning("outgoing mail waits for the database: %s", error)
                connection.close()
                found = 0
            if found < BATCH:
                self._wake.wait(1.0)
        connection.close()


def deliver_due(limit: int = BATCH) -> int:
    """Sends one batch of due mails; returns how many were tried. Raises DatabaseError."""
    claimed = _claim(limit)
    relay = settings.ENVIRONMENT.relay
    if relay is None:
        _without_relay(claimed)
        return len(claimed)
    sender = Sender(relay)
    try:
        for claim in claimed:
            _deliver(claim, sender)
    finally:
        sender.close()
    return len(claimed)


@dataclass(frozen=True, slots=True)
class Claim:
    """A row leased to us. `attempt` is the fence: whoever claims it later counts one more."""

    organization_id: int
    id: int
    attempt: int


def _claim(limit: int) -> list[Claim]:
    with connection.cursor() as cursor:
        cursor.execute("select organization_id, id from channels_outgoing_due(%s)", [limit])
        due: dict[int, list[int]] = {}
        for organization_id, row_id in cursor.fetchall():
            due.setdefault(organization_id, []).append(row_id)
    claimed: list[Claim] = []
    for organization_id, ids in due.items():
        with tenant(organization_id):
            rows = list(
                OutgoingMail.objects.select_for_update(skip_locked=True)
                .filter(
                    id__in=ids, state__in=[OutgoingMail.State.QUEUED, OutgoingMail.State.DEFERRED], due_at__lte=Now()
                )
                .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=Now()))
                .values_list("id", "attempts")
            )
            ids = [row_id for row_id, _attempts in rows]
            OutgoingMail.objects.filter(id__in=ids).update(attempts=F("attempts") + 1, lease_until=Now() + LEASE)
            claimed += [Claim(organization_id, row_id, attempts + 1) for row_id, attempts in rows]
    return sorted(claimed, key=lambda claim: claim.id)


def _deliver(claim: Claim, sender: Sender) -> None:
    """One row, leased to us: compose, hand over, note. Nothing is locked while the relay is spoken to."""
    organization_id = claim.organization_id
    with tenant(organization_id):
        # The relay may have been so slow with the mails before this one that somebody else has taken it up.
        ours = OutgoingMail.objects.filter(id=claim.id, attempts=claim.attempt, due_at__isnull=False)
        if not ours.update(lease_until=Now() + LEASE):
            return
        row = OutgoingMail.objects.get(id=claim.id)
        try:
            raw = build(row)
        except ComposeError as error:
            _note_failure(row, f"{type(error).__name__}: {error}", bad_address=False)
            return
    try:
        sender.send(envelope_address(row.reply_to or row.sender), envelope_address(row.recipient), raw)
    except Refusal as refusal:
        with tenant(organization_id):
            too_old = datetime.now(UTC) - row.created_at > GIVE_UP
            if refusal.permanent or too_old:
                _note_failure(row, refusal.words, bad_address=refusal.bad_address)
            else:
                _defer(row, refusal.words)
        return
    with tenant(organization_id):
        _sent([row.id])


def _sent(ids: list[int]) -> None:
    OutgoingMail.objects.filter(id__in=ids).update(
        state=OutgoingMail.State.SENT, sent_at=Now(), due_at=None, lease_until=None, error=""
    )


def _without_relay(claimed: list[Claim]) -> None:
    """On the own machine the Postbox is the world; elsewhere mail waits for a relay to be named."""
    for organization_id in sorted({claim.organization_id for claim in claimed}):
        ids = [claim.id for claim in claimed if claim.organization_id == organization_id]
        with tenant(organization_id):
            if settings.ENVIRONMENT.loopback:
                _sent(ids)
                continue
            for row in OutgoingMail.objects.filter(id__in=ids):
                _defer(row, "no relay for outgoing mail is configured (MARU_RELAY_URL)")


def _defer(row: OutgoingMail, words: str) -> None:
    pause = timedelta(minutes=PAUSES[min(row.attempts, len(PAUSES)) - 1])
    OutgoingMail.objects.filter(id=row.id).update(
        state=OutgoingMail.State.DEFERRED, due_at=Now() + pause, lease_until=None, error=words[:500]
    )


def _note_failure(row: OutgoingMail, words: str, *, bad_address: bool) -> None:
    """Given up: shown at the message; a refused address is flagged at its customer."""
    # The relay's words often hold the address: they stand at the mail, not in the log.
    log.warning("mail %s given up: %s", row.id, words.partition(" ")[0])
    OutgoingMail.objects.filter(id=row.id).update(
        state=OutgoingMail.State.FAILED, due_at=None, lease_until=None, error=words[:500]
    )
    if bad_address:
        flag_address(row.recipient)
    if row.ticket is not None:
        publish(system_actor(row.organization_id), ParticipantsChanged(row.ticket.id, row.ticket.number))


def build(row: OutgoingMail) -> bytes:
    """The bytes of a row; the same row gives the same Message-ID and Date each time. Raises ComposeError."""
    headers = dict(row.headers)
    return compose(
        Outgoing(
            sender=row.sender,
            sender_name=row.sender_name,
            recipient=row.recipient,
            recipient_name=row.recipient_name,
            reply_to=row.reply_to,
            to=_named(row, "to"),
            copies=_named(row, "cc"),
            subject=row.subject,
            text=row.text,
            html=row.html,
            message_id=row.header_id,
            in_reply_to=str(headers.pop("In-Reply-To", "")),
            references=[str(reference) for reference in headers.pop("References", [])],
            automatic=str(headers.pop("Auto-Submitted", "")),
            headers={name: str(value) for name, value in headers.items()},
            files=_files(row),
            sent_at=row.created_at,
        ),
        dkim_key(row.sender.rpartition("@")[2]),
    )


def _named(row: OutgoingMail, role: str) -> list[tuple[str, str]]:
    return [(str(one.get("name", "")), str(one["address"])) for one in row.copies if one.get("role") == role]


def _files(row: OutgoingMail) -> list[File]:
    if row.message_id is None or row.purpose != "reply":
        return []
    found = []
    for attachment in Attachment.objects.filter(message_id=row.message_id).order_by("id"):
        try:
            with open_file(attachment.file) as source:
                content = source.read()
        except (NotFound, OSError) as error:
            raise ComposeError(f"attachment {attachment.id} is gone: {error}") from error
        content_id = attachment.content_id if attachment.is_inline else ""
        found.append(File(attachment.file.name, attachment.file.content_type.split(";")[0], content, content_id))
    return found


def dkim_key(domain: str) -> DkimKey | None:
    """The operator's key, when one is set; it signs for the mail domain, which all of our own addresses lie under."""
    environment = settings.ENVIRONMENT
    if environment.dkim_key is None or not environment.dkim_selector:
        return None
    own = environment.mail_domain
    if domain != own and not domain.endswith(f".{own}"):
        return None
    return DkimKey(environment.dkim_selector, own, environment.dkim_key.read_bytes())
