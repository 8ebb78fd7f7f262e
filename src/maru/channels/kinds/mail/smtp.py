"""The SMTP door: a mail is answered with 250 only after its bytes are committed under a unique key."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
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
from maru.channels.kinds.mail.peers import UNKNOWN_RECIPIENTS, Peers
from maru.channels.models import RawMail
from maru.core.html import one_line
from maru.core.tenancy import tenant
from maru.organizations.models import Organization, Service
from maru.tickets.models import Ticket

log = logging.getLogger("maru.mail")

_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_MESSAGE_ID = re.compile(rb"(?im)^message-id[ \t]*:[ \t]*(?:\r?\n[ \t]+)?<[^<>\s]{3,}>")
_CACHE_SECONDS = 30.0
TIMEOUT = 120
#: Bytes for which a connection gets a second more.
PACE = 1000
SESSION_SECONDS = 3600
#: So many bytes of a mail are progress (`maru.channels.kinds.mail.peers`); single ones now and then are none.
PIECE = 16 * 1024
#: What goes beyond a mail's size and is waited for, so that its sender can be told in good order that it is too large.
SLACK = 2 * 1024 * 1024
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

    async def handle_MAIL(  # noqa: N802 - the name is aiosmtpd's
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = server.may_send()
        if refusal:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, server: Server, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            target = await self._target(address)
        except DatabaseError as error:
            log.warning("RCPT put off: %s", error)
            return _LATER
        if server.is_guessing():
            return "450 4.7.1 Too many unknown addresses, please try again later"
        if target is None:
            server.unknown_recipients += 1
            return "550 5.1.1 No such address here"
        server.get_on()
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:  # noqa: N802
        # Keeping the mail is our work: nobody loses his place meanwhile.
        server.busy = True
        try:
            answer = await self._take(session, envelope)
            if answer.startswith("250"):
                # A relay keeps its connection for the mail of many: whoever brings mail is not guessing.
                server.unknown_recipients = 0
            return answer
        finally:
            server.busy = False
            server.get_on()
            server.forget_bytes()

    async def _take(self, session: Session, envelope: Envelope) -> str:
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
    """aiosmtpd with room for real mail, and with limits for each machine (`Peers`).

    Broken programs write lines far beyond the 1,000 characters of RFC 5321. A connection must bring bytes at a pace of
    1 KB/s after 120 s of patience, so that a mail over a slow line arrives and one that drips does not hold its place.
    """

    line_length_limit = 2 * 1024 * 1024

    def __init__(self, handler: Handler, peers: Peers, **more: Any) -> None:
        super().__init__(handler, **more)
        self.peers = peers
        self.unknown_recipients = 0
        self.busy = False
        self._address = ""
        self._bytes = 0
        self._heard = 0
        self._progress = 0.0
        self._entered = False
        self._begun = False
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuses politely when this machine, or everybody together, has too many connections.

        Called once more, with another transport, when STARTTLS has put its layer between.
        """
        assert isinstance(transport, asyncio.Transport)
        if not self._begun:
            peer = transport.get_extra_info("peername")
            self._address = str(peer[0]) if isinstance(peer, tuple) else ""
            self.get_on()
            if not self.peers.enter(self._address, self):
                transport.write(b"421 4.7.0 Too many connections, please try again later\r\n")
                transport.close()
                return
            self._entered = self._begun = True
            self._end = self.loop.call_later(SESSION_SECONDS, self._timeout_cb)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._leave()
        if self._begun:
            self._begun = False
            super().connection_lost(error)

    def _leave(self) -> None:
        if not self._entered:
            return
        self._entered = False
        if self._end is not None:
            self._end.cancel()
        self.peers.leave(self._address, self)
        self.forget_bytes()

    def data_received(self, data: bytes) -> None:
        """Counts what comes, and gives more time for it."""
        if not self._entered:
            return
        self._heard += len(data)
        if self._heard >= PIECE:
            self.get_on()
        self._bytes += len(data)
        self.peers.hold(self._address, len(data))
        if self._entered and self._bytes > MAX_SIZE + SLACK:
            # The limit was told before. The rest would be thrown away and only keep others' room.
            self.make_way(b"552 5.3.4 Too much mail data\r\n")
        if not self._entered:
            return
        if self._timeout_handle is not None:
            left = self._timeout_handle.when() - self.loop.time()
            self._reset_timeout(max(0.001, min(TIMEOUT, left + len(data) / PACE)))
        super().data_received(data)

    def forget_bytes(self) -> None:
        """What has been counted of this mail is in memory no more."""
        self.peers.release(self._address, self._bytes)
        self._bytes = 0

    def may_send(self) -> str:
        """Why no mail may begin now, as an answer; "" when it may."""
        self.forget_bytes()
        if not self.peers.has_room(self._address):
            return "452 4.3.1 Too much mail at once, please try again later"
        if not self.peers.may_send(self._address):
            log.warning("SMTP: %s sends too many mails", self._address)
            return "450 4.7.1 Too many mails in a minute, please try again later"
        return ""

    def get_on(self) -> None:
        """The sender has done something a mail needs."""
        self._heard, self._progress = 0, time.monotonic()

    def stalled_since(self) -> float:
        """Moment of the last progress; infinite while the delay is ours."""
        return math.inf if self.busy else self._progress

    def is_guessing(self) -> bool:
        """Whether the sender has named too many addresses that do not exist; a trusted relay passes on what others name."""
        return self.unknown_recipients >= UNKNOWN_RECIPIENTS and not self.peers.is_trusted(self._address)

    def held(self) -> int:
        """Bytes of this mail in memory; none while it is being kept, for ending the connection would free nothing."""
        return 0 if self.busy else self._bytes

    def make_way(self, words: bytes = b"421 4.4.2 Nothing came, please try again later\r\n") -> None:
        """Ends the connection for somebody else's sake; a sender who means it comes again."""
        self._leave()
        self._hang_up(words)

    def _timeout_cb(self) -> None:
        self._hang_up(b"421 4.4.2 Too slow, please try again later\r\n")

    def _hang_up(self, words: bytes) -> None:
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.write(words)
            self.transport.close()


def tls_context() -> ssl.SSLContext | None:
    """For STARTTLS, when the operator has named a certificate."""
    environment = settings.ENVIRONMENT
    if environment.smtp_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(environment.smtp_certificate, environment.smtp_certificate_key)
    return context


def peers_of_environment() -> Peers:
    """The limits as the operator has set them."""
    environment = settings.ENVIRONMENT
    return Peers(environment.smtp_peer_connections, environment.smtp_peer_mails, environment.smtp_trusted)


def make_server(handler: Handler, peers: Peers, loop: asyncio.AbstractEventLoop, tls: ssl.SSLContext | None) -> Server:
    """One connection's protocol object."""
    return Server(
        handler,
        peers,
        data_size_limit=MAX_SIZE,
        enable_SMTPUTF8=True,
        hostname=settings.ENVIRONMENT.mail_domain,
        ident="Maru",
        tls_context=tls,
        timeout=TIMEOUT,
        # Commands that bring nothing would keep a connection open for ever.
        command_call_limit={"*": 5000, "NOOP": 20, "HELP": 5, "VRFY": 5, "EHLO": 20, "HELO": 20, "EXPN": 1},
        loop=loop,
    )
