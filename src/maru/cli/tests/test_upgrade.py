"""A data folder an older Maru left, of PostgreSQL 16: refused, brought over, and never lost on the way."""

import json
import re
import shutil
import signal
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import psycopg
import pytest

from maru.cli import dump, upgrade
from maru.cli.terminal import CommandProblem
from maru.cli.tests.conftest import House
from maru.core.embedded import EmbeddedPostgres
from maru.core.embedded.account import server_account
from maru.core.embedded.binaries import older_binaries
from maru.core.embedded.configuration import ACCESS, LOCAL_TEXT, server_configuration
from maru.core.embedded.older import OlderPostgres
from maru.core.embedded.processes import servers_in
from maru.core.embedded.server import APP_ROLE, OWNER_ROLE, PORT
from maru.core.environment import load

OLD = 16
PASSWORDS = {"postgres": "first secret", OWNER_ROLE: "second secret", APP_ROLE: "third secret"}
PROOF = "select id, word from proof order by id"


def _older(house: House) -> OlderPostgres:
    return OlderPostgres(house.data, older_binaries(OLD))


def _make_cluster(house: House) -> None:
    """What an older Maru would have made: the same files, with settings this version does not know left out."""
    account, programs = server_account(), older_binaries(OLD)
    server = _older(house)
    server.folder.mkdir(parents=True, mode=0o700)
    (house.data / "postgres-passwords.json").write_text(json.dumps(PASSWORDS))
    password = server.folder.parent / "password"
    password.write_text(PASSWORDS["postgres"])
    for path in (server.folder, password):
        account.give(path)
    initdb = [programs.program("initdb"), "-D", account.data_argument(server.folder), "-U", "postgres"]
    initdb += ["-A", "scram-sha-256", "--pwfile=/dev/stdin", "--locale=C.UTF-8", "-E", "UTF8", "--no-sync"]
    with password.open() as given:
        subprocess.run(
            initdb, cwd=server.folder, stdin=given, check=True, capture_output=True, **account.process_options()
        )
    password.unlink()
    text = server_configuration(2**31, socket_folder=".", port=PORT, durable=False)
    for name, content in (
        ("postgresql.conf", re.sub("^io_workers.*$", "", text, flags=re.MULTILINE)),
        ("pg_hba.conf", ACCESS),
        ("local.conf", LOCAL_TEXT + "work_mem = '7MB'\n"),
    ):
        (server.folder / name).write_text(content)
        account.give(server.folder / name)


