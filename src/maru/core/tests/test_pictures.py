"""Pictures of strangers are drawn anew by a child that may die of them."""

import os
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from maru.core.pictures import Drawer


def made(kind: str = "PNG", size: tuple[int, int] = (40, 20), **more: object) -> bytes:
    target = BytesIO()
    Image.new("RGB", size, "teal").save(target, kind, **more)
    return target.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that says it unpacks to one byte for each pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * 1_000_000)
    head = struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_comes_back_as_webp_without_its_notes(kind: str) -> None:
    with Drawer() as drawer:
        content = made(kind, (3000, 1000), **({"comment": b"SECRET"} if kind in ("GIF", "JPEG") else {}))
        drawn = drawer.draw(content)
    assert drawn is not None
    with Image.open(BytesIO(drawn)) as picture:
        assert (picture.format, picture.width) == ("WEBP", 1600)
    assert b"SECRET" not in drawn


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html>not found</html>",
        b"%PDF-1.4",
        made("BMP"),
        made("JPEG", (400, 400))[:700],
        os.urandom(5000),
        bomb(20_000, 20_000),
    ],
    ids=["nothing", "svg", "html", "pdf", "bmp", "cut", "noise", "bomb"],
)
def test_what_is_no_picture_gives_none_and_the_next_is_drawn(content: bytes) -> None:
    with Drawer() as drawer:
        assert drawer.draw(content) is None
        assert drawer.draw(made()) is not None


def test_a_child_that_dies_or_hangs_is_replaced() -> None:
    with Drawer(wall=0.0) as drawer:
        assert drawer.draw(made()) is None, "no time at all"
        drawer.wall = 10.0
        assert drawer.draw(made()) is not None
        child = drawer._child
        assert child is not None
        child.kill()
        child.wait()
        assert drawer.draw(made()) is not None, "a dead child is noticed before it is asked"
    assert drawer._child is None


def test_a_picture_that_takes_much_room_is_drawn_smaller() -> None:
    noise = Image.frombytes("RGB", (1600, 1600), os.urandom(3 * 1600 * 1600))
    target = BytesIO()
    noise.save(target, "PNG")
    with Drawer() as drawer:
        drawn = drawer.draw(target.getvalue())
    assert drawn is not None
    assert len(drawn) <= 500_000
    with Image.open(BytesIO(drawn)) as picture:
        assert picture.width < 1600
