"""The embedded PostgreSQL with real processes: started, killed, taken over, refused."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from maru.core.embedded import DatabaseProblem, DifferentMajorVersion, EmbeddedPostgres, FolderInUse, NotRunning
from maru.core.embedded.lock import FolderLock
from maru.core.embedded.processes import alive, servers_in, signal_quietly, wait_until
from maru.core.embedded.server import APP_ROLE, OWNER_ROLE


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "Data")
    yield server
    if server.exists:
        _kill_all_in(server.folder)


def _kill_all_in(folder: Path) -> None:
    # The others of a server end by themselves once one is gone, so some may be dead before their turn.
    for pid in list(servers_in(folder)):
        signal_quietly(pid, signal.SIGKILL)
    assert wait_until(lambda: not list(servers_in(folder)), 10)


def _pid(server: EmbeddedPostgres) -> int:
    pid = server.status().pid
    assert pid is not None
    return pid


def _kept(server: EmbeddedPostgres) -> int:
    with psycopg.connect(server.url(APP_ROLE)) as connection:
        row = connection.execute("select count(*) from kept").fetchone()
    assert row is not None
    return int(row[0])


def _keep(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url(OWNER_ROLE)) as connection:
        connection.execute("create table kept (id serial primary key, word text)")
    with psycopg.connect(server.url(APP_ROLE)) as connection:
        connection.execute("insert into kept (word) select '환불' from generate_series(1, 1000)")


def test_data_outlives_a_stop(postgres: EmbeddedPostgres) -> None:
    assert not postgres.status().running
    assert postgres.ensure_started().ready
    _keep(postgres)
    postgres.stop()
    assert not postgres.status().running
    with pytest.raises(NotRunning, match="maru run"):
        postgres.require_running()
    postgres.ensure_started()
    postgres.require_running()
    assert _kept(postgres) == 1000


def test_application_role_owns_nothing_and_is_bound(postgres: EmbeddedPostgres) -> None:
    postgres.ensure_started()
    _keep(postgres)
    with psycopg.connect(postgres.url(OWNER_ROLE)) as connection:
        connection.execute("alter table kept enable row level security")
    assert _kept(postgres) == 0
    with psycopg.connect(postgres.url(APP_ROLE), autocommit=True) as connection:
        role = connection.execute(
            "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user"
        ).fetchone()
        assert role == (False, False, False, False)
        for forbidden in (
            "create table mine (id int)",
            "drop table kept",
            "alter table kept disable row level security",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)


def test_only_the_socket_and_only_with_a_password(postgres: EmbeddedPostgres) -> None:
    postgres.ensure_started()
    with psycopg.connect(postgres.superuser_url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        locale = "select datlocprovider, datlocale from pg_database where datname = 'maru'"
        assert connection.execute(locale).fetchone() == ("b", "C.UTF-8")
    host = postgres.socket_folder
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"host={host} port=5432 user=postgres dbname=maru password=wrong")
    assert (postgres.data / "postgres-passwords.json").stat().st_mode & 0o077 == 0
    assert postgres.folder.stat().st_mode & 0o077 == 0


def test_recovers_after_the_server_was_killed(postgres: EmbeddedPostgres) -> None:
    postgres.ensure_started()
    _keep(postgres)
    os.kill(_pid(postgres), signal.SIGKILL)
    assert wait_until(lambda: not postgres.status().running, 5)
    postgres.ensure_started()
    assert _kept(postgres) == 1000


def test_recovers_after_everything_was_killed(postgres: EmbeddedPostgres) -> None:
    postgres.ensure_started()
    _keep(postgres)
    _kill_all_in(postgres.folder)
    after = EmbeddedPostgres(postgres.data)
    after.ensure_started()
    assert _kept(after) == 1000
    after.stop()


def test_takes_over_a_server_its_starter_left(postgres: EmbeddedPostgres) -> None:
    program = (
        "import os, sys, signal; from pathlib import Path; from maru.core.embedded import EmbeddedPostgres;"
        "EmbeddedPostgres(Path(sys.argv[1])).ensure_started(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", program, postgres.data], check=False).returncode == -signal.SIGKILL
    left = _pid(postgres)
    assert postgres.ensure_started().pid == left
    postgres.stop()
    assert wait_until(lambda: not alive(left), 5)


def test_a_number_that_came_round_again_is_not_taken_for_the_server(postgres: EmbeddedPostgres) -> None:
    postgres.ensure_started()
    _keep(postgres)
    _kill_all_in(postgres.folder)
    file = postgres.folder / "postmaster.pid"
    # Our own process now has the number the file names, as happens in a container after a restart.
    file.write_text("\n".join([str(os.getppid()), *file.read_text().splitlines()[1:]]) + "\n")
    after = EmbeddedPostgres(postgres.data)
    after.ensure_started()
    assert _kept(after) == 1000
    after.stop()


def test_a_cut_off_first_start_leaves_nothing(postgres: EmbeddedPostgres) -> None:
    unfinished = postgres.data / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "half").write_text("")
    postgres.ensure_started()
    assert not unfinished.exists()
    assert postgres.status().ready


def test_other_major_version_is_refused_untouched(postgres: EmbeddedPostgres) -> None:
    postgres.ensure_started()
    postgres.stop()
    (postgres.folder / "PG_VERSION").write_text("16\n")
    before = sorted(file.name for file in postgres.folder.iterdir())
    with pytest.raises(DifferentMajorVersion, match=r"PostgreSQL 16.*docs/how-to/upgrade\.md"):
        postgres.ensure_started()
    assert sorted(file.name for file in postgres.folder.iterdir()) == before


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("long-" * 10) / ("longer-" * 10))
    assert server.socket_folder != server.folder
    server.ensure_started()
    try:
        with psycopg.connect(server.url(APP_ROLE)) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert server.socket_folder.stat().st_mode & 0o077 == 0
    finally:
        server.stop()
        server.socket_folder.rmdir()


def test_unusable_data_folder_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseProblem, match="MARU_DATA"):
        EmbeddedPostgres(tmp_path / "file" / "data").ensure_started()


def test_broken_configuration_shows_the_server_s_words(postgres: EmbeddedPostgres) -> None:
    postgres.ensure_started()
    postgres.stop()
    (postgres.folder / "local.conf").write_text("shared_buffers = many\n")
    with pytest.raises(DatabaseProblem, match="shared_buffers"):
        postgres.ensure_started()


def test_databases_are_cloned_and_dropped(postgres: EmbeddedPostgres) -> None:
    postgres.ensure_started()
    postgres.create_database("first")
    with psycopg.connect(postgres.url(OWNER_ROLE, "first")) as connection:
        connection.execute("create table thing (id int)")
    postgres.create_database("second", template="first")
    with psycopg.connect(postgres.url(APP_ROLE, "second")) as connection:
        connection.execute("insert into thing values (1)")
    open_session = psycopg.connect(postgres.url(APP_ROLE, "second"))
    for name in ("first", "second", "second"):
        postgres.drop_database(name)
    with pytest.raises(psycopg.OperationalError):
        open_session.execute("select 1")
    open_session.close()


def test_one_maru_per_folder(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "lock"):
        with pytest.raises(FolderInUse, match=rf"process {os.getpid()}\b.*MARU_DATA"):
            FolderLock(tmp_path / "lock").take()
    with FolderLock(tmp_path / "lock"):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    program = (
        "import os, sys, signal; from pathlib import Path; from maru.core.embedded.lock import FolderLock;"
        "FolderLock(Path(sys.argv[1])).take(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "lock"], check=False)
    with FolderLock(tmp_path / "lock"):
        pass
