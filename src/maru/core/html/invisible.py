"""Characters that a reader cannot see but a computer acts on."""

from __future__ import annotations

import re

# Controls except tab and newline; soft hyphen; Arabic letter mark; Hangul fillers; Mongolian separator; zero-width
# and bidirectional controls; interlinear marks; language tags; lone surrogates (PostgreSQL takes neither those nor NUL).
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200e\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\ud800-\udfff]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# A zero-width joiner inside an emoji sequence (family, professions) is wanted; anywhere else it only hides things.
_LOOSE_JOINER = re.compile(
    r"(?<![\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d|\u200d(?![\u2190-\u2bff\U0001f000-\U0001faff])"
)


def strip_invisible(text: str) -> str:
    """Removes zero-width, bidirectional and control characters; keeps tab, newline and joined emoji."""
    return _LOOSE_JOINER.sub("", _INVISIBLE.sub("", text))


def strip_controls(text: str) -> str:
    """Removes what no database or reader takes: NUL, control characters, lone surrogates; newlines become LF."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def strip_bidi(text: str) -> str:
    """Removes the characters that turn the direction of reading ("exe.fdp" shown as "pdf.exe")."""
    return _BIDI.sub("", text)


def one_line(text: str, length: int) -> str:
    """A name or subject: no invisible characters, one line, single spaces, at most `length` characters."""
    return " ".join(strip_invisible(text.replace("\r", " ").replace("\n", " ").replace("\t", " ")).split())[
        :length
    ].rstrip()
