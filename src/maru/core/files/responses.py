"""Handing files out: as downloads that run nothing, pictures also inside a page after we have drawn them anew."""

import os
import secrets
from pathlib import Path
from typing import cast

from django.http import FileResponse, HttpResponse
from PIL import Image, ImageOps, UnidentifiedImageError

from maru.core.errors import NotFound
from maru.core.files.kinds import INLINE
from maru.core.files.store import path_of, view_path
from maru.core.models import StoredFile

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2048
_SANDBOX = "sandbox; default-src 'none'"


def file_response(stored: StoredFile, inline: bool = False) -> HttpResponse:
    """The file as an HTTP answer: a download with sandbox CSP and nosniff.

    ``inline`` shows png, jpeg, gif and webp inside a page, drawn anew and at most 2048 pixels wide or high, so that
    nothing but the picture survives; anything else stays a download. Who may have it is the caller's business.

    :raises NotFound: the bytes are gone.
    """
    path = path_of(stored.organization_id, stored.key)
    if inline and stored.content_type in INLINE:
        drawn = _drawn(path)
        if drawn is not None:
            return _protect(
                FileResponse(
                    drawn.open("rb"),
                    content_type="image/webp",
                    filename=f"{stored.name}.webp",
                )
            )
    try:
        content = path.open("rb")
    except FileNotFoundError as gone:
        raise NotFound() from gone
    response = FileResponse(
        content,
        as_attachment=True,
        filename=stored.name,
        content_type=stored.content_type,
    )
    return _protect(response)


def picture_response(drawn: bytes) -> HttpResponse:
    """A picture that was drawn anew (WebP), with the headers of all files: inside a page, and only there."""
    return _protect(HttpResponse(drawn, content_type="image/webp"))


def _protect(response: FileResponse | HttpResponse) -> HttpResponse:
    response["Content-Security-Policy"] = _SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=300"
    # A streamed answer is an HttpResponse to everybody who only sets headers.
    return cast(HttpResponse, response)


def _drawn(path: Path) -> Path | None:
    """The picture of a file, made on first use; ``None`` when it is too large or no picture after all."""
    target = view_path(path)
    if target.exists():
        return target
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with Image.open(path, formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                return None
            # A JPEG is decoded small at once: a photo of 40 megapixels then costs 4.
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            drawn = ImageOps.exif_transpose(picture)
            drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            drawn = drawn.convert("RGBA" if drawn.has_transparency_data else "RGB")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                drawn.save(file, "WEBP", quality=86, method=2)
        fresh.replace(target)
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ):
        fresh.unlink(missing_ok=True)
        return None
    return target
