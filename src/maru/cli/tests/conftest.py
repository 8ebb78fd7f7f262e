"""A house of one's own for each test: an empty data folder and free ports, no demo."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from maru.core.embedded.processes import servers_in, signal_quietly
from maru.testing.ports import free_port


@dataclass
class House:
    """Calls the ``maru`` command as a person would, in processes of its own."""

    data: Path
    variables: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    smtp_port: int = field(default_factory=free_port)
    running: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("MARU_", "DATABASE_", "LANG"))
        }
        own = {"MARU_DATA": self.data, "MARU_PORT": self.port, "MARU_SMTP_PORT": self.smtp_port, "MARU_DEMO": 0}
        return {**kept, **{name: str(value) for name, value in own.items()}, **self.variables}

    def maru(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "maru.cli", *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)

    def start(self, patience: float = 120) -> subprocess.Popen[str]:
        """``maru run``, waited for until it answers."""
        self.running = subprocess.Popen(
            [sys.executable, "-m", "maru.cli", "run"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.wait_until_answers(patience)
        return self.running

    def wait_until_answers(self, patience: float = 90) -> None:
        deadline = time.monotonic() + patience
        while not self.answers():
            assert time.monotonic() < deadline, "does not answer"
            assert self.running is None or self.running.poll() is None, "ended"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def end(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)
            self.running.wait(120)
        if self.running is not None and self.running.stderr is not None:
            self.running.stderr.close()
        for pid in servers_in(self.data / "postgres") if (self.data / "postgres").exists() else ():
            # It may have ended since it was listed.
            signal_quietly(pid, signal.SIGKILL)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "var")
    yield made
    made.end()


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose database is up to date; to be copied, not used."""
    made = House(tmp_path_factory.mktemp("migrated") / "var")
    done = made.maru("migrate")
    assert done.returncode == 0, done.stderr
    return made.data


@pytest.fixture
def migrated(house: House, migrated_folder: Path) -> House:
    """A house that has been started before."""
    shutil.copytree(migrated_folder, house.data)
    return house
