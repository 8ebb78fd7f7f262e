"""The database part of a backup: pg_dump and pg_restore, and the roles on both sides."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO, Any

import psycopg
from psycopg import sql

from maru.cli import preparation
from maru.cli.terminal import CommandProblem
from maru.core.embedded import roles
from maru.core.embedded.binaries import wheel_binaries
from maru.core.embedded.errors import DatabaseProblem
from maru.core.embedded.server import APP_ROLE, DATABASE, OWNER_ROLE, SUPERUSER, EmbeddedPostgres
from maru.core.embedded.urls import database_urls
from maru.core.environment import Environment
from maru.core.terminal_words import _

# Settings a newer pg_dump writes and an older server does not know.
UNKNOWN_SETTINGS = re.compile(r"^SET transaction_timeout = .*$", re.MULTILINE)
# The settings stand in the first lines.
HEAD_BYTES = 64 * 1024
# Lines of definitions that name roles, and where in them a role stands.
ROLE_LINES = re.compile(
    r"^(?:ALTER .* OWNER TO|GRANT .* TO|REVOKE .* FROM|ALTER DEFAULT PRIVILEGES FOR ROLE|CREATE POLICY .* TO) .*$",
    re.MULTILINE,
)
ROLE = re.compile(r'(?P<before>\b(?:TO|FROM|FOR ROLE) )(?P<role>"[^"]+"|\w+)')
DROP_ALL = """
do $$ declare command text; commands text[]; begin
  -- All names first: once a thing is gone, its number no longer has one.
  commands := array(
    select format('drop table if exists %s cascade', oid::regclass) from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
        and pg_has_role(relowner, 'USAGE')
    union all
    select format('drop routine if exists %s cascade', p.oid::regprocedure) from pg_proc p
      where pronamespace = 'public'::regnamespace and pg_has_role(proowner, 'USAGE')
        and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    union all
    select format('drop type if exists %s cascade', t.oid::regtype) from pg_type t
      where typnamespace = 'public'::regnamespace and pg_has_role(typowner, 'USAGE')
        and (typtype in ('e', 'd') or exists (select from pg_class c where c.oid = typrelid and c.relkind = 'c'))
        and not exists (select from pg_depend d where d.objid = t.oid and d.deptype = 'e')
  );
  foreach command in array commands loop
    execute command;
  end loop;
