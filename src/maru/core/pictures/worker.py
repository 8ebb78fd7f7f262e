"""The child that draws pictures: a frame in on standard input, a frame out on standard output, limits around each.

In and out: 4 bytes length + bytes; an empty answer means that the picture cannot be drawn.
"""

from __future__ import annotations

import io
import os
import struct

from PIL import Image, ImageOps, UnidentifiedImageError

from maru.core.confined import allow_cpu, read_exactly, restrict

CPU_SECONDS = 4
MOST_PIXELS = 24_000_000
LONGEST_SIDE = 1600
#: A drawn picture; photographs and letterheads take far less.
MOST_DRAWN = 500_000
#: Longest side and quality, tried until the picture is small enough.
_WAYS = ((LONGEST_SIDE, 82), (1100, 70), (700, 55))
#: What mail programs show. SVG is a program, not a picture, and is never among them.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def draw(content: bytes) -> bytes:
    """The picture as WebP, at most 1600 pixels wide or high, without anything but its pixels; ``b""`` when it is none.

    One that takes more than 500 KB is drawn smaller. Of a moving picture the first frame. The size is read from the head, so that a bomb is refused before it unpacks.
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
            for side, quality in _WAYS:
                drawn.thumbnail((side, side))
                target = io.BytesIO()
                drawn.save(target, "WEBP", quality=quality, method=2)
                if target.tell() <= MOST_DRAWN:
                    return target.getvalue()
            return b""
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError):
        return b""


def main() -> None:
    """Serves until the parent closes the pipe."""
    # What Pillow needs is loaded before the limits, so that they bind the picture alone.
    Image.init()
    restrict()
    source, target = os.fdopen(0, "rb"), os.fdopen(1, "wb")
    while True:
        try:
            content = read_exactly(source, struct.unpack("!I", read_exactly(source, 4))[0])
        except EOFError:
            return
        allow_cpu(CPU_SECONDS)
        drawn = draw(content)
        target.write(struct.pack("!I", len(drawn)) + drawn)
        target.flush()


if __name__ == "__main__":
    main()
