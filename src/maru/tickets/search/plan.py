"""From what somebody typed to what a text must hold.

A plan is a list of pieces, all of which must be found; a piece is a list of alternatives, one of which must be. An
alternative is a part of the stored form: ``환불``, `` ref`` (a word beginning so), `` ord 20230210`` (words in a row).
"""

import re

from maru.tickets.search import japanese, kiwi, korean
from maru.tickets.search.text import fold, is_run, tokens

LONGEST_QUERY = 200
MOST_PIECES = 12
MOST_ALTERNATIVES = 16
_PARTS = re.compile(r'"([^"]*)"?|(\S+)')
_QUOTES = str.maketrans("“”„‟«»「」『』", '""""""""""')
# 받고 싶어요: the second word only says how the first is meant.
_WANTING = re.compile("(고) (싶[가-힣]*)")
_ONLY_PARTICLE = re.compile("(?:을|를|은|는|이|가|의|에|와|과|도|로|으로|에서|만)")


def plan(query: str) -> list[list[str]]:
    """The pieces of a query; empty when it holds no letter or digit. Never more than :data:`MOST_PIECES`."""
    words: list[str] = []
    pieces: list[list[str]] = []
    for quoted, word in _PARTS.findall(query[:LONGEST_QUERY].translate(_QUOTES)):
        if quoted:
            pieces.append(_in_a_row(tokens(quoted)))
        else:
            words.append(word)
    pieces += _of_words(words)
    unique = dict.fromkeys(tuple(dict.fromkeys(piece))[:MOST_ALTERNATIVES] for piece in pieces if piece)
    return [list(piece) for piece in unique][:MOST_PIECES]


def _in_a_row(found: list[str]) -> list[str]:
    if not found:
        return []
    return [("" if is_run(found[0]) else " ") + " ".join(found)]


def _of_words(words: list[str]) -> list[list[str]]:
    pieces: list[list[str]] = []
    korean_words: list[str] = []
    for word in words:
        found = tokens(word)
        if len(found) > 1 and _ONLY_PARTICLE.fullmatch(found[-1]):
            found = found[:-1]
        if not found:
            continue
        if not is_run(found[0]) and not is_run(found[-1]):
            pieces.append(_in_a_row(found))
            continue
        for token in found:
            if korean.is_korean(token):
                korean_words.append(token)
            elif is_run(token):
                pieces += [[each] for each in japanese.pieces(token)] if japanese.is_japanese(token) else [[token]]
            else:
                pieces.append(_in_a_row([token]))
    return pieces + _of_korean(korean_words, alone=not pieces)


def _of_korean(words: list[str], *, alone: bool) -> list[list[str]]:
    if not words:
        return []
    if kiwi.is_wanted():
        found = kiwi.pieces(" ".join(words))
        if found:
            return [[fold(each) for each in piece] for piece in found]
    words = _WANTING.sub(r"\1\2", " ".join(words)).split(" ")
    meaning = [word for word in words if not korean.is_empty_word(word)]
    if not meaning:
        return [[word] for word in words] if alone else []
    return [korean.alternatives(word) for word in meaning]