end $$;
"""


def write(environment: Environment, file: Path) -> dict[str, Any]:
    """Dump the database as it is at this moment.

    :returns: what a restore has to know: version and role names.
    :raises CommandProblem: pg_dump failed.
    """
    url, arguments, options = _all_seeing(environment)
    with psycopg.connect(url) as connection:
        login = _user(database_urls(environment).owner)
        about = {
            "postgresql": connection.info.server_version // 10000,
            "owner": _owner(connection) or login,
            "login": login,
            "app": _user(database_urls(environment).app),
        }
    _run(_program(environment, "pg_dump"), "--format=custom", f"--file={file}", *arguments, url=url, options=options)
    return about


def _owner(connection: psycopg.Connection[Any]) -> str:
    """Whose the tables are: the role that signs in, or one that several of them work as."""
    owns = "select rolname from pg_class c join pg_roles r on r.oid = relowner where c.oid = to_regclass(%s)"
    found = connection.execute(owns, ["public.organizations_organization"]).fetchone()
    return str(found[0]) if found else ""


def copy(source: str, target: str, file: Path) -> None:
    """Copy one database into another, empty one, of a newer version maybe. Both addresses are superusers'.

    :param file: a place for what is under way.
    :raises CommandProblem: it failed, or a table holds another number of rows afterwards.
    """
    programs = wheel_binaries()
    _run(programs.program("pg_dump"), "--format=custom", "--compress=1", f"--file={file}", url=source)
    database = str(psycopg.conninfo.conninfo_to_dict(target)["dbname"])
    arguments = ("--exit-on-error", f"--jobs={os.cpu_count() or 1}", f"--dbname={database}", str(file))
    _run(programs.program("pg_restore"), *arguments, url=target)
    before, after = _count_rows(source), _count_rows(target)
    if before != after:
        differing = sorted({name for name, _rows in before.items() ^ after.items()})
        raise CommandProblem(
            _("After copying, these tables differ: %(names)s. Nothing was changed.") % {"names": ", ".join(differing)}
        )


def _count_rows(url: str) -> dict[str, int]:
    """Rows of each table."""
    tables = "select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
    counted = {}
    with psycopg.connect(url) as connection:
        for (name,) in connection.execute(tables).fetchall():
            row = connection.execute(sql.SQL("select count(*) from {}").format(sql.SQL(name))).fetchone()
            counted[str(name)] = int(row[0]) if row else 0
    return counted


def is_empty(environment: Environment) -> bool:
    """Whether the database holds no organization."""
    try:
        with psycopg.connect(database_urls(environment).owner) as connection:
            if connection.execute("select to_regclass('public.organizations_organization')").fetchone() == (None,):
                return True
            found = connection.execute("select exists (select from organizations_organization)").fetchone()
            return found == (False,)
    except psycopg.OperationalError as problem:
        raise DatabaseProblem(
            _("The database cannot be reached: %(problem)s") % {"problem": str(problem).strip()}
        ) from problem


def read(environment: Environment, file: Path, about: dict[str, Any]) -> None:
    """Replace the database's content by a dump.

    :param about: what :func:`write` returned.
    :raises CommandProblem: pg_restore failed.
    """
    if environment.embedded:
        _read_into_embedded(environment, file, about)
    else:
        preparation.grant(environment)
        _read_into_external(environment, file, about)


def _read_into_embedded(environment: Environment, file: Path, about: dict[str, Any]) -> None:
    server = EmbeddedPostgres(environment.data)
    # Built beside the present one, which is dropped only when the new one is whole.
    fresh, old = f"{DATABASE}_restored", f"{DATABASE}_replaced"
    for name in (fresh, old):
        server.drop_database(name)
    server.create_database(fresh)
    superuser = server.url(SUPERUSER, fresh)
    if {about["owner"], about.get("login", OWNER_ROLE)} == {OWNER_ROLE} and about["app"] == APP_ROLE:
        arguments = ("--exit-on-error", "--single-transaction", f"--dbname={fresh}", str(file))
        _run(wheel_binaries().program("pg_restore"), *arguments, url=superuser)
    else:
        _restore_renamed(environment, file, about, superuser)
    with psycopg.connect(server.url(SUPERUSER, "postgres")) as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (DATABASE,))
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(DATABASE), sql.Identifier(old)))
        connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(DATABASE)))
    server.drop_database(old)


def _read_into_external(environment: Environment, file: Path, about: dict[str, Any]) -> None:
    url = database_urls(environment).owner
    with psycopg.connect(url) as connection:
        found = connection.execute("select to_regclass('public.organizations_organization')").fetchone()
    # Only a database that is Maru's is emptied; in any other one the restore stops at the first clash.
    _restore_renamed(environment, file, about, url, before="" if found == (None,) else DROP_ALL)


def _restore_renamed(environment: Environment, file: Path, about: dict[str, Any], url: str, before: str = "") -> None:
    """Restore with other role names, into another version maybe: definitions as text, rows as they are.

    All in one transaction, ``before`` included: either everything is replaced or nothing.
    """
    urls = database_urls(environment)
    owner = _user(urls.owner)
    names = {about["owner"]: owner, about.get("login", about["owner"]): owner, about["app"]: _user(urls.app)}
    psql = [_program(environment, "psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    # Ours reads what any version up to its own wrote; the connection is psql's, which may have to speak TLS.
    reader = [wheel_binaries().program("pg_restore"), "--file=-", str(file)]
    with tempfile.TemporaryFile() as said:
        variables = {**os.environ, **_variables(url)}
        with (
            subprocess.Popen(psql, stdin=PIPE, stdout=DEVNULL, stderr=said, env=variables) as writer,
            contextlib.suppress(BrokenPipeError),
        ):
            assert writer.stdin is not None
            with writer.stdin as pipe:
                pipe.write(before.encode())
                pipe.write(rename_roles(_run(*reader, "--section=pre-data"), names).encode())
                _copy_rows([*reader, "--section=data"], pipe)
                pipe.write(rename_roles(_run(*reader, "--section=post-data"), names).encode())
        if writer.returncode != 0:
            said.seek(0)
            raise _failure(psql[0], said.read().decode("utf-8", "replace"))


def _copy_rows(command: list[str], pipe: IO[bytes]) -> None:
    """Let psql read the rows as they come, for there may be more than memory holds."""
    with subprocess.Popen(command, stdout=PIPE) as reader:
        assert reader.stdout is not None
        head = reader.stdout.read(HEAD_BYTES).decode("utf-8", "surrogateescape")
        pipe.write(UNKNOWN_SETTINGS.sub("", head).encode("utf-8", "surrogateescape"))
        shutil.copyfileobj(reader.stdout, pipe)
    if reader.returncode != 0:
        # psql would take the end of its input for the end of the work.
        pipe.write(b"select 1/0;\n")
        raise CommandProblem(_("The rows in the backup cannot be read."))


def rename_roles(text: str, names: dict[str, str]) -> str:
    """Definitions of a dump with roles renamed, such as ``{"maru_owner": "help"}``; rows must not be in the text."""

    def role(match: re.Match[str]) -> str:
        old = match["role"].strip('"')
        return match["before"] + '"' + names[old].replace('"', '""') + '"' if old in names else match[0]

    def line(match: re.Match[str]) -> str:
        return ROLE.sub(role, match[0])

    return UNKNOWN_SETTINGS.sub("", ROLE_LINES.sub(line, text))


def _all_seeing(environment: Environment) -> tuple[str, list[str], str]:
    """How to see all companies' rows: an address, arguments of pg_dump, and what the session has to ask for."""
    if environment.embedded:
        return EmbeddedPostgres(environment.data).superuser_url, [], ""
    url = environment.backup_database_url or database_urls(environment).owner
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            query = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
            if connection.execute(query).fetchone() == (True,):
                return url, [], ""
    except psycopg.OperationalError as problem:
        raise DatabaseProblem(
            _("The database cannot be reached: %(problem)s") % {"problem": str(problem).strip()}
        ) from problem
    if environment.backup_database_url:
        raise CommandProblem(
            _("A backup has to read all companies' rows, and the role of MARU_BACKUP_DATABASE_URL may not."),
            _("Give it BYPASSRLS, or unset the variable: the role of DATABASE_URL makes the backup then."),
        )
    # The owner, whom forced policies bind as well unless it asks.
    roles.allow_backup(url)
    roles.require_backup_rights(url)
    return url, ["--enable-row-security"], f"-c {roles.BACKUP_SETTING}=on"


