"""Files: names, types, storage, what is handed out, what is swept."""

import io
import os
import stat
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from maru.core.actors import requester_actor
from maru.core.errors import Invalid, NotFound
from maru.core.files import (
    any_file,
    attach_files,
    clean_name,
    file_response,
    file_rules,
    open_file,
    store_file,
)
from maru.core.files.store import path_of
from maru.core.files.sweep import sweep_files, sweep_strays
from maru.core.models import StoredFile
from maru.core.tenancy import tenant


class Limits:
    file_limit = 5
    file_size_mb = 1


RULES = file_rules(Limits)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "#0d6170").save(buffer, kind)
    return buffer.getvalue()


def archive(*names: str, mimetype: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        if mimetype:
            made.writestr("mimetype", mimetype)
        for name in names:
            made.writestr(name, "x")
    return buffer.getvalue()


GOOD = {
    "a.png": picture(),
    "a.JPG": picture("JPEG"),
    "a.gif": picture("GIF"),
    "a.webp": picture("WEBP"),
    "a.bmp": picture("BMP"),
    "a.pdf": b"%PDF-1.7\n%\xe2\xe3\n",
    "a.txt": "안녕하세요\n".encode(),
    "euc.txt": "안녕하세요".encode("euc-kr"),
    "utf16.txt": "안녕".encode("utf-16"),
    "a.zip": archive("file.txt"),
    "a.docx": archive("[Content_Types].xml", "word/document.xml"),
    "a.xlsx": archive("[Content_Types].xml", "xl/workbook.xml"),
    "a.pptx": archive("[Content_Types].xml", "ppt/presentation.xml"),
    "locked.xlsx": OLE + "EncryptedPackage".encode("utf-16-le"),
    "a.doc": OLE + "WordDocument".encode("utf-16-le"),
    "a.xls": OLE + "Workbook".encode("utf-16-le"),
    "a.ppt": OLE + "PowerPoint Document".encode("utf-16-le"),
    "a.hwp": OLE + "HwpSummaryInformation".encode("utf-16-le"),
    "old.hwp": b"HWP Document File V3.00 \x1a\1\2\3\4\5",
    "a.hwpx": archive("Contents/section0.xml", mimetype=b"application/hwp+zip"),
}
BAD = {
    "page.png": b"<html><script>alert(1)</script></html>",
    "page.pdf": b"<html>",
    "program.txt": b"MZ\x90\0\3\0\0\0",
    "word.xlsx": archive("[Content_Types].xml", "word/document.xml"),
    "broken.zip": b"PK\x03\x04 nothing else",
    "a.hwp": archive("file.txt"),
    "a.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "a.html": b"<html>",
    "a.exe": b"MZ",
    "noextension": b"text",
    ".htaccess": b"AddType",
    "\u200b.htaccess": b"AddType",
    "a.pht": b"<?php",
}


@pytest.fixture
def actor(organization: Any) -> Any:
    return requester_actor(organization.id, "김서연")


@pytest.mark.parametrize("name", GOOD)
def test_accepted_types(actor: Any, name: str) -> None:
    stored = store_file(actor, name=name, source=GOOD[name], allowed=RULES)
    assert stored.size == len(GOOD[name])
    assert stored.content_type != "application/octet-stream"
    with open_file(stored) as content:
        assert content.read() == GOOD[name]


@pytest.mark.parametrize("name", BAD)
def test_refused_types_leave_nothing(actor: Any, settings: Any, name: str) -> None:
    root = settings.ENVIRONMENT.files / str(actor.organization_id)
    before = len(list(root.rglob("*"))) if root.exists() else 0
    with pytest.raises(Invalid) as refused:
        store_file(actor, name=name, source=BAD[name], allowed=RULES)
    assert refused.value.fields["files"]
    assert sum(path.is_file() for path in root.rglob("*")) <= before
    with tenant(actor.organization_id):
        assert not StoredFile.objects.exists()


def test_mail_parts_are_kept_as_plain_bytes_when_they_lie(actor: Any) -> None:
    for name in BAD:
        stored = store_file(actor, name=name, source=BAD[name], allowed=any_file())
        assert stored.content_type == "application/octet-stream", name


def test_too_big_and_empty(actor: Any) -> None:
    with pytest.raises(Invalid, match="1 MB"):
        store_file(actor, name="a.txt", source=io.BytesIO(b"a" * (1024 * 1024 + 1)), allowed=RULES)
    store_file(actor, name="a.txt", source=b"a" * 1024 * 1024, allowed=RULES)
    with pytest.raises(Invalid):
        store_file(actor, name="a.txt", source=b"", allowed=RULES)


def test_where_the_bytes_lie(actor: Any) -> None:
    stored = store_file(actor, name="../../etc/passwd.txt", source=b"x", allowed=RULES)
    path = path_of(actor.organization_id, stored.key)
    assert stored.name == "passwd.txt"
    assert stored.key == path.name
    assert path.parent.name == stored.key[2:4]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("보고서.pdf", "보고서.pdf"),
        ("C:\\fake\\path\\a.pdf", "a.pdf"),
        ("/etc/passwd", "passwd"),
        ("..", "file"),
        ("", "file"),
        ("\u200b.htaccess", "htaccess"),
        ("exe\u202efdp.pdf", "exefdp.pdf"),
        ("a\0b.txt", "ab.txt"),
        ("a\r\nSet-Cookie: x.txt", "a Set-Cookie_ x.txt"),
        ("CON.txt", "_CON.txt"),
        ("nul", "_nul"),
        ("Lpt1.tar.gz", "_Lpt1.tar.gz"),
        ("name. . .txt", "name.txt"),
        ('a"b<c>.png', "a_b_c_.png"),
    ],
)
def test_names(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_long_names_keep_their_extension() -> None:
    name = clean_name("가" * 300 + ".hwpx")
    assert len(name) <= 120
    assert name.endswith(".hwpx")


def test_downloads_run_nothing(actor: Any) -> None:
    stored = store_file(actor, name='견적서 "1".pdf', source=GOOD["a.pdf"], allowed=RULES)
    response = file_response(stored)
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == "application/pdf"
    # Asked to show it inside a page, only pictures are.
    assert file_response(stored, inline=True)["Content-Disposition"].startswith("attachment;")


def test_pictures_are_drawn_anew(actor: Any) -> None:
    hidden = picture("JPEG", (3000, 20)) + b"<script>alert(1)</script>"
    stored = store_file(actor, name="a.jpg", source=hidden, allowed=RULES)
    response = file_response(stored, inline=True)
    drawn = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert response["Content-Type"] == "image/webp"
    assert b"script" not in drawn
    assert Image.open(io.BytesIO(drawn)).width <= 2048
    broken = store_file(actor, name="b.png", source=b"\x89PNG\r\n\x1a\nrubbish", allowed=RULES)
    assert file_response(broken, inline=True)["Content-Disposition"].startswith("attachment;")


def test_lost_bytes_are_not_found(actor: Any) -> None:
    stored = store_file(actor, name="a.txt", source=b"x", allowed=RULES)
    path_of(actor.organization_id, stored.key).unlink()
    with pytest.raises(NotFound):
        file_response(stored)


def test_sweeping(actor: Any) -> None:
    kept, left = (store_file(actor, name="a.txt", source=b"x", allowed=RULES) for _number in range(2))
    with tenant(actor.organization_id):
        attach_files([kept.id])
        StoredFile.objects.update(created_at=timezone.now() - timedelta(days=2))
        fresh = store_file(actor, name="a.txt", source=b"x", allowed=RULES)
    stray = path_of(actor.organization_id, "ab" * 32)
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"x")
    os.utime(stray, (1, 1))
    sweep_files()
    sweep_strays()
    assert sweep_strays() == 0
    with tenant(actor.organization_id):
        assert set(StoredFile.objects.values_list("id", flat=True)) == {kept.id, fresh.id}
    assert not stray.exists()
    assert path_of(actor.organization_id, kept.key).exists()
    assert not StoredFile.objects.filter(id=left.id).exists()
