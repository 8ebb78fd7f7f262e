"""Colours keep their contrast, icons exist, bundles stay small."""

import json
import re
from pathlib import Path

import pytest

from maru.assets.build import DIST, FRONTEND, PACKAGE, build
from maru.ui import atoms, brand

GROUNDS = ("surface", "canvas", "sunken", "raised", "hover", "sel")
STATES = ("new", "open", "pending", "transferred", "answered", "resolved", "closed", "spam", "danger", "rose", "orange")
TEXT = [(ink, ground) for ink in ("ink", "ink-2", "ink-3") for ground in GROUNDS]
TEXT += [(state, f"{state}-soft") for state in STATES]
TEXT += [(state, ground) for state in STATES if state not in ("closed",) for ground in ("surface", "sel", "sunken")]
TEXT += [("brand", "surface"), ("on-brand", "brand"), ("on-brand", "brand-hover"), ("on-danger", "danger")]
TEXT += [("brand-ink", ground) for ground in ("brand-soft", "sel", "surface")]
TEXT += [("note-ink", "note"), ("note-strong", "note"), ("ink", "reply"), ("ink-3", "reply")]
CONTROLS = [("control", "surface"), ("control", "sunken"), ("ring", "surface"), ("ring", "canvas"), ("ring", "sel")]


def tokens() -> dict[str, dict[str, str]]:
    css = (FRONTEND / "css" / "tokens.css").read_text(encoding="utf-8")
    root = css[css.index(":root {") : css.index("@theme")]
    light, dark = root.split("@variant dark {")

    def read(text: str) -> dict[str, str]:
        found = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6});", text))
        return {
            name: value if len(value) == 7 else "#" + "".join(c * 2 for c in value[1:]) for name, value in found.items()
        }

    return {"light": read(light), "dark": read(light) | read(dark)}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_can_be_read(theme: str) -> None:
    known = tokens()[theme]
    weak = [
        (pair, round(brand.contrast(known[pair[0]], known[pair[1]]), 2))
        for pairs, least in ((TEXT, 4.5), (CONTROLS, 3.0))
        for pair in pairs
        if brand.contrast(known[pair[0]], known[pair[1]]) < least
    ]
    assert not weak


@pytest.mark.parametrize("color", ["#1b3a8f", "#0d6170", "#8f3f0b", "#222222", "#7a0019", "#4b5d00"])
def test_company_colours_keep_contrast(color: str) -> None:
    sheet = brand.stylesheet(color)
    light, dark = sheet.split("\n")[:2]
    for line in (light, dark):
        found = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", line))
        assert brand.contrast(found["co"], found["on-co"]) >= 4.5
        assert brand.contrast(found["co-ink"], found["co-soft"]) >= 4.5
    assert brand.contrast(dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", dark))["co"], "#161b19") >= 4.5


@pytest.mark.parametrize("color", ["#ffe000", "red", "#12", "#1b3a8f;}body{display:none", ""])
def test_weak_or_broken_colours_are_refused(color: str) -> None:
    assert not brand.is_usable(color)
    with pytest.raises(ValueError):
        brand.stylesheet(color)


def test_every_named_icon_is_carried() -> None:
    carried = {path.stem for path in (FRONTEND / "icons").glob("*.svg")}
    named: dict[str, Path] = {}
    for path in PACKAGE.rglob("*"):
        if path.suffix in {".html", ".py"} and not {"dist", "tests"} & set(path.parts):
            for name in re.findall(r"""\bicon\(\s*["']([a-z0-9-]+)["']""", path.read_text(encoding="utf-8")):
                named[name] = path
    for glyph, _word in [*atoms.STATUSES.values(), *atoms.CHANNELS.values()]:
        named[glyph] = PACKAGE
    missing = {name: str(path) for name, path in named.items() if name not in carried}
    assert not missing, "add them with: node frontend/scripts/vendor.mjs NAME"


def test_every_avatar_has_its_drawing() -> None:
    drawn = {path.stem for path in (FRONTEND / "img" / "emoji").glob("*.svg")}
    assert {f"{ord(sign[0]):x}" for sign in atoms.AVATAR_EMOJI} <= drawn


def _weight(manifest: dict[str, dict], entry: str, lazy: bool = False) -> int:
    seen: set[str] = set()

    def walk(key: str) -> int:
        if key in seen:
            return 0
        seen.add(key)
        chunk = manifest[key]
        own = DIST / f"{chunk['file']}.br"
        total = own.stat().st_size if own.exists() else (DIST / chunk["file"]).stat().st_size
        following = chunk.get("imports", []) + (chunk.get("dynamicImports", []) if lazy else [])
        return total + sum(walk(other) for other in following)

    return walk(entry)


def test_bundles_stay_within_their_budgets() -> None:
    build()
    manifest = json.loads((DIST / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    kb = 1024
    assert _weight(manifest, "ts/public.ts", lazy=True) <= 30 * kb
    assert _weight(manifest, "css/public.css") <= 12 * kb
    assert _weight(manifest, "ts/agent.ts") <= 40 * kb
    assert _weight(manifest, "ts/agent.ts", lazy=True) <= 180 * kb
    for key, chunk in manifest.items():
        if chunk["file"].endswith(".js"):
            assert (DIST / f"{chunk['file']}.br").stat().st_size <= 135 * kb if _big(chunk) else True, key


def _big(chunk: dict) -> bool:
    return (DIST / f"{chunk['file']}.br").exists()
