"""The rules of the house that a machine can check."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "maru"
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
OUTGOING = {"httpx", "httpcore", "requests", "urllib3", "aiohttp", "http.client", "urllib.request"}
MAY_GO_OUT = ("core/outbound", "cli/", "testing/")


def python_files() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations/0001" not in path.as_posix():
            yield path


def templates() -> Iterator[Path]:
    yield from sorted(SOURCE.glob("*/templates/**/*.html"))


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def test_files_and_functions_stay_short() -> None:
    long = []
    front = [*(ROOT / "frontend" / "ts").rglob("*.ts"), *(ROOT / "frontend" / "css").rglob("*.css")]
    stories = (ROOT / "tests").rglob("*.py")
    for path in [*python_files(), *front, *stories]:
        lines = path.read_text().count("\n")
        if lines > LONGEST_FILE:
            long.append(f"{path.name}: {lines} lines")
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                length = node.end_lineno - node.body[0].lineno + 1
                if length > LONGEST_FUNCTION:
                    long.append(f"{relative(path)}: {node.name} has {length} lines")
    assert not long, "\n".join(long)


@pytest.mark.parametrize(
    "pattern",
    [
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>",
        r"<style\b",
        r"\sstyle=",
        r"\son[a-z]+=\"",
        r"javascript:",
    ],
)
def test_no_inline_script_or_style_in_templates(pattern: str) -> None:
    found = [relative(p) for p in templates() if re.search(pattern, p.read_text()) and not is_mail(p)]
    assert not found, found


def is_mail(path: Path) -> bool:
    """Mail readers know no style sheets: there, style stands at the element."""
    return "/mail/" in path.as_posix() or path.name.startswith("mail_")


def test_only_one_door_leads_out_by_http() -> None:
    found = []
    for path in python_files():
        if relative(path).startswith(MAY_GO_OUT) or "/tests/" in path.as_posix():
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found += [f"{relative(path)}: {name}" for name in names if name in OUTGOING]
    assert not found, found


def test_nothing_unfinished_and_nothing_about_its_making() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    found = [relative(p) for p in python_files() if words.search(p.read_text())]
    assert not found, found


def test_no_test_is_skipped_or_empty() -> None:
    words = re.compile(r"pytest\.mark\.skip|pytest\.skip\(|xfail|assert True\b")
    files = [*SOURCE.glob("**/tests/**/*.py"), *(ROOT / "tests").rglob("*.py")]
    found = [p.name for p in files if p != Path(__file__) and words.search(p.read_text())]
    assert not found, found


def test_a_page_that_looks_by_itself_says_so() -> None:
    """Else it would count as somebody's deed, and a desk that nobody watches would never lock."""
    polls = re.compile(r'hx-trigger="[^"]*\b(?:load delay|every)\b[^"]*"([^>]*)')
    found = [(relative(path), more) for path in templates() for more in polls.findall(path.read_text())]
    assert len(found) >= 2
    assert [name for name, more in found if """hx-headers='{"X-Live": "1"}'""" not in more] == []
