"""Roles and grants: the owner of the tables, and the application that owns nothing and cannot step around policies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql

from maru.core.embedded.errors import DatabaseProblem
from maru.core.embedded.urls import app_role_name, external_app_url
from maru.core.terminal_words import _

OLDEST_MAJOR = 15
SCANNER_ROLE = "maru_scanner"
# What a session of the owner's sets to read all rows, and the policy that lets it.
BACKUP_SETTING, BACKUP_POLICY = "maru.backup", "maru_backup"
TABLE_RIGHTS = "SELECT, INSERT, UPDATE, DELETE"
Connection = psycopg.Connection[tuple[object, ...]]


def set_up_cluster(superuser_url: str, *, owner: tuple[str, str], app: tuple[str, str], database: str) -> None:
    """Create both roles (name, password) and the database in Maru's own cluster; safe to run twice."""
    with _connected(superuser_url) as connection:
        for name, password in (owner, app):
            _create_role(connection, name)
            _set_password(connection, name, password)
        # The tables' owner may not create roles, so this one is made here.
        _ensure_scanner(connection, owner[0])
        if not _one(connection, "select 1 from pg_database where datname = %s", database):
            _create_database(connection, database, owner[0], None)


def grant_to_app(url: str, *, owner: str, app: str) -> None:
    """Let the application role work with the owner's tables of one database, those there and those to come.

    Safe to run at any time. The role of ``url`` is the owner or a superuser.
    """
    with _connected(url) as connection:
        to_app = {"owner": sql.Identifier(owner), "app": sql.Identifier(app), "rights": sql.SQL(TABLE_RIGHTS)}
        defaults = "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT "
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {app}",
            defaults + "{rights} ON TABLES TO {app}",
            defaults + "USAGE, SELECT ON SEQUENCES TO {app}",
            defaults + "EXECUTE ON FUNCTIONS TO {app}",
        ):
            connection.execute(sql.SQL(statement).format(**to_app))
        # Object by object: in a database shared with others, tables of theirs must not make this fail.
        for thing, rights, names in _owned(connection, owner):
            connection.execute(
                sql.SQL("GRANT {rights} ON {thing} {names} TO {app}").format(
                    rights=sql.SQL(rights),
                    thing=sql.SQL(thing),
                    names=sql.SQL(", ").join(map(sql.SQL, names)),
                    app=sql.Identifier(app),
                )
            )


def create_database(superuser_url: str, name: str, *, owner: str, template: str | None) -> None:
    """Create a database, from a template when given."""
    with _connected(superuser_url) as connection:
        _create_database(connection, name, owner, template)


def drop_database(superuser_url: str, name: str) -> None:
    """Drop a database if it exists; sessions in it are ended."""
    with _connected(superuser_url) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def prepare_external(owner_url: str, *, secret_key: str, given_app_url: str | None = None) -> str:
    """Make the application role in a PostgreSQL of one's own, or bring it up to date. Safe to run twice.

    :param owner_url: address of the role that owns the tables.
    :param secret_key: the password of the application role is derived from it.
    :param given_app_url: address of a role somebody made by hand; then only its grants are set.
    :returns: the address of the application role, tried.
    :raises DatabaseProblem: unreachable, too old, or rights are missing; the text says what to run.
    """
    with _connected(owner_url) as connection:
        check_version(connection.info.server_version)
        owner = str(_one(connection, "select current_user"))
        database = str(_one(connection, "select current_database()"))
        app_url = given_app_url or external_app_url(owner_url, secret_key)
        app = psycopg.conninfo.conninfo_to_dict(app_url).get("user") if given_app_url else app_role_name(database)
        if not app:
            raise DatabaseProblem(_("MARU_APP_DATABASE_URL names no user."))
        if not given_app_url and not can_connect(app_url):
            _make_external_role(connection, str(app), app_url)
        _ensure_scanner(connection, owner)
    grant_to_app(owner_url, owner=owner, app=str(app))
    allow_backup(owner_url)
    with _connected(app_url) as connection:
        for problem in role_problems(connection):
            raise problem
    return app_url