@pytest.fixture(scope="module")
def older_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated and with a few rows; to be copied, not used."""
    house = House(tmp_path_factory.mktemp("older") / "var")
    _make_cluster(house)
    assert load({"MARU_DATA": str(house.data)}).secret_key
    server = _older(house)
    server.ensure_started()
    try:
        house.variables = {
            "DATABASE_URL": server.url(OWNER_ROLE),
            "MARU_APP_DATABASE_URL": server.url(APP_ROLE),
        }
        done = house.maru("migrate")
        assert done.returncode == 0, done.stderr
        with psycopg.connect(server.url(OWNER_ROLE)) as connection:
            connection.execute("create table proof (id serial primary key, word text)")
        with psycopg.connect(server.url(APP_ROLE)) as connection:
            connection.execute("insert into proof (word) select '환불 ' || n from generate_series(1, 500) n")
    finally:
        server.stop()
    return house.data


@pytest.fixture
def older(house: House, older_folder: Path) -> House:
    shutil.copytree(older_folder, house.data)
    return house


def _rows(server: EmbeddedPostgres, statement: str, role: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url(role)) as connection:
        return connection.execute(statement).fetchall()


def _proof(house: House) -> int:
    """How many rows the house holds, with the programs of this Maru."""
    server = EmbeddedPostgres(house.data)
    server.ensure_started()
    try:
        return len(_rows(server, PROOF, APP_ROLE))
    finally:
        server.stop()


def test_the_data_are_brought_over(older: House) -> None:
    refused = older.maru("run")
    assert refused.returncode == 1
    assert "maru upgrade-database" in refused.stderr
    sick = older.maru("doctor")
    assert sick.returncode == 1
    assert "maru upgrade-database" in sick.stdout

    done = older.maru("upgrade-database")
    assert done.returncode == 0, done.stderr
    assert f"postgres-{OLD}" in done.stdout
    assert json.loads((older.data / "postgres-passwords.json").read_text()) == PASSWORDS
    assert not (older.data / "postgres-upgrade").exists()
    assert (older.data / f"postgres-{OLD}" / "PG_VERSION").read_text() == f"{OLD}\n"

    server = EmbeddedPostgres(older.data)
    server.ensure_started()
    try:
        assert _rows(server, "show server_version_num", APP_ROLE)[0][0] > "180000"
        assert _rows(server, "show work_mem", APP_ROLE) == [("7MB",)]
        assert len(_rows(server, PROOF, APP_ROLE)) == 500
        # Policies came along: nobody sees a company's rows without being inside it.
        forced = "select count(*) from pg_class where relforcerowsecurity"
        assert int(str(_rows(server, forced, APP_ROLE)[0][0])) > 20
    finally:
        server.stop()
    well = older.maru("doctor")
    assert well.returncode == 0, well.stdout
    again = older.maru("upgrade-database")
    assert (again.returncode, "already" in again.stdout) == (0, True)


def test_an_upgrade_killed_in_the_middle_is_run_again(older: House) -> None:
    # As if killed with both servers running, half of it copied.
    left = _older(older)
    left.ensure_started()
    half = EmbeddedPostgres(older.data / "postgres-upgrade")
    half.ensure_started()
    done = older.maru("upgrade-database")
    assert done.returncode == 0, done.stderr
    assert not (older.data / "postgres-upgrade").exists()
    assert not list(servers_in(older.data / f"postgres-{OLD}"))
    assert _proof(older) == 500


def test_an_upgrade_killed_between_the_two_renames(older: House) -> None:
    assert older.maru("upgrade-database").returncode == 0
    # As it would have been left: the old one set aside, the new one not yet in place.
    (older.data / "postgres").rename(older.data / "postgres.upgraded")
    refused = older.maru("run")
    assert refused.returncode == 1
    assert "maru upgrade-database" in refused.stderr
    assert not (older.data / "postgres").exists()
    done = older.maru("upgrade-database")
    assert done.returncode == 0, done.stderr
    assert _proof(older) == 500


def test_a_finished_copy_grows_stale_while_the_old_cluster_is_used(older: House) -> None:
    upgraded, work = older.data / "postgres.upgraded", older.data / "postgres-upgrade"
    # Copied whole but cut off before the two changed places, and before the dump was removed.
    server = EmbeddedPostgres(older.data)
    upgrade._copy(server, OLD, None)
    work.mkdir(exist_ok=True)
    (work / "database.dump").write_text("everybody's letters")
    assert upgraded.is_dir()
    left = _older(older)
    left.ensure_started()
    try:
        with psycopg.connect(left.url(APP_ROLE)) as connection:
            connection.execute("insert into proof (word) values ('came in since')")
    finally:
        left.stop()
    done = older.maru("upgrade-database")
    assert done.returncode == 0, done.stderr
    assert not upgraded.exists()
    assert not work.exists()
    assert _proof(older) == 501


def test_too_little_disk(older: House, monkeypatch: pytest.MonkeyPatch) -> None:
    upgraded, work = older.data / "postgres.upgraded", older.data / "postgres-upgrade"
    for left in (upgraded, work):
        left.mkdir()
    usage = shutil.disk_usage(older.data)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=40 * upgrade.MEGABYTE))
    environment = load({"MARU_DATA": str(older.data)})
    with pytest.raises(CommandProblem, match=r"40 MB free, and the upgrade needs \d+ MB"):
        upgrade.upgrade(environment, Namespace(programs=None))
    # What an attempt before has left does not take up the room that is missing.
    assert not upgraded.exists()
    assert not work.exists()
    assert (older.data / "postgres" / "PG_VERSION").read_text() == f"{OLD}\n"
    monkeypatch.undo()
    assert older.maru("upgrade-database").returncode == 0
    assert _proof(older) == 500


def test_a_copy_that_fails_leaves_nothing_behind(older: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_source: str, _target: str, file: Path) -> None:
        file.write_text("half of everybody's letters")
        raise CommandProblem("No space left on device")

    monkeypatch.setattr(dump, "copy", fail)
    with pytest.raises(CommandProblem, match="No space"):
        upgrade.upgrade(load({"MARU_DATA": str(older.data)}), Namespace(programs=None))
    assert not (older.data / "postgres-upgrade").exists()
    assert not (older.data / "postgres.upgraded").exists()
    assert not list(servers_in(older.data / "postgres"))


def test_what_hinders_is_said_and_nothing_changed(older: House, tmp_path: Path) -> None:
    missing = older.maru("upgrade-database", "--programs", str(tmp_path))
    assert missing.returncode == 1
    assert f"postgresql-{OLD}" in missing.stderr
    assert (older.data / "postgres" / "PG_VERSION").read_text() == f"{OLD}\n"
    assert not (older.data / "postgres-upgrade").exists()

    newer = older.data / "postgres" / "PG_VERSION"
    newer.write_text("99\n")
    refused = older.maru("upgrade-database")
    assert refused.returncode == 1
    assert "99" in refused.stderr

    older.variables["DATABASE_URL"] = "postgresql://a:b@127.0.0.1:9/maru"
    assert "DATABASE_URL" in older.maru("upgrade-database").stderr


def test_a_house_without_a_database_has_nothing_to_bring_over(house: House) -> None:
    refused = house.maru("upgrade-database")
    assert refused.returncode == 1
    assert "maru run" in refused.stderr


def test_ctrl_c_leaves_no_server_behind(older: House) -> None:
    command = [sys.executable, "-m", "maru.cli", "upgrade-database"]
    with subprocess.Popen(command, env=older.environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "Copying" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
    assert not list(servers_in(older.data / "postgres"))
    assert older.maru("upgrade-database").returncode == 0
    assert _proof(older) == 500
