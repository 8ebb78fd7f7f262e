"""The front end's own tests and types, and the translations, run with everything else."""

import subprocess

from maru.assets.build import FRONTEND, build, node_environment
from maru.ui import translations


def test_modules_pass_their_own_tests() -> None:
    build()
    done = subprocess.run(
        ["npm", "test", "--silent"], cwd=FRONTEND, env=node_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_modules_are_typed() -> None:
    build()
    done = subprocess.run(
        ["npm", "run", "--silent", "check"],
        cwd=FRONTEND,
        env=node_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_lock_names_no_other_registry() -> None:
    lock = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock


def test_no_source_file_is_too_long() -> None:
    long = [
        str(path.relative_to(FRONTEND))
        for folder in ("ts", "scripts")
        for path in (FRONTEND / folder).rglob("*")
        if path.is_file() and path.read_text(encoding="utf-8").count("\n") > 400
    ]
    assert not long


def test_broken_tables_are_told(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    source = tmp_path / "src"
    source.mkdir()
    (source / "x.tsv").write_text(
        "msgid\tko\tja\nHello %(name)s\t안녕 %(nom)s\tこんにちは %(name)s\nHalf\t반\t\nOne||Many\t하나\t一つ\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(translations, "LOCALE", tmp_path)
    monkeypatch.setattr(
        translations, "used_keys", lambda: {"Hello %(name)s": "a.py:1", "Lost": "a.py:2", "One||Many": "b"}
    )
    problems = translations.Problems()
    entries = translations.read_entries(problems)
    translations.check(entries, problems)
    told = "\n".join(problems.lines)
    assert "three filled columns" in told
    assert "'Lost'" in told
    assert "nom" in told
    assert "One||Many" not in told
    translations.write_catalogues(entries)
    assert (tmp_path / "ko" / "LC_MESSAGES" / "django.mo").stat().st_size > 100
