"""Which language a text is in, as far as its letters tell: browsers choose glyphs and line breaks by it."""

import re

_HANGUL = re.compile("[\uac00-\ud7a3\u3131-\u318e]")
_KANA = re.compile("[\u3040-\u30ff]")


def language_of(text: str) -> str:
    """``ko`` or ``ja`` when the beginning of ``text`` has letters of that language alone, else empty."""
    beginning = text[:400]
    if _HANGUL.search(beginning):
        return "ko"
    return "ja" if _KANA.search(beginning) else ""


def lang_attribute(text: str) -> str:
    """`` lang="ko"`` or nothing, to be put into a tag."""
    found = language_of(text)
    return f' lang="{found}"' if found else ""
