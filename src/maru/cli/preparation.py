"""``maru migrate`` and ``maru demo``, and how a start finds out that there is nothing to do.

A start must not load all of Django only to learn that every migration has run. After a migration a note is kept in
the data folder: which code it was, and what the database's own list of migrations looked like. When both still are
the same, nothing is to be done.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

from maru.cli.database import running_database, set_up_django
from maru.cli.terminal import CommandProblem, say
from maru.core.embedded.errors import DatabaseProblem
from maru.core.embedded.server import APP_ROLE, OWNER_ROLE, EmbeddedPostgres
from maru.core.embedded.urls import database_urls
from maru.core.environment import Environment
from maru.core.terminal_words import _

PACKAGE = Path(__file__).resolve().parent.parent
# Other people's packages that bring migrations.
FOREIGN = ("django", "allauth", "procrastinate")
# Any number; all of Maru's machines use the same one.
MIGRATION_LOCK = 0x4D617275


def migrate(environment: Environment, asked: argparse.Namespace) -> int:
    """Prepare the roles and bring the tables up to date."""
    with running_database(environment):
        if asked.if_needed and is_prepared(environment):
            return 0
        _migrate(environment)
    return 0


def demo(environment: Environment, _asked: argparse.Namespace) -> int:
    """Fill the house with the demo company; does nothing when it is there."""
    if not environment.demo:
        raise CommandProblem(_("The demo exists on this machine's own address only, and not with MARU_DEMO=0."))
    with running_database(environment):
        set_up_django()
        from maru.config.demo import main

        main()
        _keep_note(environment, {**_note(environment), "demo": True})
    return 0


def is_prepared(environment: Environment) -> bool:
    """Whether nothing changed since the last migration, in the code nor in the database."""
    found = _fingerprint(environment)
    return found is not None and found == _note(environment).get("prepared")


def demo_done(environment: Environment) -> bool:
    """Whether the demo company was made since the last migration."""
    return bool(_note(environment).get("demo"))


def pending_migrations() -> list[str]:
    """Names of migrations that have not run; Django is loaded already."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["owner"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _backwards in plan]


def forget(environment: Environment) -> None:
    """After a restore: look at the migrations again, and put no demo company into somebody's real house."""
    _keep_note(environment, {"demo": True})


def grant(environment: Environment) -> None:
    """Set the application role's grants again; safe at any time."""
    from maru.core.embedded import roles

    if environment.database_url is None:
        roles.grant_to_app(database_urls(environment).owner, owner=OWNER_ROLE, app=APP_ROLE)
    else:
        roles.prepare_external(
            environment.database_url,
            secret_key=environment.secret_key,
            given_app_url=environment.app_database_url,
        )


def _migrate(environment: Environment) -> None:
    if environment.embedded:
        EmbeddedPostgres(environment.data).require_running()
    grant(environment)
    set_up_django()
    from django.core.management import call_command

    with _alone(environment):
        virgin, pending = not _any_applied(), pending_migrations()
        if pending:
            say(_("Bringing the database up to date (%(count)s steps) …") % {"count": len(pending)})
        call_command("migrate", database="owner", interactive=False, verbosity=0)
        grant(environment)
    # A database made anew holds no demo company, whatever was noted about the one before.
    demo_there = not virgin and demo_done(environment)
    _keep_note(environment, {"prepared": _fingerprint(environment), "demo": demo_there})


def _any_applied() -> bool:
    from django.db import connections
    from django.db.migrations.recorder import MigrationRecorder

    return bool(MigrationRecorder(connections["owner"]).applied_migrations())


@contextlib.contextmanager
def _alone(environment: Environment) -> Iterator[None]:
    """Of several machines starting on one database, one migrates and the others wait."""
    import psycopg

    with psycopg.connect(database_urls(environment).owner, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        yield


def _fingerprint(environment: Environment) -> dict[str, str] | None:
    """What the code wants and what the database has; None when the database cannot tell yet."""
    import psycopg

    query = (
        "select format('%s/%s/%s/%s', (select oid from pg_database where datname = current_database()),"
        " count(*), max(id), max(applied)) from django_migrations"
    )
    try:
        with psycopg.connect(database_urls(environment).app, connect_timeout=10) as connection:
            row = connection.execute(query).fetchone()
    except psycopg.errors.OperationalError as problem:
        if environment.embedded or "authentication" in str(problem) or "role" in str(problem):
            return None
        raise DatabaseProblem(
            _("The database cannot be reached: %(problem)s") % {"problem": str(problem).strip()}
        ) from problem
    except psycopg.Error:
        return None
    return {"code": _code_fingerprint(), "database": str(row[0] if row else "")}


def _code_fingerprint() -> str:
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.glob("**/migrations/*.py")):
        digest.update(str(file.relative_to(PACKAGE)).encode())
        digest.update(file.read_bytes())
    for name in FOREIGN:
        spec = util.find_spec(name)
        site = Path(spec.origin).parent.parent if spec and spec.origin else None
        for folder in sorted(site.glob(f"*{name}*.dist-info")) if site else ():
            digest.update(folder.name.encode())
    return digest.hexdigest()


def _note_file(environment: Environment) -> Path:
    return environment.data / "prepared.json"


def _note(environment: Environment) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_note_file(environment).read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return found
    return {}


def _keep_note(environment: Environment, note: dict[str, Any]) -> None:
    file = _note_file(environment)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(json.dumps(note), encoding="utf-8")
    fresh.replace(file)
