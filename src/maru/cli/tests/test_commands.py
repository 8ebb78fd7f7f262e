"""The doctor, migrations and the small commands, called as a person calls them."""

import json
import socket
from pathlib import Path

import pytest

from maru.cli.ports import port_holder, port_problem
from maru.cli.services import BackOff
from maru.cli.tests.conftest import House
from maru.testing.ports import free_port


def test_doctor_finds_nothing_before_the_first_start(house: House) -> None:
    fresh = house.maru("doctor")
    assert fresh.returncode == 0, fresh.stdout
    assert "first start" in fresh.stdout
    assert not house.data.exists()


def test_doctor_finds_nothing_in_a_house_in_order(migrated: House) -> None:
    found = migrated.maru("doctor")
    assert found.returncode == 0, found.stdout
    assert "Row-level security binds the application" in found.stdout
    assert "up to date" in found.stdout


def test_doctor_names_what_is_wrong_and_how_to_mend_it(house: House, tmp_path: Path) -> None:
    house.variables = {
        "MARU_HOST": "0.0.0.0",
        "MARU_DEMO": "1",
        "MARU_RELAY_URL": f"smtp://127.0.0.1:{free_port()}",
        "DATABASE_URL": f"postgresql://me:secret-word@127.0.0.1:{free_port()}/maru",
        "MARU_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz",
    }
    with socket.create_server(("0.0.0.0", house.port)):
        found = house.maru("doctor")
    assert found.returncode == 1
    for words in (
        f"Port {house.port}",
        "MARU_DEMO is on",
        "outgoing mail server",
        "database cannot be reached",
        "without encryption",
    ):
        assert words in found.stdout
    assert found.stdout.count("✗") == found.stdout.count("→") == 5
    assert "secret-word" not in found.stdout


def test_doctor_in_korean_and_japanese(house: House) -> None:
    for language, word in (("ko_KR.UTF-8", "이상이 없습니다"), ("ja_JP.UTF-8", "問題はありません")):
        house.variables["LC_ALL"] = language
        house.variables["PYTHONUTF8"] = "1"
        assert word in house.maru("doctor").stdout


def test_a_second_start_has_nothing_to_migrate(migrated: House) -> None:
    note = json.loads((migrated.data / "prepared.json").read_text())
    assert note["prepared"]["code"]
    again = migrated.maru("migrate", "--if-needed")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


@pytest.mark.parametrize(("name", "value"), [("MARU_PORT", "x"), ("MARU_DEMO", "x"), ("DATABASE_URL", "x")])
def test_a_wrong_variable_is_named(house: House, name: str, value: str) -> None:
    house.variables = {name: value}
    refused = house.maru("doctor")
    assert refused.returncode == 1
    assert refused.stderr.startswith("maru: ")
    assert name in refused.stderr


COMMANDS = (
    ("run",),
    ("migrate",),
    ("mail", "status", "--json"),
    ("api-key", "create", "--service", "ab/help"),
    ("backup", "house.tar"),
)


def test_a_folder_that_cannot_be_written_is_named(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "data", Path("/proc/data")):
        house.data = folder
        for words in (*COMMANDS, ("doctor",)):
            refused = house.maru(*words)
            assert refused.returncode == 1, words
            assert "MARU_DATA" in refused.stderr + refused.stdout, words
            assert "Traceback" not in refused.stderr, words


def test_a_database_that_is_away_is_said_in_a_line(house: House, tmp_path: Path) -> None:
    port = free_port()
    house.variables = {"DATABASE_URL": f"postgresql://me:secret-word@127.0.0.1:{port}/maru"}
    for words in (*COMMANDS, ("worker",)):
        words = tuple(str(tmp_path / word) if word.endswith(".tar") else word for word in words)
        refused = house.maru(*words)
        assert refused.returncode == 1, words
        assert str(port) in refused.stderr, words
        assert "Traceback" not in refused.stderr, words
        assert "secret-word" not in refused.stderr, words
        assert refused.stdout == "", words


def test_one_door_for_two_is_refused(house: House) -> None:
    house.variables = {"MARU_SMTP_PORT": str(house.port)}
    refused = house.maru("run")
    assert refused.returncode == 1
    assert "MARU_SMTP_PORT" in refused.stderr


def test_a_backup_needs_a_file_of_its_own(house: House, tmp_path: Path) -> None:
    refused = house.maru("backup", str(tmp_path))
    assert refused.returncode == 1
    assert str(tmp_path) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_service_is_written_with_its_company(house: House) -> None:
    for service in ("help", "/help", "ab/", "a/b/c"):
        refused = house.maru("api-key", "create", "--service", service)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "ORG/SERVICE" in refused.stderr


def test_no_word_shows_the_help(house: House) -> None:
    for word in ("run", "doctor", "backup", "restore", "api-key"):
        assert word in house.maru().stdout


def test_who_has_a_port() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        problem = port_problem("127.0.0.1", port, "MARU_PORT")
        assert problem is not None
        assert "MARU_PORT" in problem.fix
        assert "process" in (port_holder(port) or "")
    assert port_problem("127.0.0.1", port, "MARU_PORT") is None
    unreachable = port_problem("192.0.2.1", port, "MARU_PORT")
    assert unreachable is not None
    assert "192.0.2.1" in unreachable.what


def test_back_off_grows_and_ends() -> None:
    back_off = BackOff()
    assert back_off.due()
    pauses = []
    for _attempt in range(8):
        back_off.failed(lived=0.1)
        assert not back_off.due()
        pauses.append(back_off.failures)
    assert pauses == list(range(1, 9))
    back_off.failed(lived=60)
    assert back_off.failures == 1
