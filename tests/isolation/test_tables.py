"""Every table that belongs to an organization, worked on as another one, on plain connections of the application."""

import contextlib
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.isolation.conftest import Database

Row = dict[str, Any]
COLUMNS = """
select a.attname from pg_attribute a where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped
   and a.attgenerated = '' order by a.attnum
"""
FOREIGN_KEYS = """
select k.conrelid::regclass::text, k.confrelid::regclass::text,
       array(select attname::text from pg_attribute where attrelid = k.conrelid and attnum = any(k.conkey)),
       k.conname
  from pg_constraint k where k.contype = 'f' and k.conparentid = 0 and k.connamespace = 'public'::regnamespace
"""
# Append-only, so that even no row at all may not be changed.
REFUSES_ALL_CHANGES = {"core_auditentry"}


def tenant_tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Tables whose rows a policy keeps apart, partitions included."""
    rows = connection.execute(
        "select c.oid::regclass::text from pg_class c where c.relrowsecurity and c.relkind in ('r', 'p')"
        " and c.relnamespace = 'public'::regnamespace order by 1"
    ).fetchall()
    return [row[0] for row in rows]


def be(connection: psycopg.Connection[Any], organization: int | None) -> None:
    connection.execute("select set_config('maru.organization_id', %s, true)", [str(organization or "")])


def refused(
    connection: psycopg.Connection[Any], error: type[Exception], statement: sql.Composable, *values: Any
) -> bool:
    """Whether the statement fails with ``error``; what it did is undone."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement, values)
    except error:
        return True
    return False


def count(connection: psycopg.Connection[Any], table: str, where: str = "true", *values: Any) -> int:
    query = sql.SQL("select count(*) from {} where {}").format(sql.SQL(table), sql.SQL(where))
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def rows(database: Database) -> dict[str, tuple[Row, Row]]:
    """One row of the victim and one of the attacker for each table that has some."""
    found = {}
    with database.as_superuser() as connection:
        for table in tenant_tables(connection):
            query = sql.SQL("select to_jsonb(t) from {} t where organization_id = %s limit 1").format(sql.SQL(table))
            pair = [
                connection.execute(query, [tenant.organization]).fetchone()
                for tenant in (database.victim, database.attacker)
            ]
            if pair[0] and pair[1]:
                found[table] = (pair[0][0], pair[1][0])
    return found


def test_every_table_has_rows_of_both(database: Database, rows: dict[str, tuple[Row, Row]]) -> None:
    with database.as_superuser() as connection:
        tables = tenant_tables(connection)
    print(f"\nisolation: {len(rows)} of {len(tables)} tables with policies walked")
    # A partition holds the organizations that hash to it; its policy is tried through the parent and by name.
    assert {table for table in tables if table not in rows and not table.startswith("ticket_search_")} == set()


def test_nothing_of_another_organization_is_read(database: Database, rows: dict[str, tuple[Row, Row]]) -> None:
    leaks = []
    with database.as_app() as connection:
        for organization in (database.attacker.organization, None):
            be(connection, organization)
            for table in tenant_tables(connection):
                if count(connection, table, "organization_id = %s", database.victim.organization):
                    leaks.append(f"{table}: rows of the victim")
                if organization is None and count(connection, table):
                    leaks.append(f"{table}: rows without an organization")
            for table, (theirs, mine) in rows.items():
                if "id" in theirs and count(connection, table, "id = %s", theirs["id"]):
                    leaks.append(f"{table}: by id")
                if organization is not None and not count(
                    connection, table, "organization_id = %s", mine["organization_id"]
                ):
                    leaks.append(f"{table}: its own rows are hidden")
    assert not leaks


def test_nothing_of_another_organization_is_changed_or_deleted(
    database: Database, rows: dict[str, tuple[Row, Row]]
) -> None:
    harm = []
    with database.as_app() as connection:
        be(connection, database.attacker.organization)
        for table in rows:
            for verb in ("update {} set organization_id = organization_id", "delete from {}"):
                statement = sql.SQL(verb + " where organization_id = %s").format(sql.SQL(table))
                try:
                    with connection.transaction(force_rollback=True):
                        touched = connection.execute(statement, [database.victim.organization]).rowcount
                except psycopg.errors.RaiseException:
                    touched = 0 if table in REFUSES_ALL_CHANGES else 1
                if touched:
                    harm.append(f"{table}: {verb.split()[0]} reached {touched} rows")
    assert not harm


