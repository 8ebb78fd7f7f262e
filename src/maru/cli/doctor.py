"""``maru doctor``: look at everything that can be wrong around Maru, and say in plain words what to mend."""

from __future__ import annotations

import argparse
import shutil
import smtplib
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from maru.cli import preparation
from maru.cli.database import house_lock, running_database, set_up_django
from maru.cli.ports import port_problem
from maru.cli.supervisor import answers, own_address
from maru.cli.terminal import say
from maru.core.embedded.errors import DatabaseProblem, FolderInUse
from maru.core.embedded.processes import wait_until
from maru.core.embedded.server import EmbeddedPostgres
from maru.core.embedded.urls import database_urls
from maru.core.environment import Environment, Relay
from maru.core.terminal_words import _

MEGABYTE = 1024 * 1024
LITTLE_SPACE = 512 * MEGABYTE
CLOCK_TOLERANCE = 5.0
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``fix`` is set when it is wrong."""

    text: str
    fix: str | None = None


Check = Callable[[Environment, bool], Iterator[Finding]]


def doctor(environment: Environment, _asked: argparse.Namespace) -> int:
    """Look at everything; returns 1 when something is wrong."""
    running = _runs(environment)
    wrong = 0
    checks: tuple[Check, ...] = (_folder, _doors, _demo, _database, _relay, _built)
    for check in checks:
        for finding in check(environment, running):
            if finding.fix is None:
                say(f"  ✓ {finding.text}")
                continue
            wrong += 1
            say(f"  ✗ {finding.text}")
            say(f"      → {finding.fix}")
    say("")
    say(_("All is well.") if not wrong else _("Things to mend: %(count)s") % {"count": wrong})
    return 1 if wrong else 0


def _runs(environment: Environment) -> bool:
    """Whether ``maru run`` works on this folder now."""
    if not environment.data.is_dir():
        return False
    try:
        with house_lock(environment):
            return False
    except FolderInUse:
        return True
    except DatabaseProblem:
        return False


# ---- folder and disk ---------------------------------------------------------------------------------------------


def _folder(environment: Environment, _running: bool) -> Iterator[Finding]:
    folder = environment.data
    standing = folder
    while not standing.exists():
        standing = standing.parent
    try:
        with tempfile.TemporaryFile(dir=standing):
            pass
    except OSError as problem:
        yield Finding(
            _("The data folder %(folder)s cannot be written: %(problem)s")
            % {"folder": folder, "problem": problem.strerror},
            _("Give the user who runs Maru the right to write there, or set MARU_DATA to another folder."),
        )
    else:
        yield Finding(_("The data folder %(folder)s can be written.") % {"folder": folder})
    free = shutil.disk_usage(standing).free
    text = _("Free on the disk of the data folder: %(size)s MB") % {"size": f"{free // MEGABYTE:,}"}
    fix = _("Make room, or move the data folder to a larger disk and set MARU_DATA: a full disk stops the database.")
    yield Finding(text, fix if free < LITTLE_SPACE else None)
    key = folder / "secret-key"
    if key.exists() and key.stat().st_mode & 0o077:
        yield Finding(
            _("Others on this machine can read the secret key %(file)s.") % {"file": key},
            _("Run: chmod 600 %(file)s") % {"file": key},
        )


# ---- doors -------------------------------------------------------------------------------------------------------


def _doors(environment: Environment, running: bool) -> Iterator[Finding]:
    if running:
        yield from _doors_of_running(environment)
        return
    yield Finding(_("Maru is not running on this data folder."))
    for host, port, variable, text in (
        (environment.host, environment.port, "MARU_PORT", _("Port %(port)s for the pages is free.")),
        (environment.smtp_host, environment.smtp_port, "MARU_SMTP_PORT", _("Port %(port)s for incoming mail is free.")),
    ):
        problem = port_problem(host, port, variable)
        if problem is None:
            yield Finding(text % {"port": port})
        else:
            yield Finding(
                problem.what, problem.fix or _("Set %(variable)s to another number.") % {"variable": variable}
            )


def _doors_of_running(environment: Environment) -> Iterator[Finding]:
    # A start takes a moment, and a busy machine is no broken one.
    if wait_until(lambda: answers(environment), PATIENCE):
        yield Finding(_("Maru is running and answers at port %(port)s.") % {"port": environment.port})
    else:
        yield Finding(
            _("Maru is running but does not answer at port %(port)s.") % {"port": environment.port},
            _("Look at what “maru run” prints, or stop it and start it again."),
        )
    where = {"port": environment.smtp_port}
    try:
        with socket.create_connection(
            (own_address(environment.smtp_host), environment.smtp_port), PATIENCE
        ) as connection:
            greeting = connection.recv(64)
    except OSError:
        greeting = b""
    if greeting.startswith(b"220"):
        yield Finding(_("Mail is taken in at port %(port)s.") % where)
    else:
        yield Finding(
            _("No mail is taken in at port %(port)s.") % where,
            _("Look at what “maru run” prints about “mail”; another program may have the port (MARU_SMTP_PORT)."),
        )


def _demo(environment: Environment, _running: bool) -> Iterator[Finding]:
    if environment.loopback:
        return
    if environment.demo_asked:
        yield Finding(
            _("MARU_DEMO is on, but Maru listens on %(host)s, where others can reach it.") % {"host": environment.host},
            _("Unset MARU_DEMO: the demo and its Postbox exist on this machine's own address only."),
        )
    if environment.public_url.startswith("http://"):
        yield Finding(
            _("People will reach Maru without encryption: %(url)s") % {"url": environment.public_url},
            _("Put a server with TLS in front and set MARU_PUBLIC_URL=https://…"),
        )


# ---- database ----------------------------------------------------------------------------------------------------


def _database(environment: Environment, _running: bool) -> Iterator[Finding]:
    if environment.embedded and not EmbeddedPostgres(environment.data).exists:
        yield Finding(_("The database will be made at the first start."))
        return
    try:
        with running_database(environment):
            yield from _open_database(environment)
    except DatabaseProblem as problem:
        yield Finding(
            problem.what,
            problem.fix or _("Is the server running, and are host, user and password in DATABASE_URL right?"),
        )


def _open_database(environment: Environment) -> Iterator[Finding]:
    import psycopg

    from maru.core.embedded import roles

    urls = database_urls(environment)
    try:
        with psycopg.connect(urls.owner, connect_timeout=int(PATIENCE)) as connection:
            version = connection.info.server_version
            roles.check_version(version)
            yield Finding(
                _("The database answers (PostgreSQL %(version)s).")
                % {"version": f"{version // 10000}.{version % 10000}"}
            )
            row = connection.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
            yield from _clock(float(row[0]) if row else time.time())
    except psycopg.OperationalError as problem:
        raise DatabaseProblem(
            _("The database cannot be reached: %(problem)s") % {"problem": str(problem).strip()}
        ) from problem
    yield from _application_role(urls.app)
    set_up_django()
    pending = preparation.pending_migrations()
    if pending:
        yield Finding(
            _("The database is behind by %(count)s steps.") % {"count": len(pending)},
            _("Run: maru migrate (“maru run” does it by itself)."),
        )
    else:
        yield Finding(_("The database is up to date."))


def _clock(database_time: float) -> Iterator[Finding]:
    difference = abs(database_time - time.time())
    if difference > CLOCK_TOLERANCE:
        yield Finding(
            _("The clocks of this machine and of the database differ by %(seconds)s seconds.")
            % {"seconds": round(difference)},
            _("Switch time synchronisation on (timedatectl set-ntp true) on both machines."),
        )
    else:
        yield Finding(_("The clock agrees with the database."))


def _application_role(url: str) -> Iterator[Finding]:
    import psycopg

    from maru.core.embedded import roles

    try:
        with psycopg.connect(url, connect_timeout=int(PATIENCE)) as connection:
            problems = list(roles.role_problems(connection))
    except psycopg.OperationalError as problem:
        yield Finding(
            _("The application's own database role cannot sign in: %(problem)s") % {"problem": str(problem).strip()},
            _("Run: maru migrate. It makes the role, or says what an administrator has to run."),
        )
        return
    for found in problems:
        yield Finding(found.what, found.fix)
    if not problems:
        yield Finding(_("Row-level security binds the application."))


# ---- mail out ----------------------------------------------------------------------------------------------------


def _relay(environment: Environment, _running: bool) -> Iterator[Finding]:
    relay = environment.relay
    if relay is None:
        if environment.loopback and environment.demo:
            yield Finding(_("Outgoing mail stays in the Postbox (no MARU_RELAY_URL)."))
        elif environment.loopback:
            yield Finding(
                _(
                    "Outgoing mail is kept but goes nowhere: there is no MARU_RELAY_URL, and no Postbox without MARU_DEMO."
                )
            )
        else:
            yield Finding(
                _("Mail cannot leave: there is no outgoing mail server."),
                _("Set MARU_RELAY_URL, such as smtp://user:password@mail.example.com:587?starttls=1."),
            )
        return
    where = {"host": relay.host, "port": relay.port}
    try:
        _greet_relay(relay)
    except smtplib.SMTPAuthenticationError:
        yield Finding(
            _("The outgoing mail server %(host)s refuses user and password.") % where,
            _("Correct them in MARU_RELAY_URL."),
        )
    except (OSError, smtplib.SMTPException) as problem:
        yield Finding(
            _("The outgoing mail server %(host)s, port %(port)s cannot be used: %(problem)s")
            % {**where, "problem": problem},
            _("Correct MARU_RELAY_URL, or ask whether a firewall closes the port."),
        )
    else:
        yield Finding(_("The outgoing mail server %(host)s answers.") % where)


def _greet_relay(relay: Relay) -> None:
    context = ssl.create_default_context()
    if relay.tls:
        server: smtplib.SMTP = smtplib.SMTP_SSL(relay.host, relay.port, timeout=PATIENCE, context=context)
    else:
        server = smtplib.SMTP(relay.host, relay.port, timeout=PATIENCE)
    with server:
        if relay.starttls:
            server.starttls(context=context)
        if relay.username is not None:
            server.login(relay.username, relay.password or "")


# ---- built parts -------------------------------------------------------------------------------------------------


def _built(_environment: Environment, _running: bool) -> Iterator[Finding]:
    package = Path(str(files("maru")))
    for parts, text, target in (
        (package.glob("ui/dist/**/*.css"), _("Styles and scripts are built."), "assets"),
        (package.glob("locale/*/LC_MESSAGES/django.mo"), _("Translations are built."), "translations"),
    ):
        if any(parts):
            yield Finding(text)
        elif target == "assets":
            yield Finding(_("Styles and scripts are missing."), _("Run: make %(target)s") % {"target": target})
        else:
            yield Finding(_("Translations are missing."), _("Run: make %(target)s") % {"target": target})
