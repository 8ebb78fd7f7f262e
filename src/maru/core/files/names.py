"""Names of files as people gave them, made harmless. They are only ever shown, never used on our disk."""

import re
import unicodedata

from maru.core.html import strip_invisible

LONGEST = 120
_UNWANTED = re.compile(r'[<>:"|?*\x00-\x1f\x7f\u2028\u2029]')
# Windows opens these as devices, whatever follows the dot.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)


def clean_name(name: str) -> str:
    """A name safe to show and to save under: one path part, nothing invisible, no leading dot, at most 120 characters.

    Invisible characters go first, so that none can hide a dot, a slash or a device name. ``file`` when nothing is left.
    """
    visible = strip_invisible(unicodedata.normalize("NFC", name.replace("\r", " ").replace("\n", " ")))
    part = re.split(r"[/\\]", visible)[-1]
    part = " ".join(_UNWANTED.sub("_", part).split()).strip(". ")
    stem, dot, extension = part.rpartition(".")
    if not dot:
        stem, extension = part, ""
    stem = stem.rstrip(". ")
    if _DEVICE.fullmatch(stem.split(".")[0].strip()):
        stem = f"_{stem}"
    extension = extension[:16]
    room = LONGEST - len(extension) - len(dot)
    stem = stem[:room].rstrip(". ")
    cleaned = f"{stem}{dot}{extension}" if stem else extension
    return cleaned or "file"


def extension_of(name: str) -> str:
    """The lower-case part after the last dot, without the dot; empty when there is none."""
    _stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot else ""
