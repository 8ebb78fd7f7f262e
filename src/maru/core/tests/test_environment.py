"""What the environment may say, and what Maru answers when it says nonsense."""

import stat
from pathlib import Path

import pytest

from maru.core.environment import EnvironmentProblem, Relay, load


def test_everything_has_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = load({})
    assert environment.data == tmp_path / "var"
    assert (environment.host, environment.port, environment.smtp_port) == ("127.0.0.1", 8000, 2525)
    assert environment.mail_domain == "maru.localhost"
    assert environment.public_url == "http://127.0.0.1:8000"
    assert environment.demo
    assert environment.embedded
    assert environment.relay is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MARU_PORT", "eighty"),
        ("MARU_PORT", "0"),
        ("MARU_PORT", "65536"),
        ("MARU_PORT", "-1"),
        ("MARU_PORT", "８０８０"),
        ("MARU_SMTP_PORT", "25 25"),
        ("MARU_WEB_WORKERS", "0"),
        ("MARU_DEMO", "maybe"),
        ("MARU_MAIL_DOMAIN", "no spaces allowed"),
        ("MARU_MAIL_DOMAIN", "a@b.example"),
        ("DATABASE_URL", "mysql://root@localhost/maru"),
        ("DATABASE_URL", "postgresql://host:port/maru"),
        ("DATABASE_URL", "postgresql://host/"),
        ("MARU_SECRET_KEY", "short"),
        ("MARU_SECRET_KEY", "a" * 64),
        ("MARU_RELAY_URL", "mail.example.com"),
        ("MARU_RELAY_URL", "smtp://"),
        ("MARU_PUBLIC_URL", "help.example.com"),
        ("MARU_PUBLIC_URL", "https://help.example.com/?a=1"),
    ],
)
def test_nonsense_is_named(name: str, value: str) -> None:
    with pytest.raises(EnvironmentProblem, match=name):
        load({name: value})


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem, match="MARU_DATA"):
        load({"MARU_DATA": str(tmp_path / "file")})


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example.com", Relay("mail.example.com", 25, None, None, starttls=False, tls=False)),
        (
            "smtp://me%40example.com:p%3Aw@mail.example.com:2587?starttls=1",
            Relay("mail.example.com", 2587, "me@example.com", "p:w", starttls=True, tls=False),
        ),
        ("smtp://mail.example.com?starttls=1", Relay("mail.example.com", 587, None, None, starttls=True, tls=False)),
        ("smtps://mail.example.com", Relay("mail.example.com", 465, None, None, starttls=False, tls=True)),
    ],
)
def test_relay(url: str, relay: Relay) -> None:
    assert load({"MARU_RELAY_URL": url}).relay == relay


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("192.0.2.7", False), ("::", False)],
)
def test_demo_exists_on_loopback_only(host: str, loopback: bool) -> None:
    assert load({"MARU_HOST": host, "MARU_DEMO": "1"}).demo is loopback
    assert not load({"MARU_HOST": host, "MARU_DEMO": "0"}).demo


@pytest.mark.parametrize(
    "behind", [{"MARU_PUBLIC_URL": "https://help.example.com"}, {"MARU_TRUSTED_PROXIES": "1"}], ids=["name", "proxies"]
)
def test_a_house_behind_a_proxy_is_open_to_the_world(behind: dict[str, str]) -> None:
    """Without the demo, the Postbox and whatever else trusts that nobody but the operator comes by."""
    environment = load({"MARU_HOST": "127.0.0.1", "MARU_DEMO": "1", **behind})
    assert not environment.loopback
    assert not environment.demo


def test_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    first = load({"MARU_DATA": str(tmp_path / "data")}).secret_key
    assert len(first) >= 50
    assert load({"MARU_DATA": str(tmp_path / "data")}).secret_key == first
    assert load({"MARU_DATA": str(tmp_path / "other")}).secret_key != first
    kept = tmp_path / "data" / "secret-key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [file.name for file in kept.parent.iterdir()] == ["secret-key"]


def test_damaged_secret_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text("x")
    with pytest.raises(EnvironmentProblem, match="secret-key"):
        _ = load({"MARU_DATA": str(tmp_path)}).secret_key
