"""The folded form in which texts are stored and searched.

Letters fall into two classes. *Runs* are scripts whose words are found by any part of them (Hangul, kana, Han, Thai …);
*words* are all the others, found by their beginning. ``norm`` is a blank, the tokens with one blank between them (also
where the class changes), and a blank: so ``' ref' in norm`` is exactly "a word begins with ref".
"""

import re
import unicodedata

# The same ranges stand in the function ``grams`` (migration 0003_search).
RUN = "\u0e00-\u1dff\u2e80-\U0003ffff"
_TOKEN = re.compile(rf"[^\W_{RUN}]+|(?:(?![\W_])[{RUN}])+")
_RUN_START = re.compile(f"[{RUN}]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)

LONGEST_TEXT = 20_000
"""Characters of ``norm`` kept of one ticket."""
LONGEST_MESSAGE = 6_000
"""Characters of one message that go in, so that one pasted log does not push the others out."""


def fold(text: str) -> str:
    """NFKC and case folding; characters that show nothing are left out."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()


def tokens(text: str) -> list[str]:
    """The folded words and runs of ``text``, in their order."""
    return _TOKEN.findall(fold(text))


def is_run(token: str) -> bool:
    """Whether a token is found by any part of it, not only by its beginning."""
    return _RUN_START.match(token) is not None


def normalise(text: str) -> str:
    """What is stored of ``text``: `` token token token ``; empty when it holds no letter or digit."""
    found = tokens(text)
    return f" {' '.join(found)} " if found else ""


def clip(norm: str, length: int) -> str:
    """At most ``length`` characters of a stored text, ending behind a whole token."""
    if len(norm) <= length:
        return norm
    end = norm.rfind(" ", 0, length)
    return norm[: end + 1] if end > 0 else norm[: length - 1] + " "
