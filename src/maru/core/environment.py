"""What the environment says: the one place that reads ``MARU_…`` variables.

Light on purpose: the supervisor of ``maru run`` reads it without importing Django.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from maru.core.terminal_words import _

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})
HOST_NAME = re.compile(r"^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$")
SHORTEST_SECRET_KEY = 32


class EnvironmentProblem(ValueError):
    """A variable has a value Maru cannot work with; the text is meant for a person."""


@dataclass(frozen=True, slots=True)
class Relay:
    """The outgoing mail server behind ``MARU_RELAY_URL``."""

    host: str
    port: int
    username: str | None
    password: str | None
    starttls: bool
    tls: bool


@dataclass(frozen=True, slots=True)
class Environment:
    """All settings that come from outside. Paths are absolute, ports are 1–65535."""

    data: Path
    host: str
    port: int
    smtp_host: str
    smtp_port: int
    mail_domain: str
    database_url: str | None
    app_database_url: str | None
    demo: bool
    demo_asked: bool
    given_secret_key: str | None
    relay: Relay | None
    public_url: str
    web_workers: int
    trusted_proxies: int
    backup_database_url: str | None
    kiwi: bool
    authserv_id: str
    dkim_selector: str
    dkim_key: Path | None
    smtp_certificate: Path | None
    smtp_certificate_key: Path | None
    smtp_peer_connections: int
    smtp_peer_mails: int
    smtp_trusted: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    @property
    def embedded(self) -> bool:
        """True when Maru runs its own PostgreSQL."""
        return self.database_url is None

    @property
    def loopback(self) -> bool:
        """True when only this machine can reach the pages: no proxy hands them to anybody else."""
        return is_loopback(self.host) and not self.trusted_proxies and is_loopback(_host_of(self.public_url))

    @property
    def files(self) -> Path:
        """Folder of uploaded files and raw mail kept as files."""
        return self.data / "files"

    @property
    def secret_key(self) -> str:
        """The key everything signed or encrypted hangs on; made once when none is given.

        :raises EnvironmentProblem: the folder or the key file cannot be read or written.
        """
        return self.given_secret_key or _kept_secret_key(self.data)


def load(variables: Mapping[str, str] | None = None) -> Environment:
    """Read the environment.

    :param variables: the variables; the process's own when left out.
    :raises EnvironmentProblem: a value is wrong; the text names the variable and what is expected.
    """
    source = os.environ if variables is None else variables
    host = source.get("MARU_HOST", "").strip() or "127.0.0.1"
    port = _number(source, "MARU_PORT", 8000, 1, 65535)
    smtp_port = _number(source, "MARU_SMTP_PORT", 2525, 1, 65535)
    if port == smtp_port:
        raise EnvironmentProblem(
            _("MARU_PORT and MARU_SMTP_PORT are both %(port)s; they must differ.") % {"port": port}
        )
    public_url = _public_url(source, host, port)
    trusted_proxies = _number(source, "MARU_TRUSTED_PROXIES", 0, 0, 9)
    # Behind a TLS proxy Maru listens on this machine alone too, and yet the whole world is let in.
    own = is_loopback(host) and not trusted_proxies and is_loopback(_host_of(public_url))
    return Environment(
        data=_data_folder(source),
        host=host,
        port=port,
        smtp_host=source.get("MARU_SMTP_HOST", "").strip() or host,
        smtp_port=smtp_port,
        mail_domain=_mail_domain(source),
        database_url=_database_url(source, "DATABASE_URL"),
        app_database_url=_database_url(source, "MARU_APP_DATABASE_URL"),
        demo=_switch(source, "MARU_DEMO", True) and own,
        demo_asked=_switch(source, "MARU_DEMO", False),
        given_secret_key=_given_secret_key(source),
        relay=_relay(source),
        public_url=public_url,
        web_workers=_number(source, "MARU_WEB_WORKERS", 2, 1, 64),
        trusted_proxies=trusted_proxies,
        backup_database_url=_database_url(source, "MARU_BACKUP_DATABASE_URL"),
        kiwi=_switch(source, "MARU_KIWI", False),
        authserv_id=source.get("MARU_AUTHSERV_ID", "").strip().lower(),
        dkim_selector=source.get("MARU_DKIM_SELECTOR", "").strip(),
        dkim_key=_file(source, "MARU_DKIM_KEY"),
        smtp_certificate=_file(source, "MARU_SMTP_CERTIFICATE"),
        smtp_certificate_key=_file(source, "MARU_SMTP_CERTIFICATE_KEY"),
        smtp_peer_connections=_number(source, "MARU_SMTP_PEER_CONNECTIONS", 20, 1, 200),
        smtp_peer_mails=_number(source, "MARU_SMTP_PEER_MAILS", 120, 1, 100_000),
        smtp_trusted=_networks(source, "MARU_SMTP_TRUSTED", "127.0.0.0/8 ::1/128"),
    )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_everywhere(host: str) -> bool:
    """Whether a host to listen on means all addresses of this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False


