"""Back-up and restore of a whole house, and archives that are not whole."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import psycopg
import pytest

from maru.cli.dump import rename_roles
from maru.cli.tests.conftest import House
from maru.core.embedded import EmbeddedPostgres
from maru.core.embedded.server import APP_ROLE, OWNER_ROLE
from maru.core.environment import load
from maru.testing.own_server import running_own_server


def _sql(house: House, statement: str, role: str = "postgres") -> list[tuple[object, ...]]:
    server = EmbeddedPostgres(house.data)
    server.ensure_started()
    try:
        with psycopg.connect(server.url(role), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []
    finally:
        server.stop()


ORGANIZATIONS = "select id, slug, name from organizations_organization"
GRANTS = (
    "select relname, relacl::text, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) from pg_class"
    " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S') order by 1"
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, migrated_folder: Path) -> House:
    """A migrated house with a few rows and a file; the tests leave it as it was."""
    house = House(tmp_path_factory.mktemp("filled") / "var")
    shutil.copytree(migrated_folder, house.data)
    assert load({"MARU_DATA": str(house.data)}).secret_key
    _sql(house, "create table proof (id serial primary key, word text)", OWNER_ROLE)
    _sql(house, "insert into proof (word) values ('환불'), ('返金'), (E'GRANT ALL TO maru_app;\\n')", APP_ROLE)
    (house.data / "files" / "ab").mkdir(parents=True)
    (house.data / "files" / "ab" / "일.bin").write_bytes(os.urandom(100_000))
    return house


@pytest.fixture
def other(tmp_path: Path) -> House:
    return House(tmp_path / "elsewhere" / "var")


def test_everything_comes_back_in_an_empty_folder(filled: House, other: House, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar"
    written = filled.maru("backup", str(archive))
    assert written.returncode == 0, written.stderr
    assert archive.stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir() if "maru" in file.name or "unfinished" in file.name] == []

    restored = other.maru("restore", str(archive))
    assert restored.returncode == 0, restored.stderr
    for statement in (GRANTS, "select * from proof order by id"):
        assert _sql(other, statement) == _sql(filled, statement)
    for name in ("secret-key", "files/ab/일.bin"):
        assert (other.data / name).read_bytes() == (filled.data / name).read_bytes()
    assert _sql(other, "insert into proof (word) values ('x') returning id", APP_ROLE) == [(4,)]
    assert other.maru("doctor").returncode == 0


def test_a_house_with_something_in_it_is_not_replaced_by_accident(filled: House, other: House, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar"
    assert filled.maru("backup", str(archive)).returncode == 0
    refused = filled.maru("restore", str(archive))
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    (filled.data / "files" / "ab" / "later").write_text("gone after the restore")
    assert filled.maru("restore", "--force", str(archive)).returncode == 0
    assert [file.name for file in (filled.data / "files" / "ab").iterdir()] == ["일.bin"]


def test_damaged_archives_change_nothing(filled: House, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar"
    assert filled.maru("backup", str(archive)).returncode == 0
    whole = archive.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    evil = io.BytesIO()
    with tarfile.open(fileobj=evil, mode="w") as tar:
        for name in ("../../escaped", "/escaped"):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    before = _sql(filled, "select * from proof order by id"), (filled.data / "secret-key").read_bytes()
    for content in (b"", b"nonsense" * 1000, whole[: len(whole) // 2], bytes(flipped), evil.getvalue()):
        archive.write_bytes(content)
        refused = filled.maru("restore", "--force", str(archive))
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
        assert "backup" in refused.stderr
    assert (_sql(filled, "select * from proof order by id"), (filled.data / "secret-key").read_bytes()) == before
    assert not (tmp_path / "escaped").exists()
    assert not [file for file in filled.data.iterdir() if file.name.startswith(".maru-restore")]


def test_newer_archives_and_missing_files_are_named(house: House, tmp_path: Path) -> None:
    archive = tmp_path / "newer.tar"
    with tarfile.open(archive, "w") as tar:
        content = json.dumps({"format": 2, "maru": "9.0"}).encode()
        member = tarfile.TarInfo("manifest.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    assert "9.0" in house.maru("restore", str(archive)).stderr
    assert "nothing.tar" in house.maru("restore", str(tmp_path / "nothing.tar")).stderr
    assert "does not exist" in house.maru("backup", str(tmp_path / "no" / "folder.tar")).stderr


def test_roles_are_renamed_where_roles_stand() -> None:
    text = "\n".join(
        (
            "SET transaction_timeout = 0;",
            "ALTER TABLE public.maru_app OWNER TO maru_owner;",
            "GRANT SELECT,INSERT ON TABLE public.maru_app TO maru_app;",
            "ALTER DEFAULT PRIVILEGES FOR ROLE maru_owner IN SCHEMA public GRANT ALL ON TABLES TO maru_app;",
            "CREATE POLICY due ON public.thing FOR SELECT TO maru_scanner USING (true);",
            "    select 'maru_owner' -- OWNER TO maru_owner",
        )
    )
    assert rename_roles(text, {"maru_owner": "help", "maru_app": 'a"b'}).splitlines() == [
        "",
        'ALTER TABLE public.maru_app OWNER TO "help";',
        'GRANT SELECT,INSERT ON TABLE public.maru_app TO "a""b";',
        'ALTER DEFAULT PRIVILEGES FOR ROLE "help" IN SCHEMA public GRANT ALL ON TABLES TO "a""b";',
        "CREATE POLICY due ON public.thing FOR SELECT TO maru_scanner USING (true);",
        "    select 'maru_owner' -- OWNER TO maru_owner",
    ]


ROWS = "select 1, count(*) from organizations_service union select 2, count(*) from tickets_stage order by 1"


def _house(folder: Path, name: str, url: str) -> House:
    house = House(folder / name)
    house.variables = {"DATABASE_URL": url}
    return house


def _fill(house: House) -> None:
    """With tables and a company."""
    migrated = house.maru("migrate")
    assert migrated.returncode == 0, migrated.stderr
    make = "import django; django.setup(); from maru.testing.makers import make_organization as m; m('ab', 'AB')"
    environment = {**house.environment, "DJANGO_SETTINGS_MODULE": "maru.config.settings"}
    subprocess.run([sys.executable, "-c", make], env=environment, check=True)


def test_a_database_of_one_s_own_needs_no_special_role(tmp_path: Path) -> None:
    """Backed up and restored by owners that are no superusers, bypass nothing, and own nothing of each other's."""
    with running_own_server() as server:
        (first, first_url), (second, second_url) = server.house("createrole"), server.house("createrole")
        houses = [_house(tmp_path, first, first_url), _house(tmp_path, second, second_url)]
        _fill(houses[0])
        with psycopg.connect(server.url("postgres", first)) as connection:
            before = connection.execute(ROWS).fetchall()
        assert all(int(str(number)) > 0 for _table, number in before)
        # The owner itself sees nothing of it: the back-up is what asks.
        with psycopg.connect(first_url) as connection:
            assert connection.execute("select count(*) from tickets_stage").fetchone() == (0,)

        archive = tmp_path / "backup.tar"
        written = houses[0].maru("backup", str(archive))
        assert written.returncode == 0, written.stderr
        restored = houses[1].maru("restore", str(archive))
        assert restored.returncode == 0, restored.stderr
        with psycopg.connect(server.url("postgres", second)) as connection:
            assert connection.execute(ROWS).fetchall() == before
        well = houses[1].maru("doctor")
        assert well.returncode == 0, well.stdout

        server.run("create role weak login password 'secret' in role pg_read_all_data")
        houses[0].variables["MARU_BACKUP_DATABASE_URL"] = server.url("weak", first)
        refused = houses[0].maru("backup", str(tmp_path / "weak.tar"))
        assert refused.returncode == 1
        assert "BYPASSRLS" in refused.stderr
        assert not (tmp_path / "weak.tar").exists()


