"""Child processes of the supervisor: start them, notice their death, start them again."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from maru.core.embedded.processes import PROC, alive, signal_quietly, wait_until

# prctl(2): the signal a process gets when its parent dies.
PR_SET_PDEATHSIG = 1
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
# A process that lived this long (seconds) was well; its next death is a first one.
WELL_AFTER = 10.0
# What a supervisor puts into its children's environment: a mark to know them by, and its own number.
MARK = "MARU_RUN"
SUPERVISOR = "MARU_SUPERVISOR"

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


class BackOff:
    """How long to wait before the next try: hardly at first, then longer, never for ever."""

    def __init__(self) -> None:
        self.failures = 0
        self.next_try = 0.0

    def failed(self, lived: float) -> None:
        """Something died after ``lived`` seconds."""
        self.failures = 1 if lived >= WELL_AFTER else self.failures + 1
        self.next_try = time.monotonic() + min(FIRST_PAUSE * 2 ** (self.failures - 1), LONGEST_PAUSE)

    def due(self) -> bool:
        """Whether the time for the next try has come."""
        return time.monotonic() >= self.next_try


class Service:
    """One child, such as ``maru web``, in a process group of its own."""

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self._environment = environment
        self._started = 0.0
        self._back_off = BackOff()

    def tend(self) -> int | None:
        """Collect the child when it died and start it when it is time.

        :returns: its exit status when it died just now, else None.
        """
        died = None
        if self.process is not None and (status := self.process.poll()) is not None:
            died = status
            self.deaths += 1
            # Its own children (workers, parsers) must be gone before a new one takes the port.
            _signal_group(self.process.pid, signal.SIGKILL)
            self.process = None
            self._back_off.failed(time.monotonic() - self._started)
        if self.process is None and self._back_off.due():
            self._start()
        return died

    def ask_to_stop(self) -> None:
        """Ask the child to end what it is doing and go."""
        if self.process is not None:
            signal_quietly(self.process.pid, signal.SIGTERM)

    def stopped(self) -> bool:
        """Whether it is gone."""
        return self.process is None or self.process.poll() is not None

    def end(self) -> None:
        """Make sure nothing of it is left."""
        if self.process is not None:
            _signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _start(self) -> None:
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "maru.cli", self.name],
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            # Ctrl-C at the terminal reaches the supervisor alone, which stops all in order.
            start_new_session=True,
        )


def die_with_supervisor() -> None:
    """Called first thing in a child of the supervisor: end when the supervisor is killed (Linux)."""
    supervisor = os.environ.get(SUPERVISOR, "")
    if _libc is None or not supervisor.isdigit():
        return
    if os.getppid() == int(supervisor):
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        # It may have died just before; then nobody would ever tell us.
        if os.getppid() != int(supervisor):
            sys.exit(1)
    elif not alive(int(supervisor)):
        sys.exit(1)


def die_hard_with_parent() -> None:
    """The same for a process we are in: it is killed when its parent dies (Linux)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_leftovers(mark: str, patience: float) -> int:
    """End what a killed supervisor left running; it is known by a mark in its environment.

    :param mark: the value of ``MARU_RUN`` the supervisor gave its children.
    :param patience: seconds the processes get to end by themselves.
    :returns: how many there were.
    """
    wanted = f"{MARK}={mark}".encode()
    found = list(_marked(wanted))
    if not found:
        return 0
    for pid in found:
        signal_quietly(pid, signal.SIGTERM)
    if not wait_until(lambda: not any(_marked(wanted)), patience):
        for pid in _marked(wanted):
            signal_quietly(pid, signal.SIGKILL)
        wait_until(lambda: not any(_marked(wanted)), patience)
    return len(found)


def _marked(wanted: bytes) -> list[int]:
    pids = []
    for entry in os.listdir(PROC) if PROC.is_dir() else ():
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in Path(PROC, entry, "environ").read_bytes().split(b"\0"):
                    pids.append(int(entry))
    return pids


def _signal_group(leader: int, signal_number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal_number)
