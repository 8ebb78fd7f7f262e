"""``maru run`` with everything real, and everything killed."""

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from maru.cli.services import MARK
from maru.cli.tests.conftest import House
from maru.core.embedded import EmbeddedPostgres


def _children(house: House) -> dict[str, psutil.Process]:
    """The supervisor's children by name: web, worker, mail, postgres."""
    assert house.running is not None
    found = {}
    for child in psutil.Process(house.running.pid).children():
        words = child.cmdline()
        if words:
            found["postgres" if child.name() == "postgres" else words[-1]] = child
    return found


def _eventually(condition: Callable[[], bool], patience: float = 15) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _ours() -> list[psutil.Process]:
    """Living processes some supervisor marked as its children."""
    found = []
    for process in psutil.process_iter():
        try:
            if MARK in process.environ() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def running(house: House) -> House:
    house.start()
    _eventually(lambda: set(_children(house)) == {"web", "worker", "mail", "postgres"})
    return house


def test_whatever_is_killed_comes_back(running: House) -> None:
    second = House(running.data).maru("run")
    assert second.returncode == 1
    assert f"process {running.running.pid}" in second.stderr if running.running else False

    for name in ("web", "worker", "mail", "postgres"):
        before = _children(running)[name].pid
        os.kill(before, signal.SIGKILL)
        _eventually(
            lambda name=name, before=before: (
                _children(running).get(name, psutil.Process()).pid not in {before, os.getpid()}
            )
        )
        running.wait_until_answers(15)

    worker = _children(running)["web"].children()[0].pid
    os.kill(worker, signal.SIGKILL)
    running.wait_until_answers(15)

    assert running.running is not None
    marked = {process.pid for process in _ours()}
    running.running.send_signal(signal.SIGTERM)
    assert running.running.wait(30) == 0
    assert not EmbeddedPostgres(running.data).status().running
    assert not {process.pid for process in _ours()} & marked


def test_takes_over_after_kill_9(running: House) -> None:
    assert running.running is not None
    database = _children(running)["postgres"].pid
    running.running.kill()
    running.running.wait()
    running.start()
    assert EmbeddedPostgres(running.data).status().pid == database

    everything = [running.running, *psutil.Process(running.running.pid).children(recursive=True)]
    for process in everything:
        process.kill()
    running.running.wait()
    running.start()
    running.running.send_signal(signal.SIGINT)
    assert running.running.wait(30) == 0


def test_a_taken_port_is_named(house: House) -> None:
    import socket

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
