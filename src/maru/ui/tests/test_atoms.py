"""The smallest parts: words in three languages, and nothing from outside unescaped."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from maru.ui import atoms, manifest

HOSTILE = '"><script>alert(1)</script>'


@pytest.mark.parametrize(
    ("language", "word"), [("ko", "이관 답변완료"), ("ja", "移管回答済み"), ("en", "Transfer answered")]
)
def test_status_speaks_the_viewers_language(language: str, word: str) -> None:
    with translation.override(language):
        assert word in atoms.status("answered")
        assert word in atoms.status("answered", "glyph")


def test_every_status_and_priority_has_sign_and_word() -> None:
    for name in atoms.STATUSES:
        assert "<svg" in atoms.status(name)
        assert f"badge-{name}" in atoms.status(name)
    for name in atoms.PRIORITIES:
        assert "sr-only" in atoms.prio(name)


def test_foreign_text_is_escaped() -> None:
    for made in (
        atoms.avatar(HOSTILE),
        atoms.avatar("a", picture=f"https://x/{HOSTILE}"),
        atoms.stage(HOSTILE, "open", "violet"),
        atoms.status("open", label=HOSTILE),
        atoms.icon("mail", label=HOSTILE),
        atoms.channel(HOSTILE, text=True),
        atoms.bubble(3, HOSTILE),
    ):
        assert "<script>" not in made


def test_an_unknown_picture_falls_back_to_initials() -> None:
    assert atoms.initials("Emily Carter") == "EC"
    assert atoms.initials("김서연") == "김"
    assert "<img" not in atoms.avatar("김서연", picture="javascript:alert(1)")
    assert "🦊" not in atoms.avatar("김서연", picture="🦊")
    assert "<img" in atoms.avatar("김서연", picture="🦊")


def test_nobody_is_said_in_words() -> None:
    with translation.override("ko"):
        assert "미할당" in atoms.avatar("")


@pytest.mark.parametrize(("minutes", "tone"), [(200, "ok"), (60, "soon"), (-5, "over")])
def test_time_limits_change_tone(minutes: int, tone: str) -> None:
    now = timezone.now()
    assert f"sla-{tone}" in atoms.sla(now + timedelta(minutes=minutes), now=now)
    assert atoms.sla(None) == ""


def test_stale_manifest_is_noticed() -> None:
    assert manifest.asset("no/such.file") == "/static/no/such.file"
    assert "not built" in manifest.vite("ts/none.ts")
