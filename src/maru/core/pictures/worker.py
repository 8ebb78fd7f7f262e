"""The child that draws pictures: a frame in on standard input, a frame out on standard output, limits around each.

In and out: 4 bytes length + bytes; an empty answer means that the picture cannot be drawn.
"""

from __future__ import annotations

import io
import math
import os
import resource
import struct
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

CPU_SECONDS = 4
MEMORY = 512 * 1024 * 1024
MOST_PIXELS = 24_000_000
LONGEST_SIDE = 1600
#: What mail programs show. SVG is a program, not a picture, and is never among them.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def draw(content: bytes) -> bytes:
    """The picture as WebP, at most 1600 pixels wide or high, without anything but its pixels; ``b""`` when it is none.

    Of a moving picture the first frame. The size is read from the head, so that a bomb is refused before it unpacks.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return b""
            # A JPEG is decoded small at once: a photo of 24 megapixels then costs little.
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            drawn = ImageOps.exif_transpose(picture)
            drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            drawn = drawn.convert("RGBA" if drawn.has_transparency_data else "RGB")
            target = io.BytesIO()
            drawn.save(target, "WEBP", quality=82, method=2)
            return target.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return b""


def _restrict() -> None:
    """No more than 512 MB, no files written, none opened beyond a handful, no core dump."""
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(what, (limit, limit))


def _allow_cpu() -> None:
    """A soft limit counted from now: the kernel ends the process when this picture takes more than its seconds."""
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used + CPU_SECONDS), hard))


def _read_exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def main() -> None:
    """Serves until the parent closes the pipe."""
    # What Pillow needs is loaded before the limits, so that they bind the picture alone.
    Image.init()
    _restrict()
    source, target = os.fdopen(0, "rb"), os.fdopen(1, "wb")
    while True:
        try:
            content = _read_exactly(source, struct.unpack("!I", _read_exactly(source, 4))[0])
        except EOFError:
            return
        _allow_cpu()
        drawn = draw(content)
        target.write(struct.pack("!I", len(drawn)) + drawn)
        target.flush()


if __name__ == "__main__":
    main()
