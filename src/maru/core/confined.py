"""Children that work on what strangers sent: started without secrets of ours, and bound by limits of the kernel's."""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
from typing import IO

MEMORY = 512 * 1024 * 1024
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "HOME")


def start(module: str) -> subprocess.Popen[bytes]:
    """A child that runs ``module`` and speaks over its standard input and output."""
    environment = {key: value for key, value in os.environ.items() if key in _PASSED_ON}
    # The child gets no secrets of ours, only the way to the same code.
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )


def close_pipes(child: subprocess.Popen[bytes]) -> None:
    """Close both ends of ours; what could not be written is lost."""
    for stream in (child.stdin, child.stdout):
        try:
            if stream:
                stream.close()
        except OSError:
            continue


def restrict() -> None:
    """In the child: no more than 512 MB, no files written, none opened beyond a handful, no core dump."""
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(what, (limit, limit))


def allow_cpu(seconds: int) -> None:
    """In the child: the kernel ends the process when it uses more than ``seconds`` from now, or up to one more.

    A soft limit in whole seconds, so that it can be set anew for the next piece of work.
    """
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + seconds), hard))


def read_exactly(stream: IO[bytes], length: int) -> bytes:
    """``length`` bytes. :raises EOFError: the other side has closed before."""
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data