def allow_backup(owner_url: str) -> None:
    """Let the tables' owner read all rows in a session that asks for it, as ``maru backup`` does. Safe to run twice.

    Policies are forced, so they bind the owner too, and a dump would miss rows. The owner can take them off at any time;
    this spares it having to, and a role that bypasses them everywhere. The policy is for reading and for the owner
    alone: the application is no member of it, and inside functions of the owner's the session is still another's.

    :raises DatabaseProblem: the database cannot be reached.
    """
    with _connected(owner_url) as connection:
        names = {"policy": sql.Identifier(BACKUP_POLICY), "setting": sql.Literal(BACKUP_SETTING)}
        for table in _unread(connection, "pg_has_role(relowner, 'USAGE') and relforcerowsecurity"):
            # It may be there for another role: one that worked as the owner before.
            with connection.transaction():
                for statement in (
                    "DROP POLICY IF EXISTS {policy} ON {table}",
                    "CREATE POLICY {policy} ON {table} FOR SELECT TO CURRENT_USER"
                    " USING (current_setting({setting}, true) = 'on' AND session_user = current_user)",
                ):
                    connection.execute(sql.SQL(statement).format(table=sql.SQL(table), **names))


def require_backup_rights(owner_url: str) -> None:
    """
    :raises DatabaseProblem: rows of some table would be missing in a back-up this role makes; the database would leave
        them out without a word.
    """
    with _connected(owner_url) as connection:
        hidden = _unread(connection, "row_security_active(c.oid)")
        if hidden:
            user = str(_one(connection, "select current_user"))
            raise DatabaseProblem(
                _("A backup would miss rows: the role “%(role)s” may not read all of these tables: %(tables)s.")
                % {"role": user, "tables": ", ".join(hidden)},
                _("Set DATABASE_URL to the role that owns them, or MARU_BACKUP_DATABASE_URL to one with BYPASSRLS."),
            )


def _unread(connection: Connection, condition: LiteralString) -> list[str]:
    """Tables of ours under ``condition`` that have no policy letting this very role read all rows."""
    query = sql.SQL(
        "select c.oid::regclass::text from pg_class c where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p') and {condition} and not exists (select from pg_policy where polrelid = c.oid"
        " and polname = {policy} and polroles @> array[current_user::regrole::oid]) order by 1"
    ).format(condition=sql.SQL(condition), policy=sql.Literal(BACKUP_POLICY))
    rows = connection.execute(query).fetchall()
    return [str(name) for (name,) in rows]


