"""The only door for HTTP going out: it cannot be talked into reaching this machine or its neighbours.

A name is resolved once, every address is checked, and the connection goes to that very address while the certificate
is checked for the name; so an answer of the name server that changes in between changes nothing. Nothing else in the
house may open HTTP connections (tests/house_rules).
"""

import functools
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpcore
import httpx
import psutil
from django.conf import settings

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 15.0
BODY_BYTES = 1024 * 1024
PORTS = frozenset({80, 443, 8443})
REDIRECTS = 3
#: Names being looked up at once, the ones that nobody waits for any more included.
_LOOKING_UP = threading.BoundedSemaphore(64)
_PIECE = 16 * 1024
_REDIRECTING = frozenset({301, 302, 303, 307, 308})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Ways to write an inner address that count as global elsewhere: NAT64, 6to4, Teredo, IPv4-compatible, protocol use.
_DENIED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "100.64.0.0/10",
        "198.18.0.0/15",
        "240.0.0.0/4",
    )
)


class OutboundError(Exception):
    """A request could not be made; the text tells nothing about our own network."""


class OutboundRefused(OutboundError):
    """The address is not one we may call. Trying again changes nothing."""

    def __init__(self) -> None:
        super().__init__("this address may not be called")


class OutboundFailed(OutboundError):
    """No usable answer in time or size. Trying again later may help."""

    def __init__(self) -> None:
        super().__init__("no usable answer")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``url`` is the last one after redirects."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Call:
    """A request to make. ``redirects``: how many to follow, each checked anew; authorisation stays behind."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    redirects: int = 0
    most_bytes: int = BODY_BYTES
    seconds: float = TOTAL_SECONDS


def get(url: str, *, headers: Mapping[str, str] | None = None, most_bytes: int = BODY_BYTES) -> Answer:
    """Fetch something public, following at most three redirects. Raises like :func:`call`."""
    return call(Call("GET", url, headers or {}, redirects=REDIRECTS, most_bytes=most_bytes))


def post(url: str, body: bytes, *, content_type: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Send a body, following nothing. Raises like :func:`call`."""
    return call(Call("POST", url, {**(headers or {}), "Content-Type": content_type}, body))


def call(asked: Call, *, authorities: ssl.SSLContext | None = None) -> Answer:
    """Make one HTTP request with all guards.

    :param authorities: who may vouch for certificates; those of the system when left out.
    ``seconds`` bind all of it together: look-up, connection, handshake, head and body, and each redirect.

    :raises OutboundRefused: scheme, port, user name in the address, or an address that is not public.
    :raises OutboundFailed: name unknown, connection, certificate, time, size, too many redirects.
    """
    until = time.monotonic() + asked.seconds
    url, headers = _parsed(asked.url), dict(asked.headers)
    method, body = asked.method, asked.body
    for _turn in range(asked.redirects + 1):
        answer = _once(method, url, headers, body, asked.most_bytes, until, authorities)
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTING or not location or not asked.redirects:
            return answer
        following = _parsed(_joined(url, location))
        if url.scheme == "https" and following.scheme != "https":
            raise OutboundRefused()
        if (following.host, following.port) != (url.host, url.port):
            headers = {key: value for key, value in headers.items() if key.lower() not in ("authorization", "cookie")}
        if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
            method, body = "GET", b""
        url = following
    raise OutboundFailed()


def _parsed(written: str) -> httpx.URL:
    try:
        url = httpx.URL(written)
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, TypeError, ValueError) as wrong:
        raise OutboundRefused() from wrong
    if url.scheme not in ("http", "https") or not host or url.userinfo:
        raise OutboundRefused()
    if _port(url) not in PORTS and _port(url) not in getattr(settings, "OUTBOUND_PORTS", ()):
        raise OutboundRefused()
    return url


