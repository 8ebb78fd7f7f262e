"""A real Maru as people start it, with the eyes to see what it costs."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from maru.core.embedded.server import EmbeddedPostgres

# Two web workers, as `maru run` has by default; the proxy is us, so that each visitor can have an address of his own.
ENVIRONMENT = {"MARU_DEMO": "0", "MARU_WEB_WORKERS": "2", "MARU_TRUSTED_PROXIES": "1"}


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """``maru run`` on a data folder, for the length of a ``with``. ``start_s``: until the first page was answered."""

    def __init__(self, data: Path) -> None:
        self.data = data.absolute()
        self.port, self.smtp_port = free_port(), free_port()
        self.postgres = EmbeddedPostgres(self.data)
        self.start_s = 0.0
        self.env = os.environ | ENVIRONMENT
        self.env |= {"MARU_DATA": str(self.data), "MARU_PORT": str(self.port), "MARU_SMTP_PORT": str(self.smtp_port)}

    def __enter__(self) -> Self:
        began = time.monotonic()
        with (self.data / "run.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "maru.cli", "run"], env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait(began)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.start_s = time.monotonic() - began
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _wait(self, began: float) -> None:
        while time.monotonic() - began < 120:
            if self.process.poll() is not None:
                raise RuntimeError(f"maru run ended; see {self.data / 'run.log'}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise TimeoutError(f"no page after two minutes; see {self.data / 'run.log'}")

    def processes(self) -> list[psutil.Process]:
        """The supervisor, everything it started, and the database with its backends."""
        found = [psutil.Process(self.process.pid)]
        pid = self.postgres.status().pid
        if pid is not None:
            found.append(psutil.Process(pid))
        family = {process.pid: process for process in found}
        for process in found:
            family |= {child.pid: child for child in process.children(recursive=True)}
        return list(family.values())

    def cpu_ms(self) -> float:
        """Processor time all of them have had so far, in milliseconds."""
        return sum(self.cpu_by_kind().values())

    def cpu_by_kind(self) -> dict[str, float]:
        """The same for Maru's own processes and for PostgreSQL."""
        found = {"maru": 0.0, "postgres": 0.0}
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                kind = "postgres" if process.name() == "postgres" else "maru"
                for task in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
                    with contextlib.suppress(OSError, IndexError):
                        found[kind] += int(task.read_text().split()[0]) / 1e6
        return found

    def memory_mb(self) -> float:
        """Memory of all of them, shared pages counted once (PSS), in MB."""
        total = 0
        for process in self.processes():
            try:
                lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        return total / 1024

    def idle_cpu(self, seconds: float = 3.0) -> float:
        """Processor time a second when nobody asks anything, in milliseconds."""
        before = self.cpu_ms()
        time.sleep(seconds)
        return (self.cpu_ms() - before) / seconds
