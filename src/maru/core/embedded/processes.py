"""Looking at other processes: is it alive, and is it the server of this folder?"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROC = Path("/proc")
HAS_PROC = (PROC / "self" / "stat").exists()


def alive(pid: int) -> bool:
    """Whether a process lives; one that is dead but not yet collected by its parent does not count."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    if not HAS_PROC:
        return "Z" not in _told_by_ps(pid, "stat")
    try:
        # The state stands after the name, which is in brackets and may hold anything.
        return (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False
    except OSError:
        return True


def serves(pid: int, folder: Path) -> bool:
    """Whether a process is a PostgreSQL process working in this data folder.

    Numbers of processes come round again (in a container after each restart), so a number alone proves nothing.
    """
    if not alive(pid):
        return False
    if not HAS_PROC:
        return "postgres" in _told_by_ps(pid, "comm")
    try:
        name = (PROC / str(pid) / "comm").read_text(errors="replace").strip()
        return name == "postgres" and os.path.samestat(os.stat(PROC / str(pid) / "cwd"), folder.stat())
    except OSError:
        return False


def _told_by_ps(pid: int, column: str) -> str:
    return subprocess.run(
        ["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()


def servers_in(folder: Path) -> Iterator[int]:
    """Numbers of all PostgreSQL processes working in this data folder (Linux; elsewhere none are found)."""
    if not HAS_PROC:
        return
    for entry in os.listdir(PROC):
        if entry.isdigit() and serves(int(entry), folder):
            yield int(entry)


def signal_quietly(pid: int, signal_number: int) -> None:
    """Send a signal to a process that may be gone already."""
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        return


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so.

    :returns: whether it became so within the time.
    """
    deadline = time.monotonic() + seconds
    pause = 0.01
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)
    return True
