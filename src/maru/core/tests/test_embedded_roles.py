"""Roles in a PostgreSQL of one's own: the distribution's, on a TCP port."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from maru.core.embedded import DatabaseProblem
from maru.core.embedded.roles import (
    allow_backup,
    check_version,
    prepare_external,
    require_backup_rights,
    role_problems,
)
from maru.core.embedded.urls import app_role_name, database_urls, django_database, external_app_url
from maru.core.environment import load
from maru.testing.own_server import OwnServer, running_own_server

KEY = "k" * 20 + "0123456789abcdefghij"


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    with running_own_server() as server:
        yield server


def test_application_role_is_made_once_and_bound(own_server: OwnServer) -> None:
    name, url = own_server.house("createrole")
    app_url = prepare_external(url, secret_key=KEY)
    assert app_url == external_app_url(url, KEY)
    with psycopg.connect(url) as connection:
        connection.execute("create table thing (id serial primary key)")
        connection.execute("create function one() returns int language sql as 'select 1'")
        connection.execute("alter table thing enable row level security")
    assert prepare_external(url, secret_key=KEY) == app_url
    with psycopg.connect(app_url, autocommit=True) as connection:
        assert connection.execute("select current_user, one()").fetchone() == (f"{name}_app", 1)
        assert connection.execute("select count(*) from thing").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into thing default values")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table mine (id int)")
        assert not list(role_problems(connection))


def test_tables_that_were_there_before_are_granted(own_server: OwnServer) -> None:
    _name, url = own_server.house("createrole")
    with psycopg.connect(url) as connection:
        connection.execute('create table "Odd Name" (id serial primary key)')
    with psycopg.connect(prepare_external(url, secret_key=KEY)) as connection:
        connection.execute('insert into "Odd Name" default values')


def test_somebody_else_s_tables_are_left_alone(own_server: OwnServer) -> None:
    name, url = own_server.house("createrole")
    own_server.run("create table theirs (id int)", database=name)
    with psycopg.connect(prepare_external(url, secret_key=KEY), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select * from theirs")


def test_a_changed_secret_key_changes_the_password(own_server: OwnServer) -> None:
    _name, url = own_server.house("createrole")
    before = prepare_external(url, secret_key=KEY)
    after = prepare_external(url, secret_key=KEY[::-1])
    assert before != after
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(before)


def test_without_the_right_to_make_roles_it_says_what_to_run(own_server: OwnServer) -> None:
    name, url = own_server.house()
    with pytest.raises(DatabaseProblem, match=rf'CREATE ROLE "{name}_app" LOGIN.*MARU_APP_DATABASE_URL'):
        prepare_external(url, secret_key=KEY)
    own_server.run(f"create role \"{name}_app\" login password 'given'")
    given = own_server.url(f"{name}_app", name, "given")
    with pytest.raises(DatabaseProblem, match="maru_scanner"):
        prepare_external(url, secret_key=KEY, given_app_url=given)
    own_server.run(
        "do $$ begin if not exists (select from pg_roles where rolname = 'maru_scanner') then"
        " create role maru_scanner nologin; end if; end $$",
        f"grant maru_scanner to {name}",
    )
    assert prepare_external(url, secret_key=KEY, given_app_url=given) == given


def test_the_owner_reads_everything_only_when_it_asks(own_server: OwnServer) -> None:
    _name, url = own_server.house("createrole")
    app_url = prepare_external(url, secret_key=KEY)
    everything = "select count(*) from thing"
    with psycopg.connect(url) as connection:
        connection.execute("create table thing (id int)")
        connection.execute("insert into thing values (1), (2)")
        connection.execute("alter table thing enable row level security")
        connection.execute("alter table thing force row level security")
        connection.execute(f"create function peek() returns bigint language sql security definer as '{everything}'")
    for _time in range(2):
        allow_backup(url)
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute(everything).fetchone() == (0,)
        connection.execute("set maru.backup = on")
        assert connection.execute(everything).fetchone() == (2,)
        # For reading only.
        assert connection.execute("delete from thing").rowcount == 0
    # The application gains nothing by asking too, nor by way of the owner's functions.
    with psycopg.connect(prepare_external(url, secret_key=KEY), autocommit=True) as connection:
        connection.execute("set maru.backup = on")
        assert connection.execute(everything).fetchone() == (0,)
        assert connection.execute("select peek()").fetchone() == (0,)
    assert app_url == prepare_external(url, secret_key=KEY)


def _protect(table: str) -> tuple[str, str, str]:
    return (
        f"create table {table} as select 1 as id",
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
    )


def test_each_role_that_works_as_the_owner_reads_everything(own_server: OwnServer) -> None:
    name, url = own_server.house()
    own_server.run(f"create role {name}_second login password 'secret' in role {name}")
    with psycopg.connect(url) as connection:
        for statement in _protect("thing"):
            connection.execute(statement)
    for other in (url, own_server.url(f"{name}_second", name)):
        with pytest.raises(DatabaseProblem, match="thing"):
            require_backup_rights(other)
        for _time in range(2):
            allow_backup(other)
            require_backup_rights(other)
        with psycopg.connect(other) as connection:
            connection.execute("set maru.backup = on")
            assert connection.execute("select count(*) from thing").fetchone() == (1,)


def test_a_back_up_that_would_miss_rows_is_refused(own_server: OwnServer) -> None:
    name, url = own_server.house()
    own_server.run(*_protect("theirs"), f"grant select on theirs to {name}", database=name)
    allow_backup(url)
    with pytest.raises(DatabaseProblem, match=f"“{name}” may not read all of these tables: theirs.*BYPASSRLS"):
        require_backup_rights(url)
    # Who is bound by no policy sees all.
    require_backup_rights(own_server.url("postgres", name))


def test_somebody_else_s_policies_are_left_alone(own_server: OwnServer) -> None:
    name, url = own_server.house("createrole")
    own_server.run(
        "create table theirs (id int)",
        "alter table theirs enable row level security",
        "alter table theirs force row level security",
        database=name,
    )
    allow_backup(url)
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from pg_policy").fetchone() == (0,)


@pytest.mark.parametrize("attribute", ["superuser", "bypassrls"])
def test_a_role_that_steps_around_policies_is_refused(own_server: OwnServer, attribute: str) -> None:
    name, url = own_server.house("createrole")
    own_server.run(f"create role {name}_strong login password 'secret' {attribute}")
    with pytest.raises(DatabaseProblem, match=f"NO{attribute.upper()}"):
        prepare_external(url, secret_key=KEY, given_app_url=own_server.url(f"{name}_strong", name))


def test_the_owner_is_no_application_role(own_server: OwnServer) -> None:
    _name, url = own_server.house("createrole")
    with psycopg.connect(url) as connection:
        connection.execute("create table thing (id int)")
    with pytest.raises(DatabaseProblem, match="owns tables"):
        prepare_external(url, secret_key=KEY, given_app_url=url)


def test_a_superuser_may_be_the_owner(own_server: OwnServer) -> None:
    name, _url = own_server.house()
    with psycopg.connect(prepare_external(own_server.url("postgres", name), secret_key=KEY)) as connection:
        assert connection.execute("select current_user").fetchone() == (f"{name}_app",)


def test_unreachable_is_said_plainly() -> None:
    with pytest.raises(DatabaseProblem, match="cannot be reached"):
        prepare_external("postgresql://a:b@127.0.0.1:9/x", secret_key=KEY)


def test_old_versions_are_refused() -> None:
    with pytest.raises(DatabaseProblem, match=r"version 14.*15"):
        check_version(140019)
    check_version(150000)


def test_names_and_addresses() -> None:
    assert app_role_name("help") == "help_app"
    assert len(app_role_name("가" * 40).encode()) <= 63
    url = "postgresql://me:p%40w@db.example.com:5433/help?sslmode=require&user=other&password=x"
    app = external_app_url(url, KEY)
    assert app.startswith("postgresql://help_app:")
    assert app.endswith("@db.example.com:5433/help?sslmode=require")
    assert django_database(url)["PASSWORD"] == "p@w"
    assert django_database(url)["OPTIONS"] == {"sslmode": "require"}
    socket_url = django_database("postgresql://me:x@/maru?host=/var/Data/postgres&port=5432")
    assert (socket_url["HOST"], socket_url["PORT"], socket_url["NAME"]) == ("/var/Data/postgres", "5432", "maru")


def test_addresses_before_the_first_start(tmp_path: Path) -> None:
    urls = database_urls(load({"MARU_DATA": str(tmp_path / "Data")}))
    assert django_database(urls.app)["USER"] == "maru_app"
    assert django_database(urls.owner)["USER"] == "maru_owner"
    assert not (tmp_path / "Data").exists()
