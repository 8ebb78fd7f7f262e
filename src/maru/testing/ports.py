"""Ports for servers that tests start."""

import random
import socket
from pathlib import Path

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST, HIGHEST = 10_240, 32_767

_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, and nobody will before the server that asked for it does.

    The kernel's own choice (port 0) comes from the range every outgoing connection takes its number from, so on a
    busy machine it is often taken again before the server has started, or while it is being restarted.
    """
    while True:
        port = random.randint(LOWEST, _highest())
        if port not in _given and _is_free(port):
            _given.add(port)
            return port


def _highest() -> int:
    try:
        lowest_ephemeral = int(EPHEMERAL.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return HIGHEST
    return lowest_ephemeral - 1 if lowest_ephemeral > LOWEST + 1000 else HIGHEST


def _is_free(port: int) -> bool:
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
