"""A PostgreSQL of somebody's own, as the distribution brings it: not Maru's, reached over TCP, with password."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg

from maru.core.embedded.account import server_account
from maru.testing.ports import free_port

_numbers = count(1)


@dataclass(frozen=True)
class OwnServer:
    """Its superuser is ``postgres``, password ``secret``."""

    port: int

    def url(self, role: str, database: str = "postgres", password: str = "secret") -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url("postgres", database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def house(self, *attributes: str) -> tuple[str, str]:
        """A fresh role with a database it owns; returns its name (both have it) and its address."""
        name = f"house{next(_numbers)}"
        self.run(
            f"create role {name} login password 'secret' {' '.join(attributes)}", f"create database {name} owner {name}"
        )
        return name, self.url(name, name)


@contextmanager
def running_own_server() -> Iterator[OwnServer]:
    """The newest server the distribution installed, as a throw-away cluster with password sign-in over TCP."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    port = free_port()
    folder = Path(mkdtemp(prefix="maru-own-", dir="/tmp"))
    account = server_account()
    (folder / "password").write_text("secret")
    for path in (folder / "password", folder):
        account.give(path)
    options: dict[str, Any] = {"cwd": folder, "check": True, "capture_output": True, **account.process_options()}
    data = folder / "data"
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", "--no-sync"]
    subprocess.run([*initdb, f"--pwfile={folder / 'password'}", "-E", "UTF8", "--locale=C.UTF-8"], **options)
    arguments = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    options |= {"capture_output": False, "stdout": subprocess.DEVNULL}
    subprocess.run([*control, "-o", arguments, "start"], **options)
    try:
        yield OwnServer(port)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **options)
        shutil.rmtree(folder)
