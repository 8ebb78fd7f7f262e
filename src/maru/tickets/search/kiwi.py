"""Korean queries with the morphological analyser Kiwi; behind ``MARU_KIWI``, for it costs 250 MB in each process."""

import threading
from functools import cache
from typing import Any

from django.conf import settings

_lock = threading.Lock()
_NOUNS = frozenset({"NNG", "NNP", "NR", "XR", "NP"})
_VERBS = frozenset({"VV", "VA"})
# fmt: off
_SAYS_NOTHING = frozenset([
    "하", "되", "주", "싶", "안", "못", "있", "없", "드리", "부탁", "문의", "어떻", "어쩌", "그렇", "이렇", "알", "않", "나", "저", "저희",
    "제", "무엇", "뭐", "언제", "어디", "때", "수", "것", "거", "경우",
])
# fmt: on
_ENDINGS = (
    ("어", "EC", 0),
    ("었", "EP", 0),
    ("지", "EC", 1),
    ("ᆫ", "ETM", 0),
    ("ᆯ", "ETM", 0),
    ("습니다", "EF", 2),
    ("면", "EC", 1),
)


def is_wanted() -> bool:
    """Whether the operator pays the memory."""
    return bool(settings.ENVIRONMENT.kiwi)


@cache
def _kiwi() -> Any:
    from kiwipiepy import Kiwi

    # Without these dictionaries it needs 250 MB instead of 560, and finds the same.
    return Kiwi(num_workers=1, load_default_dict=False, load_multi_dict=False, load_typo_dict=False)


def pieces(text: str) -> list[list[str]]:
    """What a text must hold for a Korean query: one list of alternatives for each noun, verb and adjective.

    Empty when the query says nothing (어떻게 하나요).
    """
    with _lock:
        kiwi = _kiwi()
        found: list[list[str]] = []
        end = -1
        for token in kiwi.tokenize(text):
            tag = token.tag.split("-")[0]
            if tag == "XSN" and found and token.start == end:
                found[-1] = [found[-1][0] + token.form]
                end = token.start + token.len
            elif tag in _NOUNS and token.form not in _SAYS_NOTHING:
                found.append([token.form])
                end = token.start + token.len
            elif tag in _VERBS and token.form not in _SAYS_NOTHING:
                found.append(_forms(kiwi, token.form, token.tag))
        return [list(each) for each in dict.fromkeys(map(tuple, found))]


def _forms(kiwi: Any, stem: str, tag: str) -> list[str]:
    forms = set()
    for form, kind, cut in _ENDINGS:
        joined = kiwi.join([(stem, tag), (form, kind)])
        forms.add(joined[: len(joined) - cut])
    # What begins with a shorter form is found by it.
    return sorted(f for f in forms if not any(f != other and f.startswith(other) for other in forms))
