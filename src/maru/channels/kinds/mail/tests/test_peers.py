"""The SMTP door against machines that flood, dawdle, guess or smuggle; whatever is refused may come again."""

import asyncio
import math
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import pytest

from maru.channels.kinds.mail import peers as limits
from maru.channels.kinds.mail import smtp
from maru.channels.kinds.mail.peers import Peers
from maru.channels.kinds.mail.smtp import Handler, Target, make_server

Door = Callable[..., int]
HELP = "help@ab.maru.localhost"


class Busy:
    """A connection that always gets on."""

    def stalled_since(self) -> float:
        return math.inf

    def held(self) -> int:
        return 0

    def make_way(self, words: bytes = b"") -> None:
        raise AssertionError("whoever gets on stays")


def entered(peers: Peers, address: str) -> bool:
    return peers.enter(address, Busy())


def test_a_burst_is_welcome_and_then_what_leaks() -> None:
    peers = Peers(connections=2, mails_per_minute=60, trusted=())
    assert [peers.may_send("192.0.2.1", now=1000.0) for _ in range(61)] == [True] * 60 + [False]
    assert peers.may_send("192.0.2.2", now=1000.0), "others are not to blame"
    assert not peers.may_send("192.0.2.1", now=1000.5)
    assert peers.may_send("192.0.2.1", now=1001.6)
    assert [peers.may_send("192.0.2.1", now=2000.0) for _ in range(61)] == [True] * 60 + [False]


def test_a_network_of_one_machine_is_one_machine() -> None:
    peers = Peers(connections=2, mails_per_minute=1, trusted=())
    assert entered(peers, "2001:db8:1:2::1")
    assert entered(peers, "2001:db8:1:2:ffff::9")
    assert not entered(peers, "2001:db8:1:2::3")
    assert entered(peers, "2001:db8:1:3::1")
    assert entered(peers, "192.0.2.1")
    assert entered(peers, "::ffff:192.0.2.1")
    assert not entered(peers, "192.0.2.1")
    peers.leave("192.0.2.1", Busy())
    assert entered(peers, "192.0.2.1")


def test_trusted_machines_are_bound_by_the_common_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECTIONS", 5)
    peers = Peers(connections=1, mails_per_minute=1, trusted=(ip_network("10.0.0.0/8"),))
    assert [entered(peers, "10.1.1.1") for _ in range(6)] == [True] * 5 + [False]
    assert all(peers.may_send("10.1.1.1") for _ in range(50))


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_REMEMBERED", 10)
    peers = Peers(connections=1, mails_per_minute=1, trusted=())
    assert entered(peers, "192.0.2.1")
    for number in range(100):
        peers.may_send(f"198.51.100.{number}")
    assert len(peers._peers) <= 11
    assert not entered(peers, "192.0.2.1"), "what is open is never forgotten"


