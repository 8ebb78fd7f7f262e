"""The guarded client against real servers, and against every way to write an inner address."""

import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from maru.core.outbound import Call, OutboundError, OutboundFailed, OutboundRefused, call, get, is_allowed, post

BAD_PLACES = [
    "http://x:abc/",
    "http://xn--/",
    "http://[::1",
    "http://\xad.example/",
    "http://" + "a" * 64 + ".example:80/",
]


class Target(BaseHTTPRequestHandler):
    seen: list[dict[str, str]] = []
    elsewhere = ""

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        self.seen.append(dict(self.headers))
        path = self.path
        if path == "/inner":
            return self.answer(302, b"", Location="http://169.254.169.254/latest/meta-data/")
        if path == "/loop":
            return self.answer(302, b"", Location="/loop")
        if path == "/elsewhere":
            return self.answer(302, b"", Location=self.elsewhere)
        if path == "/moved":
            return self.answer(301, b"", Location="/fine")
        if path == "/file":
            return self.answer(302, b"", Location="file:///etc/passwd")
        if path == "/bomb":
            return self.answer(200, gzip.compress(b"0" * 10_000_000), **{"Content-Encoding": "gzip"})
        if path == "/big":
            return self.answer(200, b"x" * 2_000_000)
        if path == "/slow":
            return self.drip()
        if path == "/slow-head":
            return self.drip(b"HTTP/1.1 200 OK\r\nX-One: ", b"x")
        if path == "/continue":
            return self.drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
        if path.startswith("/bad-"):
            return self.answer(302, b"", Location=BAD_PLACES[int(path[5:])])
        return self.answer(200, b"fine")

    def do_POST(self) -> None:
        self.answer(200, self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def drip(self, head: bytes = b"HTTP/1.1 200 OK\r\n\r\n", drop: bytes = b".") -> None:
        self.wfile.write(head)
        for _time in range(40):
            try:
                self.wfile.write(drop)
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.1)


def serve(context: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Target)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def target(settings: Any) -> Iterator[str]:
    """A server on this machine that the operator has allowed."""
    server = serve()
    settings.OUTBOUND_ALLOWED = ["127.0.0.0/8", "::1/128"]
    settings.OUTBOUND_PORTS = [server.server_port]
    Target.seen.clear()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://0.0.0.0/",
        "http://0/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://192.0.0.1/",
        "http://198.18.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://①②⑦.⓪.⓪.①/",
        "http://user:secret@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com:22/",
        "https://example.com:25/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "example.com",
        "http://",
        "http:///path",
        "",
        "http://exa mple.com/",
        "http://example.com\r\nX: y/",
    ],
)
def test_addresses_that_are_never_called(url: str) -> None:
    with pytest.raises(OutboundError) as refused:
        get(url)
    assert "127" not in str(refused.value)


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(text: str) -> None:
    assert is_allowed(ipaddress.ip_address(text))


def test_an_allowed_server(target: str) -> None:
    answer = get(f"{target}/fine", headers={"X-One": "1"})
    assert (answer.status, answer.body) == (200, b"fine")
    assert Target.seen[-1]["Host"] == target.removeprefix("http://")
    assert "Cookie" not in Target.seen[-1]
    assert post(f"{target}/", b"a=1", content_type="application/x-www-form-urlencoded").body == b"a=1"


def test_redirects_are_checked_each(target: str) -> None:
    assert get(f"{target}/moved").url == f"{target}/fine"
    assert call(Call("GET", f"{target}/moved")).status == 301
    with pytest.raises(OutboundRefused):
        get(f"{target}/inner")
    with pytest.raises(OutboundRefused):
        get(f"{target}/file")
    with pytest.raises(OutboundFailed):
        get(f"{target}/loop")


def test_authorisation_stays_with_its_host(target: str, settings: Any) -> None:
    call(Call("GET", f"{target}/moved", {"Authorization": "Bearer x"}, redirects=1))
    assert Target.seen[-1]["Authorization"] == "Bearer x"
    other = serve()
    settings.OUTBOUND_PORTS = [*settings.OUTBOUND_PORTS, other.server_port]
    Target.elsewhere = f"http://127.0.0.1:{other.server_port}/fine"
    call(Call("GET", f"{target}/elsewhere", {"Authorization": "Bearer x"}, redirects=1))
    other.shutdown()
    assert "Authorization" not in Target.seen[-1]


def test_sizes_and_times(target: str) -> None:
    with pytest.raises(OutboundFailed):
        get(f"{target}/big")
    with pytest.raises(OutboundFailed):
        get(f"{target}/bomb")


@pytest.mark.parametrize("path", ["/slow", "/slow-head", "/continue"])
def test_a_server_that_drips_is_left_in_time(target: str, path: str) -> None:
    started = time.monotonic()
    with pytest.raises(OutboundFailed):
        call(Call("GET", f"{target}{path}", seconds=0.5))
    assert time.monotonic() - started < 2


def test_a_slow_name_server_is_left_in_time(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_more: told.wait(20) and [])
    started = time.monotonic()
    with pytest.raises(OutboundFailed):
        call(Call("GET", f"{target}/fine", seconds=0.5))
    assert time.monotonic() - started < 2
    told.set()


def test_a_handshake_that_never_ends_is_left_in_time(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        settings.OUTBOUND_ALLOWED, settings.OUTBOUND_PORTS = ["127.0.0.0/8", "::1/128"], [port]
        started = time.monotonic()
        with pytest.raises(OutboundFailed):
            call(Call("GET", f"https://127.0.0.1:{port}/", seconds=0.5))
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("number", range(5))
def test_a_redirect_to_no_address_is_refused(target: str, number: int) -> None:
    with pytest.raises(OutboundError):
        get(f"{target}/bad-{number}")


def test_nobody_there(target: str, settings: Any) -> None:
    settings.OUTBOUND_PORTS = [1]
    with pytest.raises(OutboundFailed):
        get("http://127.0.0.1:1/")
    with pytest.raises(OutboundFailed):
        get("http://no-such-name.invalid/")


def test_the_certificate_must_be_for_the_name(settings: Any, tmp_path: Path) -> None:
    key, certificate = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = serve(context)
    settings.OUTBOUND_ALLOWED, settings.OUTBOUND_PORTS = ["127.0.0.0/8", "::1/128"], [server.server_port]
    trusting = ssl.create_default_context(cafile=str(certificate))
    try:
        assert call(Call("GET", f"https://localhost:{server.server_port}/"), authorities=trusting).body == b"fine"
        with pytest.raises(OutboundFailed):
            call(Call("GET", f"https://127.0.0.1:{server.server_port}/"), authorities=trusting)
        with pytest.raises(OutboundFailed):
            call(Call("GET", f"https://localhost:{server.server_port}/"))
    finally:
        server.shutdown()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = folder / "key.pem", folder / "certificate.pem"
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return key_file, certificate_file