def test_nothing_is_written_for_or_moved_to_another_organization(
    database: Database, rows: dict[str, tuple[Row, Row]]
) -> None:
    holes = []
    denied = psycopg.errors.InsufficientPrivilege
    with database.as_app() as connection:
        for table, (theirs, mine) in rows.items():
            columns = [row[0] for row in connection.execute(COLUMNS, [table]).fetchall() if row[0] != "id"]
            be(connection, database.attacker.organization)
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            insert = sql.SQL(
                "insert into {table} ({names}) select {names} from jsonb_populate_record(null::{table}, %s)"
            )
            # The victim's own row, so that a unique constraint would tell of it if it were asked first.
            if not refused(
                connection, denied, insert.format(table=sql.SQL(table), names=names), psycopg.types.json.Jsonb(theirs)
            ):
                holes.append(f"{table}: insert")
            move = sql.SQL("update {} set organization_id = %s where organization_id = %s").format(sql.SQL(table))
            values = (database.victim.organization, mine["organization_id"])
            error: type[Exception] = psycopg.errors.RaiseException if table in REFUSES_ALL_CHANGES else denied
            if not refused(connection, error, move, *values):
                holes.append(f"{table}: move")
    assert not holes


def test_no_row_points_into_another_organization(database: Database, rows: dict[str, tuple[Row, Row]]) -> None:
    holes, tried = [], 0
    with database.as_superuser() as connection:
        keys = [row for row in connection.execute(FOREIGN_KEYS).fetchall() if row[0] in rows and row[1] in rows]
    with database.as_app() as connection:
        for table, target, columns, name in keys:
            be(connection, database.attacker.organization)
            (column,) = [each for each in columns if each != "organization_id"]
            # One row, for two that point to the same thing could break a unique constraint first.
            own = "id" if "id" in rows[table][1] else "organization_id"
            statement = sql.SQL("update {} set {} = %s where {} = %s").format(
                sql.SQL(table), sql.Identifier(column), sql.Identifier(own)
            )
            error: type[Exception] = psycopg.errors.ForeignKeyViolation
            if table in REFUSES_ALL_CHANGES:
                error = psycopg.errors.RaiseException
            values = (rows[target][0]["id"], rows[table][1][own])
            tried += 1
            if not refused(connection, error, statement, *values):
                holes.append(f"{table}.{column} ({name})")
    print(f"\nisolation: {tried} foreign keys tried")
    assert tried > 20
    assert not holes


def test_nothing_is_left_of_an_organization_after_its_transaction(database: Database) -> None:
    def failing(connection: psycopg.Connection[Any]) -> None:
        with contextlib.suppress(psycopg.errors.DivisionByZero), connection.transaction():
            be(connection, database.victim.organization)
            connection.execute("select 1 / 0")

    def passing(connection: psycopg.Connection[Any]) -> None:
        with connection.transaction():
            be(connection, database.victim.organization)
            assert count(connection, "tickets_ticket") == 1

    ways: tuple[Callable[[psycopg.Connection[Any]], None], ...] = (failing, passing)
    for way in ways:
        with database.as_app() as connection:
            connection.autocommit = True
            way(connection)
            assert count(connection, "tickets_ticket") == 0
            with connection.transaction():
                be(connection, database.attacker.organization)
                assert count(connection, "tickets_ticket") == 1
                assert count(connection, "tickets_ticket", "organization_id = %s", database.victim.organization) == 0


def test_tables_cannot_be_emptied(database: Database) -> None:
    with database.as_app() as connection:
        for table in tenant_tables(connection):
            statement = sql.SQL("truncate {} cascade").format(sql.SQL(table))
            assert refused(connection, psycopg.errors.InsufficientPrivilege, statement), table


def test_search_functions_answer_for_one_organization_only(database: Database) -> None:
    ask = "select count(*) from find_tickets(array['카나리아'], null, 100, true)"
    with database.as_app() as connection:
        for organization, expected in ((database.attacker.organization, 1), (None, 0)):
            be(connection, organization)
            row = connection.execute(ask).fetchone()
            assert row is not None
            assert row[0] == expected
