"""Translated words for processes that do not load Django (``maru run``, ``maru doctor`` …).

The catalogue is the same as the pages use; the language is the terminal's (``LC_ALL``, ``LC_MESSAGES``, ``LANG``).
"""

from __future__ import annotations

import gettext
import os
from functools import cache
from pathlib import Path

LOCALE_FOLDER = Path(__file__).resolve().parent.parent / "locale"


def _(message: str) -> str:
    """The message in the terminal's language; English when there is no translation."""
    return _catalogue().gettext(message)


@cache
def _catalogue() -> gettext.NullTranslations:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return gettext.translation("django", str(LOCALE_FOLDER), languages=[value], fallback=True)
    return gettext.NullTranslations()
