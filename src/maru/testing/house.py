"""A whole running Maru for stories: its own database, ports and processes, as `maru run` would start them."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import psycopg

from maru.core.embedded.testing import test_cluster
from maru.testing.plugin import clone_database, use_database
from maru.testing.ports import free_port

PROCESSES = ("web", "worker", "mail")


class House:
    """Starts on ``with``; ``url``, ``smtp_port`` and ``env`` tell how to reach it. ``processes`` can be killed."""

    open: ClassVar[list["House"]] = []

    def __init__(self, folder: Path, *, demo: bool = False, parts: Sequence[str] = PROCESSES, **variables: str) -> None:
        self.folder = folder
        self.port, self.smtp_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.parts = parts
        self.demo = demo
        self.welcome = ""
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.database = clone_database(test_cluster(), "house")
        self.env = dict(
            os.environ,
            MARU_DATA=str(folder / "var"),
            MARU_PORT=str(self.port),
            MARU_SMTP_PORT=str(self.smtp_port),
            MARU_DEMO="1" if demo else "0",
            MARU_PUBLIC_URL=self.url,
            MARU_MAIL_DOMAIN="maru.localhost",
            **variables,
        )
        use_database(test_cluster(), self.database, self.env)
        (folder / "var").mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        if self.demo:
            self.welcome = self.run("demo")
        for part in self.parts:
            self.start(part)
        if "web" in self.parts:
            self.wait_ready()
        self.open.append(self)
        return self

    def __exit__(self, *_error: object) -> None:
        self.open.remove(self)
        for part in list(self.processes):
            self.stop(part)
        test_cluster().drop_database(self.database)

    def cool_down(self) -> None:
        """Forget all counted attempts: stories share one network, and one's haste must not slow the next."""
        with psycopg.connect(self.env["DATABASE_URL"], autocommit=True) as connection:
            connection.execute("delete from core_ratecounter")

    def start(self, part: str) -> None:
        """Start ``web``, ``worker`` or ``mail``; its output goes to ``<part>.log`` in the folder."""
        with (self.folder / f"{part}.log").open("ab") as log:
            self.processes[part] = subprocess.Popen(
                [sys.executable, "-m", "maru.cli", part],
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, part: str) -> None:
        """``kill -9`` the process with all its children."""
        process = self.processes.pop(part)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, part: str) -> None:
        """Ask the process to end; kill it after ten seconds."""
        process = self.processes.pop(part)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def run(self, *arguments: str) -> str:
        """Run a ``maru`` command in this house and return what it printed. Raises CalledProcessError."""
        command = [sys.executable, "-m", "maru.cli", *arguments]
        done = subprocess.run(command, env=self.env, check=True, capture_output=True, text=True, timeout=120)
        return done.stdout

    def wait_ready(self, seconds: float = 30) -> None:
        """Wait until pages are answered. Raises TimeoutError with the end of the web log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise TimeoutError((self.folder / "web.log").read_text()[-2000:])

    @property
    def password(self) -> str:
        """The password of the demo people, as printed once."""
        line = next(line for line in self.welcome.splitlines() if "admin@ab.example" in line)
        return line.split()[-1]

    def log(self, part: str) -> str:
        """What the process has printed so far."""
        return (self.folder / f"{part}.log").read_text()
