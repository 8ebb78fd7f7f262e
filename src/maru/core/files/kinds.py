"""Which files are taken, and what they really are: content and extension must tell the same story."""

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import puremagic
from django.utils.translation import gettext as _

UNKNOWN_TYPE = "application/octet-stream"
_HEAD = 8192
_OFFICE = "application/vnd.openxmlformats-officedocument"
_WORD, _EXCEL, _POWERPOINT = (
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
)

# extension → (type we serve it as, content families that may hide behind it). Office files under a password are
# OLE containers whatever their extension says.
KNOWN: Mapping[str, tuple[str, frozenset[str]]] = {
    "png": ("image/png", frozenset({"png"})),
    "jpg": ("image/jpeg", frozenset({"jpeg"})),
    "jpeg": ("image/jpeg", frozenset({"jpeg"})),
    "gif": ("image/gif", frozenset({"gif"})),
    "webp": ("image/webp", frozenset({"webp"})),
    "bmp": ("image/bmp", frozenset({"bmp"})),
    "tif": ("image/tiff", frozenset({"tiff"})),
    "tiff": ("image/tiff", frozenset({"tiff"})),
    "heic": ("image/heic", frozenset({"heic"})),
    "heif": ("image/heif", frozenset({"heic"})),
    "pdf": ("application/pdf", frozenset({"pdf"})),
    "txt": ("text/plain; charset=utf-8", frozenset({"text"})),
    "zip": ("application/zip", frozenset({"zip", "docx", "xlsx", "pptx", "hwpx"})),
    "doc": (_WORD, frozenset({"doc", "ole"})),
    "xls": (_EXCEL, frozenset({"xls", "ole"})),
    "ppt": (_POWERPOINT, frozenset({"ppt", "ole"})),
    "docx": (f"{_OFFICE}.wordprocessingml.document", frozenset({"docx", "encrypted"})),
    "xlsx": (f"{_OFFICE}.spreadsheetml.sheet", frozenset({"xlsx", "encrypted"})),
    "pptx": (
        f"{_OFFICE}.presentationml.presentation",
        frozenset({"pptx", "encrypted"}),
    ),
    "hwp": ("application/x-hwp", frozenset({"hwp", "hwpx"})),
    "hwpx": ("application/hwp+zip", frozenset({"hwpx"})),
}
ACCEPT = ",".join(f".{extension}" for extension in KNOWN)
INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class HasFileLimits(Protocol):
    """What a service says about files."""

    file_limit: int
    file_size_mb: int


@dataclass(frozen=True, slots=True)
class FileRules:
    """How many files of how many bytes are taken at once; ``checked``: only the known types, and none that lies."""

    limit: int
    size: int
    checked: bool = True

    @property
    def megabytes(self) -> int:
        return self.size // (1024 * 1024)


def file_rules(service: HasFileLimits) -> FileRules:
    """The rules of a service for what people upload."""
    return FileRules(service.file_limit, service.file_size_mb * 1024 * 1024)


def any_file(size: int = 35 * 1024 * 1024, limit: int = 100) -> FileRules:
    """Rules for what arrives anyway, such as parts of a mail: every type, unknown ones as plain bytes."""
    return FileRules(limit, size, checked=False)


def accepted_words() -> str:
    """The accepted types in the viewer's words, to be told before somebody chooses a file."""
    return _("Images, MS Office, HWP, PDF, TXT, ZIP")


def served_type(extension: str, source: BinaryIO, checked: bool) -> str | None:
    """The content type to serve a file as, found by looking at it.

    ``None`` when ``checked`` and the type is not accepted, or the content is not what the extension says. Unchecked
    files of that sort are plain bytes.
    """
    family = family_of(source)
    known = KNOWN.get(extension)
    if known is not None and family in known[1]:
        return known[0]
    if checked:
        return None
    return UNKNOWN_TYPE if known is not None or family else _guess(source, extension)


def _guess(source: BinaryIO, extension: str) -> str:
    """A type for sound and film only: those are shown by a player, everything else unknown is plain bytes."""
    source.seek(0)
    try:
        found = puremagic.from_string(
            source.read(_HEAD),
            mime=True,
            filename=f"file.{extension}" if extension else None,
        )
    except (puremagic.PureError, ValueError):
        return UNKNOWN_TYPE
    return found if found.startswith(("audio/", "video/")) else UNKNOWN_TYPE


def family_of(source: BinaryIO) -> str:
    """What a file is by its content: a key such as ``png`` or ``docx``, empty when unknown. Leaves the position moved."""
    source.seek(0)
    head = source.read(_HEAD)
    for family, matches in _SIGNATURES:
        if matches(head):
            return family
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_family(source)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_family(source)
    return "text" if _is_text(head) else ""


_SIGNATURES: list[tuple[str, Callable[[bytes], bool]]] = [
    ("png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    ("jpeg", lambda head: head.startswith(b"\xff\xd8\xff")),
    ("gif", lambda head: head.startswith((b"GIF87a", b"GIF89a"))),
    ("webp", lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP"),
    ("bmp", lambda head: head.startswith(b"BM") and head[6:10] == b"\0\0\0\0"),
    ("tiff", lambda head: head.startswith((b"II*\0", b"MM\0*"))),
    (
        "heic",
        lambda head: head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim"},
    ),
    ("pdf", lambda head: b"%PDF-" in head[:1024]),
    ("hwp", lambda head: head.startswith(b"HWP Document File")),
]

_OLE_STREAMS = (
    ("hwp", "HwpSummaryInformation"),
    ("encrypted", "EncryptedPackage"),
    ("doc", "WordDocument"),
    ("xls", "Workbook"),
    ("ppt", "PowerPoint Document"),
)


def _ole_family(source: BinaryIO) -> str:
    """Old Office and HWP files are one container format; the names of its streams tell them apart."""
    source.seek(0)
    content = source.read()
    for family, stream in _OLE_STREAMS:
        if stream.encode("utf-16-le") in content:
            return family
    return "ole"


def _zip_family(source: BinaryIO) -> str:
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            names = archive.namelist()
            # Size first: a tiny entry may unpack to gigabytes.
            small = "mimetype" in names and archive.getinfo("mimetype").file_size <= 100
            if small and archive.read("mimetype").strip() == b"application/hwp+zip":
                return "hwpx"
    except (
        zipfile.BadZipFile,
        RuntimeError,
        ValueError,
        OSError,
        EOFError,
    ):
        return ""
    if "[Content_Types].xml" in names:
        for family, folder in (("docx", "word/"), ("xlsx", "xl/"), ("pptx", "ppt/")):
            if any(name.startswith(folder) for name in names):
                return family
    return "zip"


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head)
