"""What a query asks of a text, without a database."""

import pytest

from maru.tickets.search import kiwi
from maru.tickets.search.plan import MOST_PIECES, plan
from maru.tickets.search.text import clip, normalise
from maru.tickets.tests.search_quality import SEARCHES


def found(query: str, text: str) -> bool:
    pieces = plan(query)
    norm = normalise(text)
    return bool(pieces) and all(any(alternative in norm for alternative in piece) for piece in pieces)


def score() -> tuple[float, float, list[str]]:
    """Share of the expected found, share of the forbidden found, and what went wrong."""
    wrong = []
    missed = false = expected = forbidden = 0
    for search in SEARCHES:
        for text in search.expected:
            expected += 1
            if not found(search.query, text):
                missed += 1
                wrong.append(f"missed: {search.query} / {text} / {plan(search.query)}")
        for text in search.forbidden:
            forbidden += 1
            if found(search.query, text):
                false += 1
                wrong.append(f"false: {search.query} / {text} / {plan(search.query)}")
    return 1 - missed / expected, false / forbidden, wrong


def test_quality_set_is_large_enough() -> None:
    assert sum(len(search.expected) for search in SEARCHES) >= 40
    assert sum(len(search.forbidden) for search in SEARCHES) >= 20


@pytest.mark.parametrize("with_kiwi", [False, True])
def test_finds_what_people_mean(with_kiwi: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiwi, "is_wanted", lambda: with_kiwi)
    recall, noise, wrong = score()
    assert recall >= (0.95 if with_kiwi else 0.9), "\n".join(wrong)
    assert noise <= 0.08, "\n".join(wrong)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("환불ABC12 요청!", " 환불 abc12 요청 "),
        ("ＡＢＣ　１２３", " abc 123 "),
        ("환\u200b불\ufeff", " 환불 "),
        ("Straße ÉCOLE", " strasse école "),
        ("Việt Nam", " việt nam "),
        ("ﾊﾟｽﾜｰﾄﾞ", " パスワード "),
        ("😀 …!?", ""),
        ("", ""),
    ],
)
def test_texts_are_stored_folded(typed: str, stored: str) -> None:
    assert normalise(typed) == stored


def test_clipping_keeps_whole_words() -> None:
    assert clip(" one two three ", 10) == " one two "
    assert clip(" one ", 10) == " one "
    assert len(clip(" " + "가" * 50, 10)) == 10


def test_plans_are_bounded() -> None:
    assert len(plan("가나다 " * 1_000)) <= MOST_PIECES
    assert len(plan(" ".join(f"w{n}" for n in range(100)))) <= MOST_PIECES
