"""A Maru started as people start it, with its own embedded database, whose parts can be killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg

from maru.core.embedded.server import APP_ROLE, EmbeddedPostgres
from maru.testing.ports import free_port

SET_UP = """
import django; django.setup()
from maru.testing.makers import make_member, make_organization
make_member(make_organization("ab", "AB Company"), "agent", email="agent@ab.example")
"""


class Running:
    """``maru run`` in a process tree of its own; ``with`` starts and stops it."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.data = folder / "var"
        self.port, self.smtp_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        known = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "MARU_APP_DATABASE_URL")}
        self.env = known | {
            "MARU_DATA": str(self.data),
            "MARU_PORT": str(self.port),
            "MARU_SMTP_PORT": str(self.smtp_port),
            "MARU_PUBLIC_URL": self.url,
            "MARU_DEMO": "0",
            "DJANGO_SETTINGS_MODULE": "maru.config.settings",
            **variables,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        subprocess.run([sys.executable, "-c", SET_UP], env=self.env, check=True, timeout=180)
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with (self.folder / "run.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "maru.cli", "run"], env=self.env, stdout=log, stderr=subprocess.STDOUT
            )
        self.wait_ready(180)

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process = None

    def wait_ready(self, seconds: float) -> float:
        """Wait for /readyz and return how long it took. Raises TimeoutError with the end of the log."""
        import urllib.request

        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2):
                    return time.monotonic() - begun
            except OSError:
                time.sleep(0.1)
        raise TimeoutError((self.folder / "run.log").read_text()[-3000:])

    def pids(self, part: str) -> list[int]:
        """Processes of ``web``, ``worker``, ``mail`` (all of them) or the one of ``postgres``."""
        if part == "postgres":
            lines = (self.data / "postgres" / "postmaster.pid").read_text().splitlines()
            return [int(lines[0])]
        assert self.process is not None
        found = []
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                    if part in child.cmdline()[1:4]:
                        found += [child.pid, *(grandchild.pid for grandchild in child.children(recursive=True))]
        return list(dict.fromkeys(found))

    def kill(self, part: str) -> bool:
        """``kill -9`` a part with its children; False when it was just not there."""
        with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
            pids = self.pids(part)
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return bool(pids)
        return False

    def kill_everything(self) -> None:
        """``kill -9`` the supervisor and all it started, the database too; returns when nothing of it is left."""
        assert self.process is not None
        doomed = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, IndexError, ValueError):
            # Taken over from an earlier supervisor, it is nobody's child.
            server = psutil.Process(self.pids("postgres")[0])
            doomed += [server, *server.children(recursive=True)]
        for process in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()
        self.process = None
        psutil.wait_procs(doomed, timeout=60)

    def maru(self, *words: str) -> str:
        """A ``maru`` command in this house."""
        command = [sys.executable, "-m", "maru.cli", *words]
        return subprocess.run(command, env=self.env, check=True, capture_output=True, text=True, timeout=180).stdout

    def mail_status(self) -> dict[str, int]:
        return dict(json.loads(self.maru("mail", "status", "--json")))

    def connect(self) -> psycopg.Connection[Any]:
        """A connection as the application's role, inside the first organization."""
        connection = psycopg.connect(EmbeddedPostgres(self.data).url(APP_ROLE), autocommit=True)
        row = connection.execute("select id from organizations_organization order by id limit 1").fetchone()
        assert row is not None
        connection.execute("select set_config('maru.organization_id', %s, false)", [str(row[0])])
        return connection
