"""A door with few places: who gets nowhere makes way, who gets on stays, and nobody's place is lost for good."""

import asyncio
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from maru.channels.kinds.mail import peers as limits
from maru.channels.kinds.mail import smtp
from maru.channels.kinds.mail.peers import Peers

PLACES = 3


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=maru.localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@pytest.fixture
def peers() -> Peers:
    """Limits of their own for each machine that nobody here reaches."""
    return Peers(100, 1000, ())


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, peers: Peers) -> Iterator[int]:
    """The port of a server that takes everything in and keeps nothing."""
    monkeypatch.setattr(limits, "CONNECTIONS", PLACES)
    monkeypatch.setattr(smtp, "look_up", lambda address: smtp.Target(1, 1, address))
    monkeypatch.setattr(smtp, "store_now", lambda *_arguments: None)
    ports: SimpleQueue[int] = SimpleQueue()
    ended = threading.Event()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(2) as executor:
            handler = smtp.Handler(executor, lambda: None)
            server = await loop.create_server(lambda: smtp.make_server(handler, peers, loop, tls), "127.0.0.1", 0)
            ports.put(server.sockets[0].getsockname()[1])
            while not ended.is_set():
                await asyncio.sleep(0.02)
            server.close()

    # Ends with whatever is still being served, as asyncio.run cancels it.
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    yield ports.get(timeout=30)
    ended.set()
    thread.join()


def _silent(port: int) -> socket.socket:
    """Somebody who connects, hears the greeting and says nothing."""
    line = socket.create_connection(("127.0.0.1", port), timeout=30)
    assert line.recv(3) == b"220"
    return line


def _said(line: socket.socket) -> bytes:
    """All there is until the other side hangs up."""
    pieces = []
    while piece := line.recv(1000):
        pieces.append(piece)
    return b"".join(pieces)


def test_who_says_nothing_makes_way(door: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STALLED", 3600.0)
    crowd = [_silent(door) for _ in range(PLACES)]
    with pytest.raises(smtplib.SMTPConnectError, match="421"):
        smtplib.SMTP("127.0.0.1", door, timeout=30)
    monkeypatch.setattr(limits, "STALLED", 0.0)
    with smtplib.SMTP("127.0.0.1", door, timeout=30) as honest:
        honest.sendmail("kim@customer.example", ["help@ab.maru.localhost"], b"Subject: x\r\n\r\nx\r\n")
    assert b"421 4.4.2" in _said(crowd[0])
    for line in crowd:
        line.close()


def test_who_gets_on_stays(door: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STALLED", 0.0)
    with smtplib.SMTP("127.0.0.1", door, timeout=30) as honest:
        honest.ehlo()
        honest.mail("kim@customer.example")
        crowd = [_silent(door) for _ in range(PLACES - 1)]
        # A recipient, and pieces of the mail itself, count; single bytes do not.
        assert honest.rcpt("help@ab.maru.localhost")[0] == 250
        crowd[0].send(b"N")
        crowd += [_silent(door)]
        assert b"421" in _said(crowd[0])
        honest.putcmd("DATA")
        assert honest.getreply()[0] == 354
        honest.send(b"Subject: x\r\n\r\n" + b"x" * 70 * smtp.PIECE + b"\r\n.\r\n")
        assert honest.getreply()[0] == 250
    for line in crowd:
        line.close()


def test_an_encrypted_line_takes_one_place_and_gives_it_back(
    door: int, peers: Peers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STALLED", 3600.0)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for _time in range(PLACES * 3):
        with smtplib.SMTP("127.0.0.1", door, timeout=30) as client:
            assert client.starttls(context=context)[0] == 220
            assert client.ehlo()[0] == 250
        deadline = time.monotonic() + 30
        while peers._lines:
            assert time.monotonic() < deadline
            time.sleep(0.01)
