"""The SMTP door: a mail is answered with 250 only after its bytes are committed under a unique key."""

import asyncio
import hashlib
import logging
import re
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from maru.channels.kinds.mail.address import read_reply_address
from maru.channels.kinds.mail.parse.limits import MAX_RECIPIENTS, MAX_SIZE
from maru.channels.models import RawMail
from maru.core.html import one_line
from maru.core.tenancy import tenant
from maru.organizations.models import Organization, Service
from maru.tickets.models import Ticket

log = logging.getLogger("maru.mail")

_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_MESSAGE_ID = re.compile(rb"(?im)^message-id[ \t]*:[ \t]*(?:\r?\n[ \t]+)?<[^<>\s]{3,}>")
_CACHE_SECONDS = 30.0
CONNECTIONS = 200
TIMEOUT = 120
_LATER = "451 4.3.0 Temporary problem, please try again later"


@dataclass(frozen=True, slots=True)
class Target:
    """Whose mail an address takes in."""

    organization_id: int
    service_id: int
    address: str


def find_target(address: str) -> Target | None:
    """The service an address of ours belongs to, None when there is none. Raises DatabaseError.

    Every well-formed reply address of an organization is taken, so that nobody can ask us which tickets exist.
    """
    local, _, domain = address.strip().lower().rpartition("@")
    suffix = f".{settings.ENVIRONMENT.mail_domain}"
    if not local or not domain.endswith(suffix) or len(address) > 320 or not address.isprintable():
        return None
    organization = Organization.objects.filter(slug=domain.removesuffix(suffix)).first()
    if organization is None:
        return None
    reply = read_reply_address(address)
    with tenant(organization.id):
        active = Service.objects.filter(state=Service.State.ACTIVE).order_by("id")
        if reply is not None:
            ticket = Ticket.objects.filter(number=reply[0].number).only("service_id").first()
            service_id = ticket.service_id if ticket else active.values_list("id", flat=True).first()
        elif local in ("postmaster", "abuse"):
            service_id = active.values_list("id", flat=True).first()
        else:
            service_id = active.filter(slug=local.partition("+")[0]).values_list("id", flat=True).first()
    return Target(organization.id, service_id, f"{local}@{domain}") if service_id else None


def dedupe_key(raw: bytes, address: str, transaction: str) -> str:
    """The unique key of a delivery.

    A sender that never heard our 250 sends the same bytes again: they get the same key. Bytes without a Message-ID
    may honestly be the same twice (a device that reports the same words each day), so those count by transaction.
    """
    digest = hashlib.sha256(raw + b"\0" + address.encode()).hexdigest()
    head = raw[:65536].partition(b"\r\n\r\n")[0]
    return f"smtp:{digest}" if _MESSAGE_ID.search(head) else f"smtp:{transaction}:{digest}"


def store(targets: Sequence[Target], raw: bytes, *, sender: str, peer: str, transaction: str) -> None:
    """Commits the mail once for each address. Raises DatabaseError.

    Of several addresses of one service only one counts, a reply address before all others.
    """
    chosen: dict[tuple[int, int, str], Target] = {}
    for target in targets:
        reply = target.address if read_reply_address(target.address) else ""
        chosen.setdefault((target.organization_id, target.service_id, reply), target)
    replies = {key[:2] for key in chosen if key[2]}
    for (organization_id, service_id, reply), target in chosen.items():
        if not reply and (organization_id, service_id) in replies:
            continue
        with tenant(organization_id):
            row = RawMail(
                organization_id=organization_id,
                service_id=service_id,
                dedupe_key=dedupe_key(raw, target.address, transaction),
                envelope_from=one_line(sender, 320),
                envelope_to=target.address[:320],
                peer=peer[:100],
                raw=raw,
                sha256=hashlib.sha256(raw).hexdigest(),
                size=len(raw),
            )
            # Two connections may bring the same bytes at once: the constraint decides, and both are told 250.
            RawMail.objects.bulk_create([row], ignore_conflicts=True)


class Handler:
    """What aiosmtpd asks. Database work runs on threads, so that slow senders hold up nobody."""

    def __init__(self, executor: Executor, stored: Callable[[], None]) -> None:
        self.executor = executor
        self.stored = stored
        self._known: dict[str, tuple[float, Target]] = {}

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            target = await self._target(address)
        except DatabaseError as error:
            log.warning("RCPT put off: %s", error)
            return _LATER
        if target is None:
            return "550 5.1.1 No such address here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = envelope.content
        if not isinstance(raw, bytes):
            return _LATER
        if _BARE.search(raw):
            # Bare LF or CR smuggles a second mail past whoever reads lines differently (CVE-2024-27305).
            return "554 5.6.0 Bare CR or LF in the message"
        transaction = f"{time.time_ns():x}-{id(envelope):x}"
        try:
            targets = [found for address in envelope.rcpt_tos if (found := await self._target(address))]
            await self._run(
                store_now,
                targets,
                raw,
                envelope.mail_from or "",
                str(session.peer[0]) if isinstance(session.peer, tuple) else "",
                transaction,
            )
        except (DatabaseError, OSError) as error:
            log.warning("DATA put off: %s", error)
            return _LATER
        self.stored()
        return f"250 2.0.0 OK {transaction}"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever goes wrong here is no reason to send a mail back: the sender keeps it and tries again."""
        log.error("SMTP: %s", error, exc_info=error)
        return _LATER

    async def _target(self, address: str) -> Target | None:
        folded = address.strip().lower()
        known = self._known.get(folded)
        if known and known[0] > time.monotonic():
            return known[1]
        found: Target | None = await self._run(look_up, folded)
        if found is not None:
            if len(self._known) > 5000:
                self._known.clear()
            self._known[folded] = (time.monotonic() + _CACHE_SECONDS, found)
        return found

    async def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.executor, function, *arguments)


def look_up(address: str) -> Target | None:
    """`find_target` on a thread: a dead connection is thrown away, so that the next try gets a fresh one."""
    close_old_connections()
    try:
        return find_target(address)
    except DatabaseError:
        connection.close()
        raise


def store_now(targets: Sequence[Target], raw: bytes, sender: str, peer: str, transaction: str) -> None:
    """`store` on a thread; see `look_up`."""
    close_old_connections()
    try:
        store(targets, raw, sender=sender, peer=peer, transaction=transaction)
    except DatabaseError:
        connection.close()
        raise


class Server(SMTP):
    """aiosmtpd with room for real mail: broken programs write lines far beyond the 1,000 characters of RFC 5321."""

    line_length_limit = 2 * 1024 * 1024

    _open = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuses politely when all connections are taken."""
        if Server._open >= CONNECTIONS:
            assert isinstance(transport, asyncio.Transport)
            transport.write(b"421 4.3.2 Too many connections, please try again later\r\n")
            transport.close()
            return
        Server._open += 1
        self._counted = True
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if getattr(self, "_counted", False):
            Server._open -= 1
            self._counted = False
            super().connection_lost(error)


def tls_context() -> ssl.SSLContext | None:
    """For STARTTLS, when the operator has named a certificate."""
    environment = settings.ENVIRONMENT
    if environment.smtp_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(environment.smtp_certificate, environment.smtp_certificate_key)
    return context


def make_server(handler: Handler, loop: asyncio.AbstractEventLoop, tls: ssl.SSLContext | None) -> Server:
    """One connection's protocol object."""
    return Server(
        handler,
        data_size_limit=MAX_SIZE,
        enable_SMTPUTF8=True,
        hostname=settings.ENVIRONMENT.mail_domain,
        ident="Maru",
        tls_context=tls,
        timeout=TIMEOUT,
        loop=loop,
    )
