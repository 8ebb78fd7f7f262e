"""``maru run``: one process that starts all others and keeps them running."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

from maru.cli import preparation
from maru.cli.database import house_lock
from maru.cli.ports import free_port_or_complain
from maru.cli.services import MARK, SUPERVISOR, BackOff, Service, end_leftovers
from maru.cli.terminal import CommandProblem, complain, say
from maru.core.embedded.errors import DatabaseProblem
from maru.core.embedded.processes import wait_until
from maru.core.embedded.server import EmbeddedPostgres
from maru.core.environment import Environment, is_everywhere
from maru.core.terminal_words import _

SERVICES = ("web", "worker", "mail")
TICK = 1.0
# How long children may take to finish what they are doing (seconds).
GRACE = 15.0
LOG_TRIM_EVERY = 3600.0


def run(environment: Environment, _asked: argparse.Namespace) -> int:
    """Start everything and stay until told to stop; returns the exit status."""
    with house_lock(environment):
        return Supervisor(environment).run()


class Supervisor:
    """Holds the database and the children."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.postgres = EmbeddedPostgres(environment.data) if environment.embedded else None
        self.stopping = False
        self.ready = False
        self._mark = secrets.token_hex(8)
        own = {"MARU_DATA": str(environment.data), MARK: self._mark, SUPERVISOR: str(os.getpid())}
        self._child_environment = {**os.environ, **own}
        self.services = [Service(name, self._child_environment) for name in SERVICES]
        self._postgres_back_off = BackOff()
        self._postgres_started = 0.0
        self._log_trimmed = time.monotonic()
        self._wake_reader, self._wake_writer = socket.socketpair()

    def run(self) -> int:
        """The whole life."""
        self._listen_to_signals()
        try:
            self._clear_the_way()
            self._prepare()
            while not self.stopping:
                self._tend()
                self._sleep()
        except Stop:
            pass
        finally:
            self._stop()
        return 0

    # ---- start -----------------------------------------------------------------------------------------------

    def _clear_the_way(self) -> None:
        mark_file = self.environment.data / "run-mark"
        with contextlib.suppress(OSError):
            if end_leftovers(mark_file.read_text(encoding="ascii").strip(), patience=5.0):
                say(_("Maru was not stopped properly last time; what was left of it has been ended."))
        for host, port, variable in (
            (self.environment.host, self.environment.port, "MARU_PORT"),
            (self.environment.smtp_host, self.environment.smtp_port, "MARU_SMTP_PORT"),
        ):
            free_port_or_complain(host, port, variable)
        self.environment.data.mkdir(parents=True, exist_ok=True)
        mark_file.write_text(self._mark, encoding="ascii")

    def _prepare(self) -> None:
        if self.postgres is not None:
            if not self.postgres.exists:
                say(_("First start: preparing the database …"))
            self.postgres.ensure_started()
            self._postgres_started = time.monotonic()
        self._command(["migrate", "--if-needed"])
        if self.environment.demo and not preparation.demo_done(self.environment):
            self._command(["demo"])

    def _command(self, words: list[str]) -> None:
        # A process of its own, for what it loads would otherwise stay in this one for ever.
        process = subprocess.Popen(
            [sys.executable, "-m", "maru.cli", *words],
            env=self._child_environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            status = process.wait()
        except Stop:
            process.terminate()
            process.wait()
            raise
        if status != 0:
            raise CommandProblem(_("“maru %(command)s” failed; see above.") % {"command": words[0]})

    # ---- life ------------------------------------------------------------------------------------------------

    def _tend(self) -> None:
        self._tend_postgres()
        for service in self.services:
            died = service.tend()
            if died is not None:
                complain(
                    _("“%(name)s” ended (%(status)s); it is started again.")
                    % {"name": service.name, "status": _describe(died)}
                )
        if not self.ready and answers(self.environment):
            self.ready = True
            self._greet()

    def _tend_postgres(self) -> None:
        if self.postgres is None:
            return
        if time.monotonic() - self._log_trimmed > LOG_TRIM_EVERY:
            self._log_trimmed = time.monotonic()
            self.postgres.trim_log()
        if self.postgres.status().running or not self._postgres_back_off.due():
            return
        complain(_("The database ended; it is started again."))
        self._postgres_back_off.failed(time.monotonic() - self._postgres_started)
        try:
            self.postgres.ensure_started(wait=False)
            self._postgres_started = time.monotonic()
        except DatabaseProblem as problem:
            complain(str(problem))

    def _sleep(self) -> None:
        pause = TICK if self.ready and all(service.process for service in self.services) else TICK / 10
        readable, _writable, _broken = select.select([self._wake_reader], [], [], pause)
        if readable:
            self._wake_reader.recv(4096)

    def _greet(self) -> None:
        here = self.environment
        mail = {"host": here.smtp_host, "port": here.smtp_port}
        lines = [
            _("Maru is ready: %(url)s") % {"url": here.public_url},
            _("Mail comes in at %(host)s, port %(port)s") % mail,
            _("Everything is kept in %(folder)s") % {"folder": here.data},
            _("Ctrl-C stops Maru; nothing is lost."),
        ]
        if here.demo:
            lines.insert(1, _("Postbox with all mail that left: %(url)s") % {"url": f"{here.public_url}/postbox"})
        say("\n" + "\n".join(f"  {line}" for line in lines) + "\n")

    # ---- end -------------------------------------------------------------------------------------------------

    def _listen_to_signals(self) -> None:
        for end in (self._wake_reader, self._wake_writer):
            end.setblocking(False)
        # Any signal writes a byte there, so that a child's death is noticed at once.
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)

    def _told_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        if not self.stopping:
            self.stopping = True
            raise Stop

    def _stop(self) -> None:
        # From here on a second Ctrl-C must not leave half of it standing.
        self.stopping = True
        if any(service.process for service in self.services):
            say(_("Stopping …"))
        for service in self.services:
            service.ask_to_stop()
        wait_until(lambda: all(service.stopped() for service in self.services), GRACE)
        for service in self.services:
            service.end()
        if self.postgres is not None:
            self.postgres.stop()
        (self.environment.data / "run-mark").unlink(missing_ok=True)


class Stop(BaseException):
    """Somebody asked us to stop; not an Exception, so that no handler of errors takes it."""


def answers(environment: Environment) -> bool:
    """Whether the pages answer on this machine."""
    host = own_address(environment.host)
    request = b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, environment.port), timeout=2) as connection:
            connection.sendall(request)
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def own_address(host: str) -> str:
    """Where this machine reaches a server that listens on ``host``, which may mean all addresses."""
    if not is_everywhere(host):
        return host
    return "::1" if ":" in host else "127.0.0.1"


def _describe(status: int) -> str:
    if status < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-status).name
    return str(status)