def test_no_back_up_misses_rows_whoever_works_as_the_owner(tmp_path: Path) -> None:
    with running_own_server() as server:
        (first, first_url), (second, second_url) = server.house("createrole"), server.house("createrole")
        house, other = _house(tmp_path, first, first_url), _house(tmp_path, second, second_url)
        _fill(house)
        with psycopg.connect(server.url("postgres", first)) as connection:
            before = connection.execute(ROWS).fetchall()
        # Another role that works as the owner, as when the address has changed.
        server.run(f"create role helping login password 'secret' in role {first}")
        house.variables["DATABASE_URL"] = server.url("helping", first)
        written = house.maru("backup", str(tmp_path / "helping.tar"))
        assert written.returncode == 0, written.stderr
        restored = other.maru("restore", str(tmp_path / "helping.tar"))
        assert restored.returncode == 0, restored.stderr
        with psycopg.connect(server.url("postgres", second)) as connection:
            assert connection.execute(ROWS).fetchall() == before
        # Rows it would miss are no back-up.
        theirs = ("alter table tickets_stage owner to postgres", f"grant select on tickets_stage to {first}")
        server.run(*theirs, database=first)
        refused = house.maru("backup", str(tmp_path / "short.tar"))
        assert refused.returncode == 1
        assert "tickets_stage" in refused.stderr
        assert not (tmp_path / "short.tar").exists()
