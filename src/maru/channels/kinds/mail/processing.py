"""Turning stored mails into tickets: claim, read in a child, work in, each step safe to be killed in."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.db.models import F
from django.db.models.functions import Now

from maru.channels.intake import receive
from maru.channels.kinds.mail.parse import ParserPool, Quarantine
from maru.channels.models import RawMail
from maru.core.tenancy import tenant

log = logging.getLogger("maru.mail")

ATTEMPTS = 3
BATCH = 20
#: A claimed mail is taken up again after so long, should this process die over it.
LEASE = timedelta(seconds=45)
RETRY = (timedelta(seconds=5), timedelta(seconds=60))
#: What passes by itself: the mail is not to blame, so the attempt does not count.
_TRANSIENT = DatabaseError


class Processor:
    """A loop over due mails of all organizations. `wake` makes it look at once."""

    def __init__(self, pool: ParserPool, threads: int = 2) -> None:
        self.pool = pool
        self.stopping = threading.Event()
        self._wake = threading.Event()
        self._threads = threads

    def wake(self) -> None:
        """New mail has been committed."""
        self._wake.set()

    def stop(self) -> None:
        """Ends the loop after the mails in hand."""
        self.stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Works until `stop`; a database that is away is waited for."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="mail") as workers:
            while not self.stopping.is_set():
                self._wake.clear()
                try:
                    found = self.round(workers)
                except DatabaseError as error:
                    log.warning("mail waits for the database: %s", error)
                    connection.close()
                    found = 0
                if not found:
                    self._wake.wait(1.0)

    def round(self, workers: ThreadPoolExecutor | None = None) -> int:
        """Claims and works in one batch; returns how many mails it held."""
        close_old_connections()
        claimed = claim(BATCH)
        if workers is None:
            for organization_id, mail_id in claimed:
                self.work(organization_id, mail_id)
        else:
            list(workers.map(lambda pair: self.work(*pair), claimed))
        return len(claimed)

    def work(self, organization_id: int, mail_id: int) -> None:
        """Reads one claimed mail and works it in; failures are noted at the mail, never raised."""
        try:
            process(organization_id, mail_id, self.pool)
        except _TRANSIENT as error:
            log.warning("mail %s: %s", mail_id, error)
            connection.close()
            _give_back(organization_id, mail_id)
        except Exception as error:  # Whatever goes wrong with one mail must not stop the others.
            log.exception("mail %s could not be worked in", mail_id)
            _failed(organization_id, mail_id, f"{type(error).__name__}: {error}")


def claim(limit: int) -> list[tuple[int, int]]:
    """Takes due mails: counts the attempt and hides them from others for the time of a lease."""
    with connection.cursor() as cursor:
        cursor.execute("select organization_id, id from channels_raw_due(%s)", [limit])
        due: dict[int, list[int]] = {}
        for organization_id, mail_id in cursor.fetchall():
            due.setdefault(organization_id, []).append(mail_id)
    claimed: list[tuple[int, int]] = []
    for organization_id, ids in due.items():
        with tenant(organization_id):
            rows = list(
                RawMail.objects.select_for_update(skip_locked=True)
                .filter(id__in=ids, state=RawMail.State.RECEIVED, due_at__lte=Now())
                .order_by("id")
                .values_list("id", flat=True)
            )
            RawMail.objects.filter(id__in=rows).update(attempts=F("attempts") + 1, due_at=Now() + LEASE)
            claimed += [(organization_id, mail_id) for mail_id in rows]
    return sorted(claimed, key=lambda pair: pair[1])


def process(organization_id: int, mail_id: int, pool: ParserPool) -> None:
    """Reads and works in one mail. Raises what the database or the intake raises; nothing is half done then."""
    with tenant(organization_id):
        row = RawMail.objects.only("raw", "envelope_from", "mailbox_id", "attempts").get(id=mail_id)
        raw, attempts = bytes(row.raw), row.attempts
        envelope_from = None if row.mailbox_id else row.envelope_from
    if attempts > ATTEMPTS:
        _quarantine(organization_id, mail_id, "failed three times")
        return
    mail = pool.parse(raw, envelope_from=envelope_from, authserv_id=settings.ENVIRONMENT.authserv_id)
    if isinstance(mail, Quarantine):
        _quarantine(organization_id, mail_id, f"{mail.reason}: {mail.detail}" if mail.detail else mail.reason)
        return
    with tenant(organization_id):
        claimed = RawMail.objects.select_for_update(no_key=True).defer("raw").filter(id=mail_id).first()
        if claimed is None or claimed.state != RawMail.State.RECEIVED:
            return
        outcome = receive(claimed, mail)
        RawMail.objects.filter(id=mail_id).update(
            state=outcome.state,
            reason=outcome.reason[:300],
            subject=mail.subject[:300],
            sender=mail.sender.address[:320],
            header_id=mail.message_id[:300],
            ticket_id=outcome.ticket.id if outcome.ticket else None,
            message_id=outcome.message.id if outcome.message else None,
            due_at=None,
            done_at=Now(),
        )


def _quarantine(organization_id: int, mail_id: int, reason: str) -> None:
    """Keeps the mail for staff: listed, its raw bytes at hand, to be tried again."""
    log.warning("mail %s quarantined: %s", mail_id, reason)
    with tenant(organization_id):
        RawMail.objects.filter(id=mail_id, state=RawMail.State.RECEIVED).update(
            state=RawMail.State.QUARANTINED, reason=reason[:300], due_at=None, done_at=Now()
        )


def _failed(organization_id: int, mail_id: int, reason: str) -> None:
    try:
        with tenant(organization_id):
            row = RawMail.objects.only("attempts").get(id=mail_id)
            if row.attempts < ATTEMPTS:
                pause = RETRY[min(row.attempts, len(RETRY)) - 1]
                RawMail.objects.filter(id=mail_id, state=RawMail.State.RECEIVED).update(
                    due_at=Now() + pause, reason=reason[:300]
                )
                return
        _quarantine(organization_id, mail_id, f"failed three times: {reason}")
    except DatabaseError:
        # The lease runs out and the mail is taken up again.
        log.warning("mail %s: its failure could not be noted", mail_id)
        connection.close()


def _give_back(organization_id: int, mail_id: int) -> None:
    """The database was away or had to choose between two: the mail is not to blame, try it again soon."""
    try:
        with tenant(organization_id):
            RawMail.objects.filter(id=mail_id, state=RawMail.State.RECEIVED).update(
                due_at=Now() + timedelta(seconds=1), attempts=F("attempts") - 1
            )
    except DatabaseError:
        log.warning("mail %s waits for its lease to run out", mail_id)
        connection.close()