def _joined(url: httpx.URL, location: str) -> str:
    """Where a redirect leads. Raises OutboundRefused for what is no address."""
    try:
        return str(url.join(location))
    except (httpx.InvalidURL, UnicodeError, TypeError, ValueError) as wrong:
        raise OutboundRefused() from wrong


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def public_address(host: str, port: int, seconds: float = TOTAL_SECONDS) -> str:
    """An address of ``host`` that may be called, as text; for other protocols such as IMAP too.

    :raises OutboundRefused: one of its addresses is not public.
    :raises OutboundFailed: it has none, or none was told within ``seconds``.
    """
    addresses = [ipaddress.ip_address(text.split("%")[0]) for text in _looked_up(host, port, seconds)]
    if not addresses:
        raise OutboundFailed()
    # One bad address spoils the name: it is not worth guessing which one the other side meant.
    if not all(is_allowed(address) for address in addresses):
        raise OutboundRefused()
    return str(addresses[0])


def _looked_up(host: str, port: int, seconds: float) -> list[str]:
    """The addresses of a name. The system's look-up knows no limit of time, so a thread waits for it."""
    told: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
    until = time.monotonic() + seconds
    if not _LOOKING_UP.acquire(timeout=max(0.0, seconds)):
        raise OutboundFailed()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            told.put([str(entry[4][0]) for entry in found])
        except (OSError, UnicodeError):
            told.put(None)
        finally:
            _LOOKING_UP.release()

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        addresses = told.get(timeout=max(0.001, until - time.monotonic()))
    except queue.Empty:
        raise OutboundFailed() from None
    if addresses is None:
        raise OutboundFailed()
    return addresses


def is_allowed(address: Address) -> bool:
    """Whether an address is public, or in ``OUTBOUND_ALLOWED`` of the operator's settings."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    for allowed in getattr(settings, "OUTBOUND_ALLOWED", ()):
        if address in ipaddress.ip_network(allowed):
            return True
    if not address.is_global or address.is_multicast or address in _own_addresses():
        return False
    return not any(address.version == network.version and address in network for network in _DENIED)


@functools.lru_cache(maxsize=1)
def _own_addresses() -> frozenset[Address]:
    own = set()
    for entries in psutil.net_if_addrs().values():
        for entry in entries:
            if entry.family in (socket.AF_INET, socket.AF_INET6):
                own.add(ipaddress.ip_address(entry.address.split("%")[0]))
    return frozenset(own)


class _Hurried(httpcore.NetworkStream):
    """A connection whose every step ends at one moment: limits of each step let a server that drips go on for ever."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _left(self._until))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, _left(self._until)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """Connections that end at ``until`` (monotonic), whatever they are doing."""

    def __init__(self, until: float) -> None:
        self._until = until

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = min(CONNECT_SECONDS, _left(self._until))
        stream = httpcore.SyncBackend().connect_tcp(host, port, seconds, local_address, socket_options)
        return _Hurried(stream, self._until)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout()
    return left


class _Transport(httpx.HTTPTransport):
    """httpx's own way out over :class:`_Network`, which httpx has no words for."""

    def __init__(self, authorities: ssl.SSLContext, until: float) -> None:
        super().__init__(verify=authorities, trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=authorities, network_backend=_Network(until))


def _once(
    method: str,
    url: httpx.URL,
    headers: Mapping[str, str],
    body: bytes,
    most_bytes: int,
    until: float,
    authorities: ssl.SSLContext | None,
) -> Answer:
    name = url.raw_host.decode("ascii")
    address = public_address(name, _port(url), until - time.monotonic())
    # A compressed answer could grow a thousandfold in one step, so none is asked for and none is taken.
    sent = {**headers, "Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity", "Connection": "close"}
    transport = _Transport(authorities or ssl.create_default_context(), until)
    try:
        with httpx.Client(transport=transport, trust_env=False) as client:
            request = client.build_request(
                method, url.copy_with(host=address), headers=sent, content=body, extensions={"sni_hostname": name}
            )
            response = client.send(request, stream=True)
            try:
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise OutboundFailed()
                content = _read(response, most_bytes, until)
            finally:
                response.close()
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as failed:
        raise OutboundFailed() from failed
    return Answer(response.status_code, response.headers, content, str(url))


def _read(response: httpx.Response, most_bytes: int, until: float) -> bytes:
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > most_bytes or time.monotonic() > until:
            raise OutboundFailed()
    return bytes(content)