@pytest.fixture
def door() -> Iterator[Door]:
    """``door(connections=2, mails=3)`` opens a door that knows one address and keeps nothing; its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    executor = ThreadPoolExecutor(1)
    servers: list[asyncio.Server] = []

    def opened(connections: int = 20, mails: int = 100, trusted: tuple[limits.Network, ...] = ()) -> int:
        handler, peers = Handler(executor, lambda: None), Peers(connections, mails, trusted)
        handler._known[HELP] = (time.monotonic() + 600, Target(1, 1, HELP))

        async def start() -> asyncio.Server:
            return await loop.create_server(lambda: make_server(handler, peers, loop, None), "127.0.0.1", 0)

        server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    yield opened
    for server in servers:
        loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    executor.shutdown()


def greeting(port: int) -> tuple[socket.socket, bytes]:
    line = socket.create_connection(("127.0.0.1", port), timeout=20)
    return line, line.recv(200)


@pytest.mark.row("EML-07")
def test_one_machine_has_so_many_connections_and_no_more(door: Door) -> None:
    port = door(connections=3)
    held = [greeting(port) for _ in range(3)]
    assert all(words.startswith(b"220") for _line, words in held)
    refused, words = greeting(port)
    assert words.startswith(b"421 4.7.0")
    assert refused.recv(10) == b""
    held[0][0].close()
    deadline = time.monotonic() + 10
    while not (again := greeting(port))[1].startswith(b"220"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for line, _words in [*held[1:], again]:
        line.close()
    refused.close()


@pytest.mark.row("EML-07")
def test_one_machine_sends_so_many_mails_in_a_minute(door: Door) -> None:
    with smtplib.SMTP("127.0.0.1", door(mails=3), timeout=20) as client:
        client.ehlo("x.example")
        answers = []
        for _ in range(5):
            answers.append(client.mail("a@b.example"))
            client.rset()
        assert [code for code, _words in answers] == [250, 250, 250, 450, 450]
        assert answers[-1][1].startswith(b"4.7.1")


def test_guessing_addresses_ends(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "look_up", lambda address: None)
    with smtplib.SMTP("127.0.0.1", door(), timeout=20) as client:
        client.ehlo("x.example")
        client.mail("a@b.example")
        codes = [client.rcpt(f"guess{number}@ab.maru.localhost")[0] for number in range(22)]
        assert codes == [550] * 20 + [450] * 2


@pytest.mark.parametrize("trusted", [False, True])
def test_whoever_brings_mail_is_not_guessing(door: Door, monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    monkeypatch.setattr(smtp, "look_up", lambda address: None)
    monkeypatch.setattr(smtp, "store_now", lambda *_arguments: None)
    port = door(trusted=(ip_network("127.0.0.0/8"),) if trusted else ())
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        client.ehlo("x.example")
        for mail in range(3):
            client.mail("a@b.example")
            gone = 30 if trusted else 15
            codes = [client.rcpt(f"gone{mail}-{number}@ab.maru.localhost")[0] for number in range(gone)]
            assert codes == [550] * gone
            assert client.rcpt(HELP)[0] == 250
            assert client.data(b"Subject: x\r\n\r\nx\r\n")[0] == 250


class Holding:
    """A connection that has bytes of a mail."""

    def __init__(self, peers: Peers, address: str) -> None:
        self.peers, self.address, self.bytes, self.words = peers, address, 0, b""
        assert peers.enter(address, self)

    def stalled_since(self) -> float:
        return math.inf

    def held(self) -> int:
        return self.bytes

    def gets(self, size: int) -> None:
        self.bytes += size
        self.peers.hold(self.address, size)

    def make_way(self, words: bytes = b"") -> None:
        self.words = words
        self.peers.leave(self.address, self)
        self.peers.release(self.address, self.bytes)


def test_one_machine_cannot_shut_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IN_FLIGHT", 1000)
    peers = Peers(connections=20, mails_per_minute=100, trusted=(ip_network("10.0.0.0/8"),))
    small, large = Holding(peers, "192.0.2.1"), Holding(peers, "192.0.2.1")
    small.gets(100)
    large.gets(200)
    assert not peers.has_room("192.0.2.1"), "it has its share"
    assert peers.has_room("192.0.2.2")
    small.gets(201)
    assert small.words.startswith(b"421 4.3.1")
    assert not large.words
    relay = Holding(peers, "10.0.0.1")
    relay.gets(790)
    assert not relay.words, "a relay of one's own has the common limit only"
    assert peers.in_flight == 990
    large.gets(100)
    assert peers.has_room("192.0.2.2"), "whoever has more than his share makes way"
    assert large.words
    honest = Holding(peers, "192.0.2.2")
    relay.gets(1150)
    honest.gets(100)
    assert relay.words, "full: whoever has most goes, not whoever received last"
    assert not honest.words
    assert peers.in_flight == 100


def pour(client: smtplib.SMTP) -> None:
    """Ten megabytes, as long as somebody takes them."""
    for _piece in range(1000):
        client.send((b"x" * 98 + b"\r\n") * 100)
        time.sleep(0.001)


def test_a_mail_that_never_ends_is_hung_up_on(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "MAX_SIZE", 100_000)
    monkeypatch.setattr(smtp, "SLACK", 50_000)
    with smtplib.SMTP("127.0.0.1", door(), timeout=20) as client:
        client.ehlo("x.example")
        client.mail("a@b.example")
        client.rcpt(HELP)
        client.putcmd("DATA")
        assert client.getreply()[0] == 354
        client.send((b"x" * 98 + b"\r\n") * 1200)
        client.send(b".\r\n")
        assert client.getreply()[0] == 552, "a little too large is told in good order"
        assert client.mail("a@b.example")[0] == 250
        client.rcpt(HELP)
        client.putcmd("DATA")
        assert client.getreply()[0] == 354
        with pytest.raises((OSError, smtplib.SMTPServerDisconnected)):
            pour(client)


def test_the_size_is_told_and_idle_commands_end(door: Door) -> None:
    with smtplib.SMTP("127.0.0.1", door(), timeout=20) as client:
        client.ehlo("x.example")
        assert client.esmtp_features["size"] == str(35 * 1024 * 1024)
        codes = [client.noop()[0] for _ in range(21)]
        assert codes == [250] * 20 + [421]


@pytest.mark.parametrize("where", ["greeting", "command", "data"])
def test_whoever_drips_is_sent_away(where: str, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 1.0)
    line, _words = greeting(door())
    if where != "greeting":
        line.sendall(b"HELO x.example\r\n")
        assert line.recv(200).startswith(b"250")
    if where == "data":
        for command, code in (
            (b"MAIL FROM:<a@b.example>", b"250"),
            (f"RCPT TO:<{HELP}>".encode(), b"250"),
            (b"DATA", b"354"),
        ):
            line.sendall(command + b"\r\n")
            assert line.recv(200).startswith(code)
    line.settimeout(0.05)
    started, heard = time.monotonic(), b""
    while b"421" not in heard:
        assert time.monotonic() - started < 15, "a byte now and then must not hold the place"
        try:
            line.sendall(b"x")
            heard += line.recv(200)
        except TimeoutError:
            continue
    assert b"421 4.4.2 Too slow" in heard
    line.close()


def test_a_slow_line_that_keeps_its_pace_gets_its_mail_through(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 1.0)
    kept: list[bytes] = []
    monkeypatch.setattr(smtp, "store_now", lambda targets, raw, *more: kept.append(raw))
    with smtplib.SMTP("127.0.0.1", door(), timeout=20) as client:
        client.ehlo("x.example")
        client.mail("a@b.example")
        client.rcpt(HELP)
        client.putcmd("DATA")
        assert client.getreply()[0] == 354
        for _ in range(15):
            client.send(b"x" * 998 + b"\r\n")
            time.sleep(0.2)
        client.send(b".\r\n")
        assert client.getreply()[0] == 250
    assert len(kept[0]) == 15_000


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r"])
def test_no_second_mail_is_smuggled_in(end: bytes, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []
    monkeypatch.setattr(smtp, "store_now", lambda targets, raw, *more: kept.append(raw))
    with smtplib.SMTP("127.0.0.1", door(), timeout=20) as client:
        client.ehlo("x.example")
        client.mail("a@b.example")
        client.rcpt(HELP)
        client.putcmd("DATA")
        client.getreply()
        inner = (
            b"MAIL FROM:<ceo@bank.example>\r\nRCPT TO:<help@ab.maru.localhost>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
        )
        client.send(b"Subject: outer\r\n\r\nwords" + end + inner + b"\r\n.\r\n")
        assert client.getreply()[0] == 554
        assert client.noop()[0] == 250, "one answer for one mail"
    assert kept == []
