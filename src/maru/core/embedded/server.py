"""The embedded PostgreSQL: make its folder, start it, take over one left running, stop it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from maru.core.embedded import configuration, processes
from maru.core.embedded.account import ServerAccount, server_account
from maru.core.embedded.binaries import Binaries, server_binaries, wheel_binaries
from maru.core.embedded.errors import DatabaseProblem, DifferentMajorVersion, NotRunning
from maru.core.embedded.private import make_socket_folder, readable_by, write_private
from maru.core.terminal_words import _

SUPERUSER = "postgres"
OWNER_ROLE = "maru_owner"
APP_ROLE = "maru_app"
DATABASE = "maru"
# There is no TCP port; the number is only part of the socket's name.
PORT = 5432
# Longest path of a Unix socket on Linux is 107 bytes, elsewhere 103.
LONGEST_SOCKET = 103
START_SECONDS = 300
STOP_SECONDS = 120
DYING_SECONDS = 0.1
LOG_LIMIT = 20 * 1024 * 1024
READY_MARK = "maru-is-set-up"


@dataclass(frozen=True, slots=True)
class Status:
    """What is known about the server: ``pid`` is None when it does not run, ``version`` None before the first start."""

    running: bool
    ready: bool
    pid: int | None
    version: int | None


class EmbeddedPostgres:
    """One PostgreSQL cluster below a data folder. Not for two processes at once: whoever starts it holds the lock."""

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        self.data = data
        self.folder = data / "postgres"
        self.log = data / "postgres.log"
        # Where an upgrade has finished a cluster that is yet to take its place.
        self.upgraded = data / "postgres.upgraded"
        self.durable = durable
        self._secrets_file = data / "postgres-passwords.json"
        self._process: subprocess.Popen[bytes] | None = None

    # ---- addresses -------------------------------------------------------------------------------------------

    @property
    def socket_folder(self) -> Path:
        """Where clients find the socket: the cluster's own folder, or a short one when that path is too long."""
        if len(os.fsencode(self.folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
            return self.folder
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
        return Path("/tmp", f"maru-{name}")  # noqa: S108 - made with mode 0700, its owner checked before use

    @property
    def superuser_url(self) -> str:
        """Address for maintenance only (tests, back-up); nothing that serves people uses it."""
        return self.url(SUPERUSER)

    def url(self, role: str, database: str = DATABASE) -> str:
        """Address for one role; without password as long as there is none."""
        password = self._passwords().get(role)
        user = quote(role, safe="") + (f":{quote(password, safe='')}" if password else "")
        # The folder stands in the query, where nothing makes it lower-case as host names are.
        address = f"host={quote(str(self.socket_folder), safe='')}&port={PORT}"
        return f"postgresql://{user}@/{quote(database, safe='')}?{address}"

    def _passwords(self) -> dict[str, str]:
        try:
            kept = json.loads(self._secrets_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as problem:
            raise DatabaseProblem(
                _("The database's passwords in %(path)s cannot be read: %(problem)s")
                % {"path": self._secrets_file, "problem": problem}
            ) from problem
        return {str(role): str(password) for role, password in kept.items()}

    # ---- state -----------------------------------------------------------------------------------------------

    @property
    def exists(self) -> bool:
        """Whether the cluster was made already."""
        return (self.folder / "PG_VERSION").is_file()

    def status(self) -> Status:
        """Look, without changing anything."""
        try:
            version: int | None = int((self.folder / "PG_VERSION").read_text(encoding="ascii"))
        except (OSError, ValueError):
            version = None
        pid, ready = self._postmaster()
        return Status(running=pid is not None, ready=ready, pid=pid, version=version)

    def require_running(self) -> None:
        """
        :raises NotRunning: the server does not run.
        """
        if not self.status().ready:
            raise NotRunning(
                _("Maru's own database is not running for the data folder %(folder)s.") % {"folder": self.data},
                _("Start Maru with “maru run” first, or set DATABASE_URL to a PostgreSQL of your own."),
            )

    def _postmaster(self) -> tuple[int | None, bool]:
        """Number of the server's main process, and whether it takes connections."""
        try:
            lines = (self.folder / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
            pid = int(lines[0])
        except (OSError, ValueError, IndexError):
            return None, False
        if self._process is not None and self._process.pid == pid:
            if self._process.poll() is not None:
                return None, False
        elif not processes.serves(pid, self.folder):
            return None, False
        return pid, len(lines) > 7 and lines[7].strip() == "ready"

    # ---- start and stop --------------------------------------------------------------------------------------

    def ensure_started(self, *, wait: bool = True) -> Status:
        """Start the server, or take over the one that runs; make the cluster and its roles the first time.

        :param wait: False returns while the server may still be recovering (only once it was set up).
        :raises DifferentMajorVersion: the folder is from another major version.
        :raises DatabaseProblem: anything else that hinders; the text says what to do.
        """
        account = server_account()
        binaries = self._programs(account)
        if not self.exists:
            self._create(account, binaries)
        self._check_version(binaries)
        log_start = 0 if self._left_running() else self._start(account, binaries)
        set_up = (self.folder / READY_MARK).exists()
        if wait or not set_up:
            self._wait_until_ready(log_start)
        if not set_up:
            self._set_up(account)
        return self.status()

    def stop(self, *, immediately: bool = False) -> None:
        """Stop the server: sessions are ended, everything is written. Returns when it is gone.

        :param immediately: do not write anything; the next start recovers from the log.
        """
        pid, _ready = self._postmaster()
        if pid is None:
            return
        processes.signal_quietly(pid, signal.SIGQUIT if immediately else signal.SIGINT)
        if not processes.wait_until(lambda: self._gone(pid), STOP_SECONDS):
            processes.signal_quietly(pid, signal.SIGQUIT)
            processes.wait_until(lambda: self._gone(pid), 10)
        if self._process is not None:
            self._process = None

    def trim_log(self) -> None:
        """Set the server's log aside when it has grown large; it is opened for appending, so it may be emptied."""
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_LIMIT:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)

    def _programs(self, account: ServerAccount) -> Binaries:
        return server_binaries(account)

    def _arguments(self) -> list[str]:
        """More words for the server's command line."""
        return []

    def _left_running(self) -> bool:
        """Whether a server runs and stays: one that was killed a moment ago may still look alive."""
        if self._postmaster()[0] is None:
            return False
        time.sleep(DYING_SECONDS)
        return self._postmaster()[0] is not None

    def _gone(self, pid: int) -> bool:
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is not None
        return not processes.alive(pid)

    def _check_version(self, binaries: Binaries) -> None:
        found = int((self.folder / "PG_VERSION").read_text(encoding="ascii"))
        if found != binaries.major:
            raise DifferentMajorVersion(
                _("The data folder %(folder)s was written by PostgreSQL %(found)s, but this Maru brings %(mine)s.")
                % {"folder": self.data, "found": found, "mine": binaries.major},
                _("Nothing was changed. “maru upgrade-database” brings the data over (docs/how-to/upgrade.md).")
                if found < binaries.major
                else _(
                    "Nothing was changed. Start the newer Maru again, or restore a backup (docs/how-to/upgrade.md)."
                ),
            )

    def _create(self, account: ServerAccount, binaries: Binaries) -> None:
        """Make the cluster beside its place and move it there when whole, so that a cut-off first start leaves none."""
        self._make_data_folder()
        if self.upgraded.is_dir():
            raise DatabaseProblem(
                _("An upgrade of the database in %(folder)s was cut off.") % {"folder": self.data},
                _("Run: maru upgrade-database"),
            )
        unfinished = self.folder.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        account.give(unfinished)
        # Those an upgrade brings along stay, so that whoever knows them goes on.
        passwords = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER_ROLE, APP_ROLE)} | self._passwords()
        with readable_by(account, passwords[SUPERUSER]) as password_file:
            arguments = ["-U", SUPERUSER, "-A", "scram-sha-256", f"--pwfile={password_file}"]
            arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "-E", "UTF8"]
            if not self.durable:
                arguments.append("--no-sync")
            done = subprocess.run(
                [binaries.program("initdb"), "-D", account.data_argument(unfinished), *arguments],
                cwd=unfinished,
                env=_server_environment(),
                capture_output=True,
                text=True,
                check=False,
                **account.process_options(),
            )
        if done.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise DatabaseProblem(
                _("The database could not be created in %(folder)s: %(problem)s")
                % {"folder": self.folder, "problem": (done.stderr or done.stdout).strip()[-800:]}
            )
        write_private(self._secrets_file, json.dumps(passwords, indent=1) + "\n")
        unfinished.rename(self.folder)

    def _make_data_folder(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.data):
                pass
        except OSError as problem:
            raise DatabaseProblem(
                _("The data folder %(folder)s cannot be written: %(problem)s")
                % {"folder": self.data, "problem": problem.strerror},
                _("Give yourself the right to write there, or set MARU_DATA to another folder."),
            ) from problem

    def _start(self, account: ServerAccount, binaries: Binaries) -> int:
        self._check_owner(account)
        account.give_tree(self.folder)
        self._end_leftovers()
        self._configure(account)
        log_start = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            os.chmod(self.log, 0o600)
            self._process = subprocess.Popen(
                [binaries.program("postgres"), "-D", account.data_argument(self.folder), *self._arguments()],
                cwd=self.folder,
                env=_server_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Out of reach of Ctrl-C: the supervisor stops the server after those who use it.
                start_new_session=True,
                umask=0o077,
                **account.process_options(),
            )
        return log_start

    def _check_owner(self, account: ServerAccount) -> None:
        if not account.switched and self.folder.stat().st_uid != account.uid:
            raise DatabaseProblem(
                _("The database folder %(folder)s belongs to another user.") % {"folder": self.folder},
                _("Start Maru as the user who started it before, or hand the folder over with chown -R."),
            )

    def _end_leftovers(self) -> None:
        """Clear what a killed server left: its children end by themselves in a moment, and must before a new start."""
        for signal_number, patience in ((None, 3.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0)):
            for pid in processes.servers_in(self.folder) if signal_number else ():
                processes.signal_quietly(pid, signal_number or signal.SIGQUIT)
            if processes.wait_until(lambda: not any(processes.servers_in(self.folder)), patience):
                break
        # The number in them may by now be some other process's, which would make PostgreSQL refuse to start.
        socket = self.socket_folder / f".s.PGSQL.{PORT}"
        for stale in (self.folder / "postmaster.pid", socket, socket.with_name(f"{socket.name}.lock")):
            stale.unlink(missing_ok=True)

    def _configure(self, account: ServerAccount) -> None:
        socket_folder = "."
        if self.socket_folder != self.folder:
            socket_folder = str(self.socket_folder)
            make_socket_folder(self.socket_folder, account)
        text = configuration.server_configuration(
            configuration.memory_of_machine(), socket_folder=socket_folder, port=PORT, durable=self.durable
        )
        for name, content in (("postgresql.conf", text), ("pg_hba.conf", configuration.ACCESS)):
            write_private(self.folder / name, content, account)
        own = self.folder / configuration.LOCAL_FILE
        if not own.exists():
            write_private(own, configuration.LOCAL_TEXT, account)

    def _wait_until_ready(self, log_start: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        pause = 0.01
        while True:
            pid, ready = self._postmaster()
            if ready:
                return
            ended = self._process.poll() is not None if self._process is not None else pid is None
            if ended or time.monotonic() > deadline:
                raise DatabaseProblem(
                    _("The database did not start. Its last words (%(log)s): %(words)s")
                    % {"log": self.log, "words": self._last_words(log_start)}
                )
            time.sleep(pause)
            pause = min(pause * 1.3, 0.1)

    def _last_words(self, start: int) -> str:
        with contextlib.suppress(OSError), open(self.log, "rb") as file:
            file.seek(start)
            return file.read()[-1500:].decode("utf-8", "replace").strip()
        return ""

    def _set_up(self, account: ServerAccount) -> None:
        from maru.core.embedded import roles  # Loads the database driver, needed the first time only.

        passwords = self._passwords()
        roles.set_up_cluster(
            self.url(SUPERUSER, "postgres"),
            owner=(OWNER_ROLE, passwords[OWNER_ROLE]),
            app=(APP_ROLE, passwords[APP_ROLE]),
            database=DATABASE,
        )
        roles.grant_to_app(self.url(SUPERUSER), owner=OWNER_ROLE, app=APP_ROLE)
        write_private(self.folder / READY_MARK, "", account)

    # ---- databases -------------------------------------------------------------------------------------------

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database owned by the owner role, with the application role's grants; from a template when given.

        :raises psycopg.errors.DuplicateDatabase: it exists.
        """
        from maru.core.embedded import roles

        roles.create_database(self.url(SUPERUSER, "postgres"), name, owner=OWNER_ROLE, template=template)
        if template is None:
            roles.grant_to_app(self.url(SUPERUSER, name), owner=OWNER_ROLE, app=APP_ROLE)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending its sessions."""
        from maru.core.embedded import roles

        roles.drop_database(self.url(SUPERUSER, "postgres"), name)

    def tools(self) -> Binaries:
        """The client programs (``pg_dump`` …)."""
        return wheel_binaries()


def _server_environment() -> dict[str, str]:
    """Nothing of ours: variables such as PGHOST or a time zone must not reach the server."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
