"""Addresses of built assets, read from Vite's manifest. Pages render unstyled while nothing has been built."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from maru.ui.markup import safe

DIST = Path(__file__).resolve().parent / "dist"
STATIC_URL = "/static/"
SPRITE = "sprite.svg"

_read: dict[str, Any] = {}


def manifest() -> dict[str, Any]:
    """Vite's manifest as a dict, empty while there is none.

    Read once: a running server answers with the files it knew at its start (assets/build.py keeps those), so pages
    must not name newer ones.
    """
    if not _read:
        try:
            _read.update(json.loads((DIST / ".vite" / "manifest.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}
        for cached in (_vite, _asset):
            cached.cache_clear()
    return _read


def is_built() -> bool:
    """Whether `python -m maru.assets build` has left a manifest."""
    return bool(manifest())


def asset(source: str) -> str:
    """URL of one source file after the build, such as `asset("sprite.svg")`; the plain static URL when unknown."""
    manifest()
    return _asset(source)


def vite(entry: str) -> Markup:
    """Tags that load one entry (`"ts/agent.ts"` or `"css/agent.css"`) with everything it imports."""
    manifest()
    return _vite(entry)


def vite_late(entry: str) -> Markup:
    """A stylesheet that must not block the first paint (font faces): a script flips its media to `all`."""
    url = manifest().get(entry, {}).get("file")
    if not url:
        return safe("")
    href = escape(STATIC_URL + url)
    return safe(
        f'<link rel="stylesheet" href="{href}" media="print" data-late>'
        f'<noscript><link rel="stylesheet" href="{href}"></noscript>'
    )


@lru_cache(maxsize=256)
def _asset(source: str) -> str:
    file: str = _read.get(source, {}).get("file", source)
    return STATIC_URL + file


@lru_cache(maxsize=64)
def _vite(entry: str) -> Markup:
    known = _read
    found = known.get(entry)
    if not found:
        return safe(f"<!-- not built: {escape(entry)} -->")
    tags: dict[str, None] = {}
    seen: set[str] = set()

    def walk(key: str) -> None:
        if key in seen:
            return
        seen.add(key)
        for css in known[key].get("css", []):
            tags[f'<link rel="stylesheet" href="{STATIC_URL}{css}">'] = None
        for imported in known[key].get("imports", []):
            tags[f'<link rel="modulepreload" href="{STATIC_URL}{known[imported]["file"]}">'] = None
            walk(imported)

    walk(entry)
    url = STATIC_URL + found["file"]
    if found["file"].endswith(".css"):
        tags[f'<link rel="stylesheet" href="{url}">'] = None
    else:
        tags[f'<script type="module" src="{url}"></script>'] = None
    return safe("\n".join(tags))
