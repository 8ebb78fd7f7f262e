"""Made-up requests: seeded, with words as frequent as in a language (Zipf), in Korean, English and Japanese."""

import random
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from maru.tickets.search.text import normalise

LANGUAGES = (("ko", 0.82), ("en", 0.10), ("ja", 0.08))
_SYLLABLES = "가나다라마바사아자차카타파하거너더러머버서어저고노도로모보소오조구누두루무부수우주기니디리미비시이지개내대래매배새애재강남당람방상안장천한인문진선원산정성영동"
_PARTICLES = ("이", "를", "은", "에서", "으로", "의", "도", "만", "에", "와")
_THEMES = (
    (
        0.45,
        ("환불", "결제", "취소"),
        "어제 결제한 {a} 환불을 요청합니다|{a} 결제가 두 번 됐습니다 환불해주세요|{a} 취소하고 환불받고 싶은데 {b} 확인 부탁드립니다",
    ),
    (
        0.30,
        ("배송", "주문"),
        "주문한 {a} 배송이 너무 늦습니다|{a} 배송 조회가 안 됩니다 {b} 확인 부탁드립니다|주문 {a} 언제 도착하나요",
    ),
    (
        0.20,
        ("로그인", "앱"),
        "앱에서 {a} 로그인이 안 됩니다|{a} 화면이 하얗게 나오고 {b} 오류가 납니다|앱이 {a} 누르면 꺼집니다",
    ),
    (0.08, ("세금계산서",), "세금계산서를 {a} 다시 발급해 주세요|지난달 세금계산서 {a} 금액이 다릅니다"),
    (
        0.05,
        ("비밀번호",),
        "비밀번호를 초기화하고 싶은데 {a} 메일이 안 옵니다|{a} 비밀번호 변경 후 {b} 접속이 안 됩니다",
    ),
    (0.04, ("쿠폰",), "쿠폰이 적용되지 않습니다 {a}|{a} 쿠폰 사용 기간을 늘려 주세요"),
    (0.03, ("배송지",), "배송지 변경을 {a} 신청했는데 {b} 반영이 안 됐어요"),
    (0.016, ("수료증",), "수료증 {a} 출력이 안 됩니다|{a} 과정 수료증 발급 부탁드립니다"),
)
_FILLING = "안녕하세요 {a} 문의드립니다|{a} {b} 관련해서 여쭤봅니다|{a} 설정을 바꿨는데 {b} 그대로입니다|빠른 답변 부탁드립니다 감사합니다|{a} {b} {c} 안내를 받았는데 다릅니다|혹시 {a} {b} 가능할까요|{c} 담당자와 통화하고 싶습니다"
_ENGLISH = "Hello, I have a question about {a}|My {a} order has not arrived yet|Please refund the {a} payment|The {a} page shows an error with {b}|I cannot log in since the {a} update|Thank you for your help with {a}|Could you send the invoice for {a} and {b}"
_JAPANESE = "{a}の返金をお願いします|注文した{a}がまだ届きません|{a}のパスワードを忘れました|{a}の画面で{b}エラーになります|お世話になっております、{a}の件です|よろしくお願いいたします|{a}の請求書を再発行してください"
_ENGLISH_PARTS = (
    "re",
    "con",
    "ter",
    "al",
    "ment",
    "in",
    "pro",
    "ver",
    "sta",
    "lo",
    "ti",
    "mer",
    "ex",
    "port",
    "dis",
    "play",
    "ac",
    "count",
    "sub",
    "net",
)
_JAPANESE_PARTS = "製品注文配送設定画面会員登録変更確認書類支払期限住所電話番号契約更新機能店舗商品在庫履歴管理"


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    norm: str


class Texts:
    """Pools of sentences, made once; a text is a handful of them."""

    def __init__(self, seed: int, size: int = 24_000) -> None:
        rng = random.Random(seed)
        self._words = {
            "ko": ["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _n in range(20_000)],
            "en": ["".join(rng.choices(_ENGLISH_PARTS, k=rng.randint(2, 3))) for _n in range(8_000)],
            "ja": ["".join(rng.choices(_JAPANESE_PARTS, k=rng.randint(2, 4))) for _n in range(6_000)],
        }
        self._weights = {
            key: list(accumulate(1 / (n + 3) for n in range(len(words)))) for key, words in self._words.items()
        }
        self._filling = {
            "ko": self._pool(rng, "ko", _FILLING, size),
            "en": self._pool(rng, "en", _ENGLISH, size // 4),
            "ja": self._pool(rng, "ja", _JAPANESE, size // 4),
        }
        self._themes = [(share, self._pool(rng, "ko", patterns, 3_000)) for share, _words, patterns in _THEMES]

    def text(self, rng: random.Random, language: str, sentences: int) -> tuple[str, str]:
        """A text of about ``sentences`` sentences, and its folded form."""
        chosen = rng.choices(self._filling[language], k=sentences)
        if language == "ko":
            for share, pool in self._themes:
                if rng.random() < share:
                    chosen.append(rng.choice(pool))
        if rng.random() < 0.15:
            code = f"ORD-{rng.randint(2024_01_01, 2026_12_31)}-{rng.randint(1000, 9999)}"
            chosen.append(Sentence(code, normalise(code)))
        rng.shuffle(chosen)
        return ". ".join(each.text for each in chosen), "".join(each.norm[1:] for each in chosen)

    def _pool(self, rng: random.Random, language: str, patterns: str, size: int) -> list[Sentence]:
        chosen = []
        choices = patterns.split("|")
        for _n in range(size):
            a, b, c = rng.choices(self._words[language], cum_weights=self._weights[language], k=3)
            if language == "ko":
                a, b = a + rng.choice(_PARTICLES), b + rng.choice(_PARTICLES)
            text = rng.choice(choices).format(a=a, b=b, c=c)
            chosen.append(Sentence(text, normalise(text)))
        return chosen


@cache
def texts(seed: int) -> Texts:
    """The pools of a seed, made once in each process."""
    return Texts(seed)


def language_of(rng: random.Random) -> str:
    """ko, en or ja, as often as in :data:`LANGUAGES`."""
    return rng.choices([key for key, _share in LANGUAGES], [share for _key, share in LANGUAGES])[0]
