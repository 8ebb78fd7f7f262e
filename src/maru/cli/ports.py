"""Is a port free, and if not, who has it?"""

from __future__ import annotations

import errno
import os
import socket
import time
from pathlib import Path

from maru.cli.terminal import CommandProblem
from maru.core.embedded.processes import PROC
from maru.core.terminal_words import _

# Shown in hexadecimal by the kernel: the state of a listening socket (include/net/tcp_states.h).
LISTENING = "0A"


def port_problem(host: str, port: int, variable: str) -> CommandProblem | None:
    """Why we cannot listen there; None when we can.

    :param variable: the variable a person can set to choose another port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As servers do; and without SO_REUSEPORT, with which two houses would silently share one door.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)
    except PermissionError:
        return CommandProblem(
            _("Port %(port)s may be used by root only.") % {"port": port},
            _("Set %(variable)s to a number above 1023.") % {"variable": variable},
        )
    except OSError as problem:
        where = {"port": port, "host": host, "problem": problem.strerror or problem}
        if problem.errno != errno.EADDRINUSE:
            return CommandProblem(_("Maru cannot listen on %(host)s, port %(port)s: %(problem)s.") % where)
        holder = port_holder(port)
        return CommandProblem(
            _("Port %(port)s on %(host)s is taken by %(holder)s.") % {**where, "holder": holder}
            if holder
            else _("Port %(port)s on %(host)s is taken by another program.") % where,
            _("Stop that program, or set %(variable)s to another number.") % {"variable": variable},
        )
    return None


def free_port_or_complain(host: str, port: int, variable: str, patience: float = 2.0) -> None:
    """Wait a moment for a port to become free.

    :raises CommandProblem: it did not.
    """
    deadline = time.monotonic() + patience
    while problem := port_problem(host, port, variable):
        if time.monotonic() > deadline:
            raise problem
        time.sleep(0.1)


def port_holder(port: int) -> str | None:
    """Which program listens on a port, such as “nginx (process 812)”; None when that cannot be known."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for entry in os.listdir(PROC) if inodes else ():
        if not entry.isdigit():
            continue
        try:
            descriptors = os.listdir(PROC / entry / "fd")
            if any(os.readlink(PROC / entry / "fd" / number) in inodes for number in descriptors):
                name = (PROC / entry / "comm").read_text(errors="replace").strip()
                return _("%(name)s (process %(pid)s)") % {"name": name, "pid": entry}
        except OSError:
            continue
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes
