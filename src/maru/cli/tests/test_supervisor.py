"""``maru run`` with everything real, and everything killed."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable

import psutil
import pytest

from maru.cli.services import MARK
from maru.cli.tests.conftest import House
from maru.core.embedded import EmbeddedPostgres

# Seconds a stop may take at the very most: children have fifteen to finish, then the database writes what it has.
STOPPED = 90


def _children(house: House) -> dict[str, psutil.Process]:
    """The supervisor's children by name: web, worker, mail, postgres."""
    assert house.running is not None
    found = {}
    for child in psutil.Process(house.running.pid).children():
        with contextlib.suppress(psutil.Error):
            words = child.cmdline()
            if words:
                found["postgres" if child.name() == "postgres" else words[-1]] = child
    return found


def _eventually(condition: Callable[[], bool], patience: float = 90) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _marked(mark: str) -> list[psutil.Process]:
    """Living processes a supervisor marked as its children."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _child(house: House, name: str) -> psutil.Process:
    """One of the supervisor's children, waited for: whoever needs the database may just be starting again."""
    _eventually(lambda: name in _children(house))
    return _children(house)[name]


def _replaced(house: House, name: str, before: int) -> bool:
    child = _children(house).get(name)
    return child is not None and child.pid != before


def _workers(house: House) -> list[int]:
    """The processes that answer pages."""
    with contextlib.suppress(psutil.Error, KeyError):
        return [process.pid for process in _children(house)["web"].children()]
    return []


@pytest.fixture
def running(migrated: House) -> House:
    migrated.start()
    _eventually(lambda: set(_children(migrated)) == {"web", "worker", "mail", "postgres"})
    return migrated


def test_whatever_is_killed_comes_back(running: House) -> None:
    second = House(running.data).maru("run")
    assert second.returncode == 1
    assert running.running is not None
    assert f"process {running.running.pid}" in second.stderr

    for name in ("web", "worker", "mail", "postgres"):
        before = _child(running, name).pid
        os.kill(before, signal.SIGKILL)
        _eventually(lambda name=name, before=before: _replaced(running, name, before))
        running.wait_until_answers()

    _eventually(lambda: len(_workers(running)) >= 2)
    worker = _workers(running)[0]
    os.kill(worker, signal.SIGKILL)
    _eventually(lambda: worker not in _workers(running) and len(_workers(running)) >= 2)
    running.wait_until_answers()

    mark = (running.data / "run-mark").read_text()
    _eventually(lambda: len(_marked(mark)) >= 4)
    running.running.send_signal(signal.SIGTERM)
    assert running.running.wait(STOPPED) == 0
    assert not EmbeddedPostgres(running.data).status().running
    _eventually(lambda: not _marked(mark), patience=10)


def test_takes_over_after_kill_9(running: House) -> None:
    assert running.running is not None
    database = _children(running)["postgres"].pid
    running.running.kill()
    running.running.wait()
    running.start()
    # What answered may still have been the old page server, on its way out.
    _eventually(lambda: {"web", "worker", "mail"} <= set(_children(running)))
    running.wait_until_answers()
    assert EmbeddedPostgres(running.data).status().pid == database

    everything = [running.running, *psutil.Process(running.running.pid).children(recursive=True)]
    for process in everything:
        # Children end by themselves when their parent is gone; who was faster does not matter.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    running.running.wait()
    # Else a dying page server might still answer, and the signal would meet a start that has no ears yet.
    _eventually(lambda: not running.answers())
    running.start()
    running.running.send_signal(signal.SIGINT)
    assert running.running.wait(STOPPED) == 0


def test_a_taken_port_is_named(house: House) -> None:
    with socket.create_server(("127.0.0.1", house.port)):
        refused = house.maru("run")
    assert refused.returncode == 1
    assert f"Port {house.port} on 127.0.0.1 is taken by" in refused.stderr
    assert f"(process {os.getpid()})" in refused.stderr
    assert "MARU_PORT" in refused.stderr
    assert not house.data.joinpath("postgres").exists()


@pytest.mark.parametrize("part", ["web", "worker", "mail"])
def test_parts_say_that_the_database_is_missing(house: House, part: str) -> None:
    refused = house.maru(part)
    assert refused.returncode == 1
    assert "maru run" in refused.stderr
    assert "Traceback" not in refused.stderr
