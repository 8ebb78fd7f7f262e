"""
Translations: `python -m maru.ui.translations [--check]`.

The sources are `locale/src/*.tsv` (msgid, ko, ja), one per area so that people do not meet in one file.
This merges them into the catalogues Django reads; neither .po nor .mo is kept in the repository.
"""

import argparse
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po

PACKAGE = Path(__file__).resolve().parents[1]
LOCALE = PACKAGE / "locale"
LANGUAGES = ("ko", "ja")

_KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_NAMED = re.compile(r"%\((\w+)\)[sd]|\{(\w*)\}")
_CONTEXT = "@@"


@dataclass
class Entry:
    """One row: a text and what it becomes in each language; plurals and context are written into the key."""

    key: str
    words: dict[str, str]
    file: str
    line: int

    @property
    def context(self) -> str | None:
        return self.key.split(_CONTEXT, 1)[0] if _CONTEXT in self.key else None

    @property
    def ids(self) -> list[str]:
        return self.key.split(_CONTEXT, 1)[-1].split("||")


@dataclass
class Problems:
    lines: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.lines.append(text)


def key_of(message: str | tuple[str, ...] | list[str], context: str | None = None) -> str:
    """`context@@singular||plural`, with newlines written as in the tables."""
    parts = [message] if isinstance(message, str) else list(message)[:2]
    return (f"{context}{_CONTEXT}" if context else "") + "||".join(parts)


def read_entries(problems: Problems) -> dict[str, Entry]:
    """All rows of all tables. The same text may stand in several tables as long as they agree."""
    found: dict[str, Entry] = {}
    # Words of the shared interface come first, so that they decide.
    for path in sorted((LOCALE / "src").glob("*.tsv"), key=lambda path: (path.stem != "ui", path.stem)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#") or (number == 1 and line.startswith("msgid\t")):
                continue
            cells = [cell.replace("\\n", "\n") for cell in line.split("\t")]
            if len(cells) != 3 or not all(cell.strip() for cell in cells):
                problems.add(f"{path.name}:{number}: needs three filled columns: {line[:60]}")
                continue
            entry = Entry(cells[0], {"ko": cells[1], "ja": cells[2]}, path.name, number)
            before = found.get(entry.key)
            if before and before.words != entry.words:
                problems.add(f"{path.name}:{number}: differs from {before.file}:{before.line}: {entry.key[:60]}")
                continue
            found.setdefault(entry.key, entry)
    return found


def write_catalogues(entries: dict[str, Entry]) -> None:
    """Both languages as .po (to read) and .mo (for Django)."""
    for language in LANGUAGES:
        catalogue = Catalog(locale=language, project="Maru", charset="utf-8")
        for entry in entries.values():
            ids = entry.ids
            word = entry.words[language]
            if len(ids) == 2:
                catalogue.add((ids[0], ids[1]), (word.split("||")[0],), context=entry.context)
            else:
                catalogue.add(ids[0], word, context=entry.context)
        folder = LOCALE / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        for name, write in (("django.po", write_po), ("django.mo", write_mo)):
            buffer = io.BytesIO()
            write(buffer, catalogue)
            target = folder / name
            draft = target.with_suffix(f"{target.suffix}.new")
            draft.write_bytes(buffer.getvalue())
            draft.replace(target)


def _files(suffix: str) -> Iterator[Path]:
    for path in PACKAGE.rglob(f"*{suffix}"):
        parts = set(path.relative_to(PACKAGE).parts)
        if not parts & {"dist", "tests", "locale", "migrations", "__pycache__"}:
            yield path


def used_keys() -> dict[str, str]:
    """Every text the code and templates ask for, with one place where it is asked."""
    used: dict[str, str] = {}
    for suffix, method in ((".py", "python"), (".html", "jinja2.ext:babel_extract")):
        options = {
            "encoding": "utf-8",
            "trimmed": "true",
            "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols",
        }
        for path in _files(suffix):
            with path.open("rb") as handle:
                found = extract(
                    method,
                    handle,
                    keywords=_KEYWORDS,
                    options=options if suffix == ".html" else {},
                )
                for line, message, _comments, context in found:
                    texts = message if isinstance(message, str) else tuple(part for part in message if part)
                    if texts:
                        used.setdefault(
                            key_of(texts, context),
                            f"{path.relative_to(PACKAGE)}:{line}",
                        )
    return used


def _placeholders(text: str) -> set[str]:
    return {one or f"{{{two}}}" for one, two in _NAMED.findall(text)}


def check(entries: dict[str, Entry], problems: Problems) -> None:
    """Missing, unused and wrongly filled texts."""
    used = used_keys()
    for key, place in sorted(used.items(), key=lambda pair: pair[1]):
        if key not in entries:
            problems.add(f"{place}: no translation: {key!r}")
    for key, entry in entries.items():
        if key not in used:
            problems.add(f"{entry.file}:{entry.line}: unused: {key!r}")
        wanted = _placeholders(entry.ids[-1])
        for language, word in entry.words.items():
            given = _placeholders(word)
            # A singular-less language may drop the number of "one", never invent a name.
            if given - wanted or (len(entry.ids) == 1 and wanted - given):
                problems.add(f"{entry.file}:{entry.line}: {language} has {sorted(given)}, needs {sorted(wanted)}")


def main(arguments: list[str] | None = None) -> int:
    """Write the catalogues; with --check also compare them with the code. Exit status 1 on any problem."""
    parser = argparse.ArgumentParser(prog="python -m maru.ui.translations")
    parser.add_argument(
        "--check",
        action="store_true",
        help="fail on missing, unused or broken translations",
    )
    options = parser.parse_args(arguments)
    problems = Problems()
    entries = read_entries(problems)
    write_catalogues(entries)
    if options.check:
        check(entries, problems)
    for line in problems.lines:
        print(line, file=sys.stderr)
    print(f"translations: {len(entries)} texts, {len(problems.lines)} problems")
    return 1 if problems.lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