def check_version(number: int) -> None:
    """
    :param number: as PostgreSQL tells it, such as 150014 for 15.14.
    :raises DatabaseProblem: it is older than Maru needs.
    """
    if number // 10000 < OLDEST_MAJOR:
        raise DatabaseProblem(
            _("This PostgreSQL is version %(found)s; Maru needs %(needed)s or newer.")
            % {"found": number // 10000, "needed": OLDEST_MAJOR},
            _("Set DATABASE_URL to a newer one, or leave it unset: Maru then runs its own."),
        )


def role_problems(connection: Connection) -> Iterator[DatabaseProblem]:
    """What is wrong with the role the application works as; nothing when row-level security binds it."""
    row = connection.execute(
        "select rolname, rolsuper, rolbypassrls from pg_roles where rolname = current_user"
    ).fetchone()
    if row is None:
        return
    name, superuser, bypasses = row
    role = {"role": name}
    if superuser:
        yield DatabaseProblem(
            _("The database role “%(role)s” is a superuser, so nothing keeps the companies' data apart.") % role,
            _("Run: %(statement)s") % {"statement": f'ALTER ROLE "{name}" NOSUPERUSER;'},
        )
    if bypasses:
        yield DatabaseProblem(
            _("The database role “%(role)s” may bypass row-level security.") % role,
            _("Run: %(statement)s") % {"statement": f'ALTER ROLE "{name}" NOBYPASSRLS;'},
        )
    owned = _one(
        connection,
        "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and pg_has_role(current_user, relowner, 'MEMBER')",
    )
    if owned and not superuser:
        yield DatabaseProblem(
            _("The database role “%(role)s” owns tables; the application must work as a role that owns none.") % role,
            _("Set MARU_APP_DATABASE_URL to another role."),
        )


def can_connect(url: str) -> bool:
    """Whether the address works."""
    try:
        with psycopg.connect(url, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _make_external_role(connection: Connection, app: str, app_url: str) -> None:
    allowed = _one(connection, "select rolsuper or rolcreaterole from pg_roles where rolname = current_user")
    try:
        _create_role(connection, app)
        _set_password(connection, app, str(psycopg.conninfo.conninfo_to_dict(app_url)["password"]))
    except psycopg.errors.InsufficientPrivilege as problem:
        reason = (
            _("The role of DATABASE_URL may not change the role “%(app)s”.")
            if allowed
            else _("The role of DATABASE_URL may not create roles, and Maru needs a second one, “%(app)s”.")
        )
        raise DatabaseProblem(
            reason % {"app": app},
            _("Let a database administrator run: %(statements)s Then set MARU_APP_DATABASE_URL=%(url)s.")
            % {
                "statements": f"CREATE ROLE \"{app}\" LOGIN PASSWORD '…';",
                "url": f"postgresql://{app}:…@host:5432/database",
            },
        ) from problem
    if not can_connect(app_url):
        raise DatabaseProblem(
            _("The role “%(app)s” exists but cannot sign in with a password.") % {"app": app},
            _("Allow it in pg_hba.conf (scram-sha-256), or set MARU_APP_DATABASE_URL."),
        )


def _create_role(connection: Connection, name: str) -> None:
    if not _one(connection, "select 1 from pg_roles where rolname = %s", name):
        statement = "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION INHERIT"
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def _ensure_scanner(connection: Connection, owner: str) -> None:
    """The role without log-in behind cross-organization queues; the owner must be able to hand functions to it."""
    names = {"scanner": sql.Identifier(SCANNER_ROLE), "owner": sql.Identifier(owner)}
    try:
        if not _one(connection, "select 1 from pg_roles where rolname = %s", SCANNER_ROLE):
            connection.execute(sql.SQL("CREATE ROLE {scanner} NOLOGIN").format(**names))
        # As a member, not by being a superuser or by having made it, which since version 16 is not enough.
        member = "select pg_has_role(%s, %s, 'USAGE') and not rolsuper from pg_roles where rolname = %s"
        if not _one(connection, member, owner, SCANNER_ROLE, owner):
            connection.execute(sql.SQL("GRANT {scanner} TO {owner}").format(**names))
        connection.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {scanner}").format(**names))
    except psycopg.errors.InsufficientPrivilege as problem:
        raise DatabaseProblem(
            _("The role of DATABASE_URL may not prepare the role “%(role)s”.") % {"role": SCANNER_ROLE},
            _("Let a database administrator run: %(statements)s")
            % {
                "statements": f'CREATE ROLE {SCANNER_ROLE} NOLOGIN; GRANT {SCANNER_ROLE} TO "{owner}"; '
                f"GRANT USAGE, CREATE ON SCHEMA public TO {SCANNER_ROLE};"
            },
        ) from problem


def _set_password(connection: Connection, name: str, password: str) -> None:
    # Hashed here, so that the password itself never stands in a server's log.
    hashed = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode("ascii")
    statement = sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(hashed))
    connection.execute(statement)


def _create_database(connection: Connection, name: str, owner: str, template: str | None) -> None:
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(owner), sql.Identifier(template or "template1")
    )
    connection.execute(statement)


def _owned(connection: Connection, owner: str) -> Iterator[tuple[str, str, list[str]]]:
    """What the owner has in the schema, by kind: (keyword, rights, quoted names)."""
    relations = (
        "select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace"
        " and relowner = %s::regrole and relkind = any(%s)"
    )
    functions = (
        "select oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace"
        " and proowner = %s::regrole and prokind in ('f', 'w')"
    )
    name = sql.Identifier(owner).as_string(connection)
    for thing, rights, rows in (
        ("TABLE", TABLE_RIGHTS, connection.execute(relations, (name, ["r", "p", "v", "m"])).fetchall()),
        ("SEQUENCE", "USAGE, SELECT", connection.execute(relations, (name, ["S"])).fetchall()),
        ("FUNCTION", "EXECUTE", connection.execute(functions, (name,)).fetchall()),
    ):
        if rows:
            yield thing, rights, [str(row[0]) for row in rows]


def _one(connection: Connection, query: str, *values: object) -> object:
    row = connection.execute(query.encode(), values or None).fetchone()
    return row[0] if row else None


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as problem:
        raise DatabaseProblem(
            _("The database cannot be reached: %(problem)s") % {"problem": str(problem).strip()}
        ) from problem
    with connection:
        # Django's and our own objects live in public, whatever the role's search path says.
        connection.execute("set search_path = public")
        yield connection
