"""Turning stored mails into tickets: claim, read in a child, work in, each step safe to be killed in."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.db.models import Case, F, When
from django.db.models.functions import Now

from maru.channels.intake import receive
from maru.channels.kinds.mail.parse import ParserPool, Quarantine
from maru.channels.models import RawMail
from maru.core.tenancy import tenant

log = logging.getLogger("maru.mail")

ATTEMPTS = 3
BATCH = 10
_SMALL = 512 * 1024
#: A claimed mail is taken up again after so long, should this process die over it.
LEASE = timedelta(seconds=30)
RETRY = (timedelta(seconds=5), timedelta(seconds=60))
#: What passes by itself: the mail is not to blame, so the attempt does not count.
_TRANSIENT = DatabaseError
#: What may lie in the machine instead of the mail (asleep, overloaded, out of memory): tried again like a failure.
_PASSING = frozenset({"timeout", "crash"})


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail taken for reading. `raw` is None for a large one: twenty of those must not be in memory at once."""

    organization_id: int
    id: int
    attempts: int
    envelope_from: str | None
    raw: bytes | None


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
                    close_old_connections()
                    found = self.batch(workers)
                except DatabaseError as error:
                    log.warning("mail waits for the database: %s", error)
                    connection.close()
                    found = 0
                if not found:
                    self._wake.wait(1.0)

    def batch(self, workers: ThreadPoolExecutor | None = None) -> int:
        """Claims and works in one batch; returns how many mails it held."""
        claimed = claim(BATCH)
        if workers is None:
            for mail in claimed:
                self.work(mail)
        else:
            list(workers.map(self.work, claimed))
        return len(claimed)

    def work(self, mail: Claimed) -> None:
        """Reads one claimed mail and works it in; failures are noted at the mail, never raised."""
        try:
            process(mail, self.pool)
        except _TRANSIENT as error:
            log.warning("mail %s: %s", mail.id, error)
            connection.close()
            _give_back(mail)
        except Exception as error:  # Whatever goes wrong with one mail must not stop the others.
            log.exception("mail %s could not be worked in", mail.id)
            _failed(mail, f"{type(error).__name__}: {error}")


def claim(limit: int) -> list[Claimed]:
    """Takes due mails: counts the attempt and hides them from others for the time of a lease."""
    with connection.cursor() as cursor:
        cursor.execute("select organization_id, id from channels_raw_due(%s)", [limit])
        due: dict[int, list[int]] = {}
        for organization_id, mail_id in cursor.fetchall():
            due.setdefault(organization_id, []).append(mail_id)
    claimed: list[Claimed] = []
    for organization_id, ids in due.items():
        with tenant(organization_id):
            rows = list(
                RawMail.objects.select_for_update(skip_locked=True)
                .filter(id__in=ids, state=RawMail.State.RECEIVED, due_at__lte=Now())
                .order_by("id")
                .annotate(small=Case(When(size__lte=_SMALL, then=F("raw"))))
                .values_list("id", "attempts", "envelope_from", "mailbox_id", "small")
            )
            RawMail.objects.filter(id__in=[row[0] for row in rows]).update(
                attempts=F("attempts") + 1, due_at=Now() + LEASE
            )
            claimed += [
                Claimed(organization_id, row[0], row[1] + 1, None if row[3] else row[2], row[4] and bytes(row[4]))
                for row in rows
            ]
    return sorted(claimed, key=lambda mail: mail.id)


def process(claimed: Claimed, pool: ParserPool) -> None:
    """Reads and works in one mail. Raises what the database or the intake raises; nothing is half done then."""
    if claimed.attempts > ATTEMPTS:
        _quarantine(claimed, "failed three times")
        return
    raw = claimed.raw
    if raw is None:
        with tenant(claimed.organization_id):
            raw = bytes(RawMail.objects.only("raw").get(id=claimed.id).raw)
    mail = pool.parse(raw, envelope_from=claimed.envelope_from, authserv_id=settings.ENVIRONMENT.authserv_id)
    if isinstance(mail, Quarantine):
        give_up = _failed if mail.reason in _PASSING else _quarantine
        give_up(claimed, f"{mail.reason}: {mail.detail}" if mail.detail else mail.reason)
        return
    with tenant(claimed.organization_id):
        row = RawMail.objects.select_for_update(no_key=True).defer("raw").filter(id=claimed.id).first()
        if row is None or row.state != RawMail.State.RECEIVED:
            return
        outcome = receive(row, mail)
        RawMail.objects.filter(id=row.id).update(
            state=outcome.state,
            reason=outcome.reason[:300],
            subject=mail.subject[:300],
            sender=mail.sender.address[:320],
            header_id=mail.message_id[:300],
            ticket_id=outcome.ticket_id,
            message_id=outcome.message_id,
            due_at=None,
            done_at=Now(),
        )


def _quarantine(mail: Claimed, reason: str) -> None:
    """Keeps the mail for staff: listed, its raw bytes at hand, to be tried again."""
    # The reason may name people (an unreadable From): it stands at the mail, not in the log.
    log.warning("mail %s quarantined: %s", mail.id, reason.partition(":")[0])
    with tenant(mail.organization_id):
        RawMail.objects.filter(id=mail.id, state=RawMail.State.RECEIVED).update(
            state=RawMail.State.QUARANTINED, reason=reason[:300], due_at=None, done_at=Now()
        )


def _failed(mail: Claimed, reason: str) -> None:
    try:
        if mail.attempts < ATTEMPTS:
            pause = RETRY[min(mail.attempts, len(RETRY)) - 1]
            with tenant(mail.organization_id):
                RawMail.objects.filter(id=mail.id, state=RawMail.State.RECEIVED).update(
                    due_at=Now() + pause, reason=reason[:300]
                )
            return
        _quarantine(mail, f"failed three times: {reason}")
    except DatabaseError:
        # The lease runs out and the mail is taken up again.
        log.warning("mail %s: its failure could not be noted", mail.id)
        connection.close()


def _give_back(mail: Claimed) -> None:
    """The database was away or had to choose between two: the mail is not to blame, try it again soon."""
    try:
        with tenant(mail.organization_id):
            RawMail.objects.filter(id=mail.id, state=RawMail.State.RECEIVED).update(
                due_at=Now() + timedelta(seconds=1), attempts=F("attempts") - 1
            )
    except DatabaseError:
        log.warning("mail %s waits for its lease to run out", mail.id)
        connection.close()
