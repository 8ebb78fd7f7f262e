"""Korean queries without a dictionary: particles and endings are cut off, verbs become their possible forms.

Cutting can only make a query wider: the rest is looked for anywhere in a word.
"""

import re

_HANGUL = re.compile("[가-힣]")
_SYLLABLES = 0xAC00
_VOWELS = 21
_FINALS = 28
_NIEUN, _RIEUL, _MIEUM, _BIEUP, _SSANGSIOS = 4, 8, 16, 17, 20
# Contracted vowel (stem vowel + 어/아) → stem vowel: 려 → 리, 와 → 오, 워 → 우, 돼 → 되.
_OPENED = {6: 20, 9: 8, 14: 13, 10: 11}

# Ends of 하다/되다 words behind a noun: 환불해주세요, 초기화하고, 결제됐는데, 확인부탁드립니다.
_NOUN_VERB = re.compile(
    r"(?:(?:을|를|이|가)?(?:부탁|요청|문의|신청)?(?:드려요|드립니다|드릴게요|드리고|드려도)"
    r"|(?:해|하|한|할|함|했|합|하셨|돼|되|된|될|됨|됐|됩|시켜|시키|시킬)"
    r"(?:주|줘|드|달|야|도|고|면|는|지|서|게|기|니|려|여|나|러|며|세|십|시|습|요|을|은|까|던|다|볼|보|싶|줄|수|데|가|죠|네|안|못|있|없|겠|길|라|로|를|에|만|인|음|할|하|한|해|합|됩|되|된)*"
    r"[가-힣]{0,6})$"
)
_COPULA = re.compile(
    r"(?:입니다|입니까|인가요|일까요|이에요|예요|이예요|이었는데|이었어요|였어요|였는데|인데요|인데|이네요|이라서|이라|이고|이면|이지만)$"
)
_ASKED = re.compile("(?:은|는|이|가|을|를|도|만)요$")
_ENDINGS = re.compile(
    r"(?:고싶[가-힣]*|고있[가-힣]*|습니다|습니까|네요|군요|는데요|은데요|는데|은데|나요|까요|는지|은지|을지|어요|아요|세요|으세요|으니|으면|었어요|았어요"
    r"|었습니다|았습니다|었는데|았는데|어서|아서|려고|으려고|거든요|어도|아도|지만|지요|다고|라고|요)$"
)
_SHORT_ENDINGS = re.compile("(?:고|면|던|다)$")
_PARTICLES = re.compile(
    r"(?:으로부터|에서부터|에게서|으로서|으로써|이라고|라고는|까지는|에서는|에게는|한테는|으로는|이랑은|에서|에게|한테|께서|부터|까지|조차|마저"
    r"|이나|이랑|처럼|보다|만큼|대로|밖에|으로|라고|라는|이란|에는|에도|로는|로도|과는|와는|들이|들을|들은|들의|님이|님은|님의|은요|는요|이요|님|은|는|이|가|을|를|의|에|와|과|도|만|로|나|랑|께|요)$"
)
_EMPTY = re.compile(
    r"(?:안|못|좀|더|잘|왜|너무|아주|매우|정말|언제|어떻게|어디서?|무엇|뭐|수|것|거|게|때|및|또는|그리고|혹시|빨리|제가|저는|저희가?|하나요|하죠|할까요|있나요|있어요|있습니까|있는지"
    r"|(?:안|못)(?:되|돼|됩|된|됐|될)[가-힣]*|싶[은을어었][가-힣]*|없나요|없어요|하고|하는|하려면|해서|해요|했는데|됩니다|되나요|되는지|되지|돼요|됐는데|안돼요|안됩니다|않아요|않습니다|않네요"
    r"|주세요|해주세요|해주셨으면|부탁드려요|부탁드립니다|부탁|드립니다|합니다|합니까|입니다|인가요|가능한가요|관련|대해|대한|문의드립니다)"
)


# What may stand behind 어/아 of another verb: 바꿔주세요, 보내드리고, 해보면.
_AUXILIARY = re.compile("(?:주|드리|보|버리|놓|두)$")
_SHORT_NOUNS = frozenset("앱웹글돈값창폰집책색약옷톡콜팩")


def is_korean(run: str) -> bool:
    """Whether a run holds Hangul."""
    return _HANGUL.search(run) is not None


def is_empty_word(run: str) -> bool:
    """Whether a word says nothing by itself: 안, 해주세요, 어떻게."""
    return _EMPTY.fullmatch(run) is not None


def alternatives(run: str) -> list[str]:
    """What a text may hold for one word of a query, the shortest stem first: 환불해주세요 → 환불; 느려요 → 느려, 느리, 느린 …"""
    noun = _cut(_NOUN_VERB, run)
    if noun:
        return [_cut(_PARTICLES, noun) or noun]
    if len(run) == 2 and (run[1] in "을를은는" or (run[1] in "이가" and run[0] in _SHORT_NOUNS)):
        return [run[0]]
    noun = _cut(_COPULA, run) or _cut(_ASKED, run)
    if noun:
        return [noun]
    stem = _cut(_ENDINGS, run, least=1) or _cut(_SHORT_ENDINGS, run)
    if stem:
        main = _AUXILIARY.sub("", stem)
        return _forms(main if len(main) > 1 else stem)
    bare = _cut(_PARTICLES, run)
    return [bare or run]


def _cut(ending: re.Pattern[str], run: str, least: int = 2) -> str:
    """``run`` without its longest such ending; empty when there is none, or too little would be left."""
    for start in range(least, len(run)):
        if ending.match(run, start):
            return run[:start]
    return ""


def _forms(stem: str) -> list[str]:
    """The forms a verb or noun stem may take in a text: the last syllable with other vowels and finals."""
    code = ord(stem[-1]) - _SYLLABLES
    if not 0 <= code < 11172:
        return [stem]
    head, final = stem[:-1], code % _FINALS
    onset, vowel = divmod(code // _FINALS, _VOWELS)
    if final not in (0, _NIEUN, _RIEUL, _MIEUM, _BIEUP, _SSANGSIOS):
        return [stem]
    found = {stem}
    for base in {vowel, _OPENED.get(vowel, vowel)}:
        open_syllable = _SYLLABLES + (onset * _VOWELS + base) * _FINALS
        finals = (
            (0, _SSANGSIOS) if base == vowel and vowel in _OPENED else (0, _NIEUN, _RIEUL, _MIEUM, _BIEUP, _SSANGSIOS)
        )
        found.update(head + chr(open_syllable + each) for each in finals)
    if stem[-1] in "워와" and head:
        found |= _with_bieup(head)
    return sorted(found)


def _with_bieup(head: str) -> set[str]:
    """어려워 comes from 어렵다."""
    code = ord(head[-1]) - _SYLLABLES
    return {head[:-1] + chr(ord(head[-1]) + _BIEUP)} if 0 <= code < 11172 and code % _FINALS == 0 else set()