def _program(environment: Environment, name: str) -> str:
    """A client program: our own, or for a server of one's own the installed one when that is new enough.

    Ours cannot speak TLS; an installed one that is older than the server would refuse.
    """
    installed = None if environment.embedded else shutil.which(name)
    if installed is not None:
        said = subprocess.run([installed, "--version"], capture_output=True, text=True, check=False).stdout
        major = re.search(r"\d+", said)
        with psycopg.connect(database_urls(environment).owner) as connection:
            if major is not None and int(major.group()) >= connection.info.server_version // 10000:
                return installed
    return wheel_binaries().program(name)


def _user(url: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(url).get("user") or "")


def _run(program: str, *arguments: str, url: str | None = None, options: str = "") -> str:
    asked = {"PGOPTIONS": options} if options else {}
    done = subprocess.run(
        [program, *arguments],
        env={**os.environ, **_variables(url), **asked} if url else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise _failure(program, done.stderr)
    return done.stdout


def _failure(program: str, said: str) -> CommandProblem:
    words = {"program": Path(program).name, "problem": said.strip()[-1500:]}
    return CommandProblem(_("%(program)s failed: %(problem)s") % words)


def _variables(url: str) -> dict[str, str]:
    """The address as libpq's variables, so that no password stands in the list of processes."""
    known = {"user": "PGUSER", "password": "PGPASSWORD", "host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE"}
    known |= {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "hostaddr": "PGHOSTADDR"}
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return {variable: str(parts[key]) for key, variable in known.items() if parts.get(key) is not None}
