"""Outside mailboxes, read by IMAP and never written to: no flag is set, nothing is moved or deleted.

Each message is committed together with the cursor (UIDVALIDITY, last UID), so that it is taken in exactly once
whenever this process dies.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _
from imapclient import IMAPClient

from maru.channels.kinds.mail.imap_connection import ImapError, connect
from maru.channels.kinds.mail.parse.limits import MAX_SIZE
from maru.channels.models import RawMail
from maru.channels.outgoing import organization_of
from maru.core.tenancy import tenant
from maru.inboxes.models import Mailbox

log = logging.getLogger("maru.mail")

IDLE_SECONDS = 9 * 60
POLL_SECONDS = 30
_PAUSES = (5, 15, 60, 120, 300)
_REREAD = 20


def take_in(mailbox: Mailbox, uid: int, validity: int, raw: bytes, *, too_large: int = 0) -> bool:
    """Commits one message and moves the cursor behind it; False when it was here before. Raises DatabaseError.

    After a new UIDVALIDITY every number has changed, so the bytes themselves are compared then.
    """
    digest = hashlib.sha256(raw).hexdigest()
    key = f"imap:{mailbox.id}:{validity}:{uid}"
    with tenant(mailbox.organization_id):
        known = RawMail.objects.filter(dedupe_key=key).exists()
        if not known and mailbox.uid_validity not in (None, validity):
            known = RawMail.objects.filter(mailbox_id=mailbox.id, sha256=digest).exists()
        if not known:
            row = RawMail(
                organization_id=mailbox.organization_id,
                service_id=mailbox.service_id,
                mailbox_id=mailbox.id,
                dedupe_key=key,
                envelope_to=mailbox.address,
                peer=mailbox.host[:100],
                raw=raw,
                sha256=digest,
                size=too_large or len(raw),
            )
            if too_large:
                row.state, row.reason, row.due_at = RawMail.State.QUARANTINED, f"too_large: {too_large} bytes", None
            RawMail.objects.bulk_create([row], ignore_conflicts=True)
        cursor = Mailbox.objects.filter(id=mailbox.id)
        if mailbox.uid_validity == validity:
            cursor.filter(last_uid__lt=uid).update(last_uid=uid)
    return not known


def fetch_new(client: IMAPClient, mailbox: Mailbox, folder: dict[bytes, Any]) -> int:
    """Takes in everything behind the cursor, oldest first; returns how many were new.

    The very first look takes only what nobody has read and what came since the day before the mailbox was added:
    nobody wants ten years of old mail as tickets.
    """
    validity = int(folder[b"UIDVALIDITY"])
    if mailbox.uid_validity != validity:
        found = _first_look(client, mailbox, validity)
        new = sum([_fetch_one(client, mailbox, uid, validity) for uid in found])
        last = max([*found, int(folder.get(b"UIDNEXT", 1)) - 1, 0])
        with tenant(mailbox.organization_id):
            Mailbox.objects.filter(id=mailbox.id).update(uid_validity=validity, last_uid=last)
        mailbox.uid_validity, mailbox.last_uid = validity, last
        return new
    new = 0
    for uid in sorted(int(uid) for uid in client.search(["UID", f"{mailbox.last_uid + 1}:*"])):
        # "n:*" always answers the newest message, even when its number is smaller.
        if uid > mailbox.last_uid:
            new += _fetch_one(client, mailbox, uid, validity)
            mailbox.last_uid = uid
    return new


def _first_look(client: IMAPClient, mailbox: Mailbox, validity: int) -> list[int]:
    since = mailbox.created_at - timedelta(days=1)
    criteria: list[Any] = ["SINCE", since.date()]
    if mailbox.uid_validity is None:
        criteria.insert(0, "UNSEEN")
    return sorted(int(uid) for uid in client.search(criteria))


def _fetch_one(client: IMAPClient, mailbox: Mailbox, uid: int, validity: int) -> int:
    size = client.fetch([uid], ["RFC822.SIZE"]).get(uid, {}).get(b"RFC822.SIZE")
    if size is None:
        return 0
    if size > MAX_SIZE:
        head = client.fetch([uid], ["BODY.PEEK[HEADER]"]).get(uid, {}).get(b"BODY[HEADER]", b"")
        return int(take_in(mailbox, uid, validity, bytes(head), too_large=size))
    raw = client.fetch([uid], ["BODY.PEEK[]"]).get(uid, {}).get(b"BODY[]")
    return int(take_in(mailbox, uid, validity, bytes(raw))) if raw is not None else 0


class Watcher(threading.Thread):
    """One mailbox: connect, take in, wait by IDLE (or look every 30 s), come back after errors."""

    def __init__(self, mailbox: Mailbox, stored: Any) -> None:
        super().__init__(name=f"imap-{mailbox.id}", daemon=True)
        self.mailbox = mailbox
        self.stored = stored
        self.stopping = threading.Event()
        self.failures = 0

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                close_old_connections()
                # What goes wrong is shown to the people of this organization.
                with translation.override(organization_of(self.mailbox.organization_id).language):
                    self._watch()
            except DatabaseError as error:
                connection.close()
                self.failures += 1
                log.warning("mailbox %s waits for the database: %s", self.mailbox.id, error)
            except (ImapError, OSError, ValueError, KeyError) as error:
                self._note(str(error))
            except Exception as error:  # A server may say anything; the mailbox is tried again, the others go on.
                log.exception("mailbox %s", self.mailbox.id)
                self._note(f"{type(error).__name__}: {error}")
            self.stopping.wait(_PAUSES[min(self.failures, len(_PAUSES)) - 1] if self.failures else 1)
        connection.close()

    def _watch(self) -> None:
        client = connect(self.mailbox)
        try:
            folder = client.select_folder(self.mailbox.folder, readonly=True)
            idle = client.has_capability("IDLE")
            while not self.stopping.is_set():
                if fetch_new(client, self.mailbox, folder):
                    self.stored()
                self._succeeded()
                if idle:
                    self._idle(client)
                else:
                    self.stopping.wait(POLL_SECONDS)
                    client.noop()
        finally:
            with suppress(Exception):
                client.logout()

    def _idle(self, client: IMAPClient) -> None:
        """Waits for news; servers drop an IDLE after 30 minutes and routers earlier, so it is renewed in time."""
        client.idle()
        end = time.monotonic() + IDLE_SECONDS
        while not self.stopping.is_set() and time.monotonic() < end:
            asked = time.monotonic()
            answers = [answer for answer in client.idle_check(timeout=2) if isinstance(answer, tuple)]
            if any(b"EXISTS" in answer or b"RECENT" in answer for answer in answers):
                break
            # imapclient swallows the end of a line that has died; it shows only in not waiting.
            silent = not answers and time.monotonic() - asked < 1
            if silent or any(b"BYE" in answer for answer in answers):
                raise ImapError(_("The server has closed the connection."))
        client.idle_done()

    def _succeeded(self) -> None:
        self.failures = 0
        with tenant(self.mailbox.organization_id):
            Mailbox.objects.filter(id=self.mailbox.id).update(last_success_at=Now(), last_error="")

    def _note(self, words: str) -> None:
        self.failures += 1
        log.warning("mailbox %s: %s", self.mailbox.id, words)
        try:
            with tenant(self.mailbox.organization_id):
                Mailbox.objects.filter(id=self.mailbox.id).update(last_error=words[:1000])
        except DatabaseError:
            connection.close()


class Watchers:
    """Keeps one watcher running for each active mailbox of all organizations."""

    def __init__(self, stored: Any) -> None:
        self.stored = stored
        self.stopping = threading.Event()
        self.running: dict[int, tuple[tuple[Any, ...], Watcher]] = {}

    def run(self) -> None:
        """Looks for added, changed and removed mailboxes until `stop`."""
        while not self.stopping.is_set():
            try:
                close_old_connections()
                self._adjust(active_mailboxes())
            except DatabaseError as error:
                connection.close()
                log.warning("mailboxes wait for the database: %s", error)
            self.stopping.wait(_REREAD / 4)
        watchers = [watcher for _known, watcher in self.running.values()]
        for watcher in watchers:
            watcher.stopping.set()
        for watcher in watchers:
            watcher.join(timeout=4)

    def stop(self) -> None:
        self.stopping.set()

    def _adjust(self, wanted: Iterable[Mailbox]) -> None:
        found = {mailbox.id: (_settings(mailbox), mailbox) for mailbox in wanted}
        for mailbox_id, (known, watcher) in list(self.running.items()):
            if mailbox_id not in found or found[mailbox_id][0] != known or not watcher.is_alive():
                watcher.stopping.set()
                del self.running[mailbox_id]
        for mailbox_id, (known, mailbox) in found.items():
            if mailbox_id not in self.running:
                watcher = Watcher(mailbox, self.stored)
                self.running[mailbox_id] = (known, watcher)
                watcher.start()


def _settings(mailbox: Mailbox) -> tuple[Any, ...]:
    return (
        mailbox.host,
        mailbox.port,
        mailbox.security,
        mailbox.auth,
        mailbox.user_name,
        bytes(mailbox.secret),
        mailbox.folder,
        mailbox.service_id,
    )


def active_mailboxes() -> list[Mailbox]:
    """Every mailbox to be read, of all organizations."""
    with connection.cursor() as cursor:
        cursor.execute("select organization_id, id from inboxes_active(%s)", [5000])
        due = cursor.fetchall()
    found: list[Mailbox] = []
    for organization_id, mailbox_id in due:
        with tenant(organization_id):
            found += list(Mailbox.objects.filter(id=mailbox_id, is_active=True))
    return found


def seconds_since(moment: datetime | None) -> float | None:
    """Age of a success, for status pages; None when there never was one."""
    return (datetime.now(UTC) - moment).total_seconds() if moment else None
