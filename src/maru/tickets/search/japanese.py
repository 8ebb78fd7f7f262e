"""Taking Japanese queries apart: content words stand in kanji and katakana, endings in hiragana."""

import re

_KANJI = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〆〇"
_KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff"
_HIRAGANA = "\u3041-\u309f"
_JAPANESE = re.compile(f"[{_KATAKANA}{_HIRAGANA}]")
# One hiragana between two kanji belongs to a compound (問い合わせ, 申し込み) unless it is a particle.
_CONTENT = re.compile(f"[{_KATAKANA}]+|[{_KANJI}]+(?:[あ-しじ-てび-むゃ-ろわ](?<![をがはにでとのもへや])[{_KANJI}]+)*")
_POLITE = re.compile(
    r"(?:して|てください|ください|ましょう|ません(?:か|でした)?|ました|ますか|ます|ですか|です|でしょう|したい|する|を|が|は|に|で)+$"
)


def is_japanese(run: str) -> bool:
    """Whether a run holds kana."""
    return _JAPANESE.search(run) is not None


def pieces(run: str) -> list[str]:
    """The parts of a run that a text must hold: 返金してください → 返金. A run of hiragana alone stays a whole."""
    found = _CONTENT.findall(run)
    if found:
        return list(dict.fromkeys(found))
    bare = _POLITE.sub("", run)
    return [bare if len(bare) > 1 else run]
