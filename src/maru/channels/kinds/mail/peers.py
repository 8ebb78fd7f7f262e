"""How much one machine may ask of the SMTP door, so that one that floods or dawdles keeps nobody else out.

Everything refused here is refused for now (421, 450, 452): an honest server keeps the mail and tries again. Counted in
this process, which is the only one that listens on its port.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: All connections, whoever has them.
CONNECTIONS = 200
#: When all are taken, one whose sender did nothing useful for so long (seconds) makes way for a new one. Useful is a
#: recipient, a mail, or a good piece of one.
STALLED = 5.0
#: Bytes of mails that are being handed over, all together: memory is shared by everybody.
IN_FLIGHT = 256 * 1024 * 1024
#: What one machine may have of it, in parts of the whole.
SHARE = 0.25
#: A connection that names so many addresses that do not exist is guessing.
UNKNOWN_RECIPIENTS = 20
_REMEMBERED = 10_000


class Line(Protocol):
    """An open connection."""

    def stalled_since(self) -> float:
        """Moment (monotonic) of the last progress."""

    def held(self) -> int:
        """Bytes of its mail that are in memory; none while keeping the mail is our work."""

    def make_way(self, words: bytes = b"") -> None:
        """End it, and leave, for somebody else's sake."""


@dataclass(slots=True)
class _Peer:
    connections: int = 0
    held: int = 0
    mails: float = 0.0
    counted_at: float = 0.0


class Peers:
    """What each machine has open and has sent; an IPv6 machine is its /64. Used by one event loop only."""

    def __init__(self, connections: int, mails_per_minute: int, trusted: tuple[Network, ...]) -> None:
        """`trusted` machines (a relay of one's own brings everybody's mail) are bound by the common limits only."""
        self.connections, self.mails_per_minute, self.trusted = connections, mails_per_minute, trusted
        self.in_flight = 0
        self._lines: dict[Line, str] = {}
        self._peers: dict[str, _Peer] = {}

    def enter(self, address: str, line: Line) -> bool:
        """Counts a connection; False, and nothing is counted, when there are too many and none makes way."""
        peer = self._peer(address)
        if peer.connections >= self.connections and not self.is_trusted(address):
            return False
        if len(self._lines) >= CONNECTIONS and not self._make_room():
            return False
        self._lines[line] = _key(address)
        peer.connections += 1
        return True

    def leave(self, address: str, line: Line) -> None:
        """Ends a connection that `enter` has counted."""
        self._lines.pop(line, None)
        self._peer(address).connections -= 1

    def _make_room(self) -> bool:
        """End the connection that has got nowhere for longest, if one has for a while."""
        longest = min(self._lines, key=lambda line: line.stalled_since())
        if time.monotonic() - longest.stalled_since() < STALLED:
            return False
        longest.make_way()
        return True

    def has_room(self, address: str) -> bool:
        """Whether there is memory for a mail of this machine that is about to begin.

        Where there is none, a machine that has more than its share makes way with its largest mail.
        """
        if not self.is_trusted(address) and self._peer(address).held > IN_FLIGHT * SHARE:
            return False
        if self.in_flight > IN_FLIGHT:
            greedy = {key: peer for key, peer in self._peers.items() if peer.held > IN_FLIGHT * SHARE}
            self._end_largest({key: peer for key, peer in greedy.items() if not self.is_trusted(key)})
        return self.in_flight <= IN_FLIGHT

    def hold(self, address: str, size: int) -> None:
        """Counts bytes that came. Mails that began while there was room may take twice as much of it; then the largest
        mail of whoever has most is ended, whosever the last bytes were."""
        peer = self._peer(address)
        peer.held += size
        self.in_flight += size
        if peer.held > 2 * IN_FLIGHT * SHARE and not self.is_trusted(address):
            self._end_largest({_key(address): peer})
        if self.in_flight > 2 * IN_FLIGHT:
            self._end_largest(self._peers)

    def release(self, address: str, size: int) -> None:
        """Bytes that `hold` has counted are in memory no more."""
        self._peer(address).held -= size
        self.in_flight -= size

    def _end_largest(self, peers: Mapping[str, _Peer]) -> None:
        if not peers:
            return
        most = max(peers, key=lambda key: peers[key].held)
        lines = [line for line, key in self._lines.items() if key == most]
        if lines:
            max(lines, key=lambda line: line.held()).make_way(
                b"421 4.3.1 Too much mail at once, please try again later\r\n"
            )

    def may_send(self, address: str, now: float | None = None) -> bool:
        """Counts a mail that begins; False when this machine has sent its share of the minute.

        A bucket that leaks: a burst of one minute's share is welcome, then as many as leak out.
        """
        if self.is_trusted(address):
            return True
        now = time.monotonic() if now is None else now
        peer = self._peer(address)
        leaked = (now - peer.counted_at) * self.mails_per_minute / 60
        peer.mails, peer.counted_at = max(0.0, peer.mails - leaked), now
        if peer.mails + 1 > self.mails_per_minute:
            return False
        peer.mails += 1
        return True

    def is_trusted(self, address: str) -> bool:
        """Whether the operator has named this machine as a relay of his own."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return any(parsed.version == network.version and parsed in network for network in self.trusted)

    def _peer(self, address: str) -> _Peer:
        key = _key(address)
        if key not in self._peers and len(self._peers) >= _REMEMBERED:
            self._peers = {known: peer for known, peer in self._peers.items() if peer.connections > 0}
        return self._peers.setdefault(key, _Peer())


def _key(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