def _data_folder(source: Mapping[str, str]) -> Path:
    written = source.get("MARU_DATA", "").strip() or "var"
    folder = Path(written).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise EnvironmentProblem(_("MARU_DATA must be a folder, but %(path)s is a file.") % {"path": folder})
    return Path(os.path.normpath(folder))


def _file(source: Mapping[str, str], name: str) -> Path | None:
    written = source.get(name, "").strip()
    if not written:
        return None
    path = Path(written).expanduser().absolute()
    if not path.is_file():
        raise EnvironmentProblem(_("%(name)s names a file that is not there: %(path)s.") % {"name": name, "path": path})
    return path


def _number(source: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    written = source.get(name, "").strip()
    if not written:
        return default
    if not written.isascii() or not written.isdigit() or not least <= int(written) <= most:
        raise EnvironmentProblem(
            _("%(name)s must be a number from %(least)s to %(most)s, not “%(value)s”.")
            % {"name": name, "least": least, "most": most, "value": written}
        )
    return int(written)


def _networks(
    source: Mapping[str, str], name: str, default: str
) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    written = source.get(name, "").strip() or default
    try:
        return tuple(ipaddress.ip_network(one, strict=False) for one in written.replace(",", " ").split())
    except ValueError:
        raise EnvironmentProblem(
            _("%(name)s must be networks such as 192.0.2.0/24, separated by spaces.") % {"name": name}
        ) from None


def _switch(source: Mapping[str, str], name: str, default: bool) -> bool:
    if name not in source:
        return default
    written = source[name].strip().lower()
    if written in TRUE_WORDS:
        return True
    if written in FALSE_WORDS:
        return False
    raise EnvironmentProblem(_("%(name)s must be 1 or 0, not “%(value)s”.") % {"name": name, "value": source[name]})


def _mail_domain(source: Mapping[str, str]) -> str:
    written = source.get("MARU_MAIL_DOMAIN", "").strip().rstrip(".").lower() or "maru.localhost"
    if not HOST_NAME.match(written):
        raise EnvironmentProblem(
            _("MARU_MAIL_DOMAIN must be a domain name such as help.example.com, not “%(value)s”.") % {"value": written}
        )
    return written


def _database_url(source: Mapping[str, str], name: str) -> str | None:
    written = source.get(name, "").strip()
    if not written:
        return None
    parts = _split(written)
    if parts is None or parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise EnvironmentProblem(
            _("%(name)s must look like postgresql://user:password@host:5432/database.") % {"name": name}
        )
    return written


def _given_secret_key(source: Mapping[str, str]) -> str | None:
    written = source.get("MARU_SECRET_KEY", "").strip()
    if not written:
        return None
    if len(written) < SHORTEST_SECRET_KEY or len(set(written)) < 8:
        raise EnvironmentProblem(
            _("MARU_SECRET_KEY must be a random text of at least %(least)s characters.")
            % {"least": SHORTEST_SECRET_KEY}
        )
    return written


def _relay(source: Mapping[str, str]) -> Relay | None:
    written = source.get("MARU_RELAY_URL", "").strip()
    if not written:
        return None
    parts = _split(written)
    if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise EnvironmentProblem(_("MARU_RELAY_URL must look like smtp://user:password@host:587?starttls=1."))
    options = dict(parse_qsl(parts.query))
    tls = parts.scheme == "smtps"
    port = parts.port or (465 if tls else 587 if "starttls" in options else 25)
    return Relay(
        host=parts.hostname,
        port=port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        starttls=options.get("starttls", "0").lower() in TRUE_WORDS,
        tls=tls,
    )


def _public_url(source: Mapping[str, str], host: str, port: int) -> str:
    written = source.get("MARU_PUBLIC_URL", "").strip().rstrip("/")
    if not written:
        shown = _own_name() if is_everywhere(host) else host
        return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    parts = _split(written)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise EnvironmentProblem(_("MARU_PUBLIC_URL must look like https://help.example.com."))
    return written


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        # The property parses lazily and raises only when it is asked for.
        _port = parts.port
    except ValueError:
        return None
    return parts


def _host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def _own_name() -> str:
    return socket.gethostname() or "127.0.0.1"


def _kept_secret_key(data: Path) -> str:
    path = data / "secret-key"
    try:
        if not path.exists():
            _write_new_secret_key(path)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise EnvironmentProblem(
            _("The secret key %(path)s cannot be read or written: %(problem)s") % {"path": path, "problem": problem}
        ) from problem
    if len(key) < SHORTEST_SECRET_KEY:
        raise EnvironmentProblem(
            _("The secret key in %(path)s is damaged; put it back from a backup.") % {"path": path}
        )
    return key


def _write_new_secret_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".secret-key-{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # link() fails when the name exists: of two processes starting at once, the first one's key stands.
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
