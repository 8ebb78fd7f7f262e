"""Bytes to text, for mail as it really comes: wrong labels, no labels, half characters. Nothing here raises."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from maru.channels.kinds.mail.parse.frequency import CYRILLIC, HANGUL, HANZI, KANJI, LATIN, TRADITIONAL

_ALIASES = {
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "ks_c_5601_1987": "cp949",
    "korean": "cp949",
    "euc-kr": "cp949",
    "euc_kr": "cp949",
    "euckr": "cp949",
    "uhc": "cp949",
    "windows-949": "cp949",
    "x-windows-949": "cp949",
    "ms949": "cp949",
    "cp-949": "cp949",
    "iso-2022-kr": "x-2022-kr",
    "csiso2022kr": "x-2022-kr",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "ms932": "cp932",
    "x-ms-cp932": "cp932",
    "cp943": "cp932",
    "shift_jisx0213": "shift_jisx0213",
    "euc-jp": "x-euc-jp",
    "eucjp": "x-euc-jp",
    "x-euc-jp": "x-euc-jp",
    "x-euc": "x-euc-jp",
    "eucjp-ms": "x-euc-jp",
    "cp51932": "x-euc-jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "gb18030": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "euc-cn": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "cp950": "cp950",
    "x-x-big5": "big5hkscs",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "cp65001": "utf-8",
    "unicode": "utf-16",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-8-i": "iso8859-8",
    "ansi": "cp1252",
    "x-ansi": "cp1252",
    "macintosh": "mac-roman",
    "x-mac-japanese": "cp932",
    "x-mac-korean": "cp949",
    "windows-874": "cp874",
    "tis-620": "cp874",
}
_UNTRUSTED = frozenset(
    {
        "",
        "ascii",
        "us-ascii",
        "unknown-8bit",
        "x-unknown",
        "unknown",
        "default",
        "none",
        "8bit",
        "7bit",
        "binary",
        "x-user-defined",
    }
)
_CANDIDATES = ("cp949", "cp932", "x-euc-jp", "gb18030", "big5hkscs", "cp1252", "cp1251")
_MULTIBYTE = frozenset({"cp949", "cp932", "x-euc-jp", "gb18030", "big5hkscs", "cp950", "shift_jisx0213"})
#: The 2,350 syllables of everyday Korean; code page 949 adds 8,822 that hardly anybody writes.
_KS_X_1001 = frozenset(bytes((high, low)).decode("euc_kr") for high in range(0xB0, 0xC9) for low in range(0xA1, 0xFF))
_ESCAPES = re.compile(rb"\x1b(\$\([DOPQ@B]|\$\)C|\$[@BA]|\([BJIH]|&@)")
_SAMPLE = 8192


@lru_cache(maxsize=256)
def codec_name(label: str) -> str:
    """Our name of the codec for a label of mail; "" when the label says nothing or nothing known."""
    label = label.strip().strip("\"'").lower().removeprefix("charset=").replace(" ", "")[:64]
    if label in _UNTRUSTED:
        return ""
    if label.replace("_", "-").startswith(
        ("iso-2022-jp", "iso2022-jp", "csiso2022jp", "cp5022", "jis", "iso-2022jp", "x-windows-5022")
    ):
        return "x-2022-jp"
    if label in _ALIASES:
        return _ALIASES[label]
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return ""
    # Python counts transformations such as "base64" or "zip" as codecs; mail must never reach those.
    if not getattr(info, "_is_text_encoding", True) or info.name in (
        "idna",
        "punycode",
        "unicode-escape",
        "undefined",
        "raw-unicode-escape",
        "mbcs",
        "oem",
    ):
        return ""
    return {
        "euc_kr": "cp949",
        "johab": "johab",
        "shift_jis": "cp932",
        "euc_jp": "x-euc-jp",
        "iso2022_kr": "x-2022-kr",
        "big5": "big5hkscs",
        "gb2312": "gb18030",
        "gbk": "gb18030",
        "iso8859-1": "cp1252",
        "ascii": "",
    }.get(info.name, info.name)


def decode(data: bytes, label: str = "") -> tuple[str, str, str]:
    """Text of `data`, the codec used and the defect found ("" when the label was right). Never raises."""
    name = codec_name(label)
    if b"\x1b$" in data and name in ("", "x-2022-jp", "x-2022-kr", "utf-8", "cp1252", "x-euc-jp", "cp932", "cp949"):
        korean = b"\x1b$)C" in data
        used = "x-2022-kr" if korean else "x-2022-jp"
        return _convert(data, used), used, "" if name == used else f"{label or 'no label'} is {used}"
    if name not in ("x-2022-jp", "x-2022-kr", "utf-7", "hz") and not name.startswith("utf-16") and data.isascii():
        return (
            data.decode("ascii"),
            name or "ascii",
            "" if name or not label or label.lower() in _UNTRUSTED else f"unknown charset {label[:40]}",
        )
    if name:
        text = _strict(data, name)
        if text is not None and not _suspicious(data, name, text):
            return text, name, ""
    return _guess(data, name, label)


def _guess(data: bytes, name: str, label: str) -> tuple[str, str, str]:
    said = label[:40] or "no label"
    text = _strict(data, "utf-8")
    if text is not None and (name not in _MULTIBYTE or _quality(text, "utf-8") > _quality(_convert(data, name), name)):
        return text, "utf-8", f"{said} is utf-8"
    if name not in ("", "cp1252", "utf-8"):
        text = _convert(data, name)
        if text.count("\ufffd") <= 2 + len(text) // 100:
            return text, name, f"broken {name}"
    if name in ("", "utf-8") and text is None:
        text = data.decode("utf-8", "replace")
        if text.count("\ufffd") <= len(text) // 50 and _wide(text) > text.count("\ufffd"):
            return text, "utf-8", "broken utf-8"
    best = best_guess(data)
    return _convert(data, best), best, f"{said} is {best}"


def best_guess(data: bytes) -> str:
    """The codec among Korean, Japanese, Chinese, Cyrillic and western ones in which the bytes read best."""
    sample = _eight_bit_lines(data)
    scored = [(_quality(_convert(sample, name), name), -index, name) for index, name in enumerate(_CANDIDATES)]
    return max(scored)[2]


def _eight_bit_lines(data: bytes) -> bytes:
    lines = [line for line in data[: 64 * 1024].splitlines(keepends=True) if not line.isascii()]
    return b"".join(lines)[:_SAMPLE] or data[:_SAMPLE]


def _suspicious(data: bytes, name: str, text: str) -> bool:
    """A western label decodes anything; so it is believed only when the bytes read better so than otherwise."""
    if name in ("utf-8", "x-2022-jp", "x-2022-kr") or name.startswith(("utf-", "koi8", "mac")):
        return False
    if _strict(data, "utf-8") is not None:
        return name not in _MULTIBYTE or _quality(data.decode("utf-8"), "utf-8") > _quality(text, name)
    if name != "cp1252":
        return False
    best = best_guess(data)
    return best != "cp1252" and _quality(_convert(_eight_bit_lines(data), best), best) >= 0.35


def _wide(text: str) -> int:
    return sum(1 for char in text if char > "\x7f")


def _quality(text: str, name: str) -> float:
    """How much `text` reads like one language: share of frequent characters among those beyond ASCII, -1..1."""
    wide = [char for char in text[:_SAMPLE] if char > "\x7f"]
    if not wide:
        return 0.0
    score = 0.0
    western = name in ("cp1251", "cp1252")
    common = {"cp949": HANGUL, "cp932": KANJI, "x-euc-jp": KANJI, "gb18030": HANZI, "big5hkscs": TRADITIONAL}.get(name)
    for char in wide:
        if char == "\ufffd" or "\ue000" <= char <= "\uf8ff":
            score -= 3.0
        elif western:
            score += _western(char, name)
        elif common is not None:
            score += _eastern(char, name, common)
        else:
            score += 0.8
    if western:
        score *= _isolation(text) if name == "cp1252" else _apart(text)
    return score / len(wide)


def _western(char: str, name: str) -> float:
    if name == "cp1251":
        return 0.8 if char in CYRILLIC else -0.5
    return 0.7 if char in LATIN else -0.4


def _isolation(text: str) -> float:
    """Accented letters stand among plain ones; runs of them are another script read wrongly."""
    runs = re.findall(r"[\x80-\uffff]+", text[:_SAMPLE])
    long = sum(len(run) for run in runs if len(run) > 2 and not all(char in CYRILLIC for char in run))
    total = sum(len(run) for run in runs) or 1
    return 1.0 - long / total


def _apart(text: str) -> float:
    """Cyrillic words hold no plain letters: the share of letters beyond ASCII that do not touch one."""
    touching = len(re.findall(r"(?<=[A-Za-z])[\x80-\uffff]|[\x80-\uffff](?=[A-Za-z])", text[:_SAMPLE]))
    return 1.0 - touching / (_wide(text[:_SAMPLE]) or 1)


def _eastern(char: str, name: str, common: frozenset[str]) -> float:
    if char in common:
        return 1.0
    if "\u3001" <= char <= "\u3011" or "\uff01" <= char <= "\uff5e":
        return 0.6
    if name == "cp949":
        return 0.55 if char in _KS_X_1001 else -0.5 if "\uac00" <= char <= "\ud7a3" else -0.3
    if "\u3041" <= char <= "\u30ff":
        return 0.9 if name in ("cp932", "x-euc-jp") else 0.0
    if "\uff61" <= char <= "\uff9f":
        return 0.1
    return 0.15 if "\u4e00" <= char <= "\u9fff" else -0.1


def _strict(data: bytes, name: str) -> str | None:
    if name.startswith("x-"):
        text = _convert(data, name)
        return None if "\ufffd" in text else text
    try:
        return data.decode(name)
    except (UnicodeError, LookupError, ValueError):
        return None


def _convert(data: bytes, name: str) -> str:
    if name == "x-2022-jp":
        return _iso_2022_jp(data)
    if name == "x-2022-kr":
        return _iso_2022_kr(data)
    if name == "x-euc-jp":
        return _euc_jp(data)
    try:
        return data.decode(name, "replace")
    except (UnicodeError, LookupError, ValueError):
        return data.decode("cp1252", "replace")


def _euc_jp(data: bytes) -> str:
    try:
        return data.decode("euc_jp")
    except UnicodeDecodeError:
        pieces = re.split(rb"((?:[\xa1-\xfe][\xa1-\xfe])+)", data)
        return "".join(
            _jis_pairs(bytes(byte & 0x7F for byte in piece)) if index % 2 else piece.decode("euc_jp", "replace")
            for index, piece in enumerate(pieces)
        )


def _jis_pairs(data: bytes) -> str:
    """JIS X 0208 pairs, NEC and IBM rows too, by way of code page 932 (what every Japanese mailer means)."""
    out = bytearray()
    for high, low in zip(data[::2], data[1::2], strict=False):
        if not (0x21 <= high <= 0x7E and 0x21 <= low <= 0x7E):
            out += b"?"
            continue
        row = (high - 0x21) // 2 + 0x81
        out.append(row if row <= 0x9F else row + 0x40)
        out.append(low + 0x1F + (low >= 0x60) if high % 2 else low + 0x7E)
    return out.decode("cp932", "replace")


def _iso_2022_jp(data: bytes) -> str:
    """ISO-2022-JP with the extensions of CP50220/50221/50222: NEC row 13, half-width kana by ESC ( I, SO/SI or 8 bit."""
    out: list[str] = []
    mode = b"(B"
    pieces = _ESCAPES.split(data)
    for index, piece in enumerate(pieces):
        if index % 2:
            mode = piece
            continue
        if mode in (b"$@", b"$B", b"$(@", b"$(B") or (mode[:1] == b"$" and mode[-1:] in b"OPQ"):
            # A line always starts in ASCII, even where the sender forgot to switch back.
            for number, line in enumerate(re.split(rb"(\r?\n)", piece)):
                out.append(line.decode("ascii") if number % 2 else (_jis_line(line)))
        elif mode == b"$(D":
            out.append(bytes(byte | 0x80 for byte in piece).decode("iso2022_jp_1", "ignore") or _jis_x0212(piece))
        elif mode == b"$A":
            out.append(bytes(byte | 0x80 for byte in piece).decode("gb2312", "replace"))
        elif mode == b"(I":
            out.append(
                bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in piece).decode("cp932", "replace")
            )
        else:
            out.append(_shifted_kana(piece))
    return "".join(out)


def _jis_line(line: bytes) -> str:
    return _jis_pairs(line.replace(b" ", b"")) if len(line.replace(b" ", b"")) > 1 else line.decode("ascii", "replace")


def _jis_x0212(piece: bytes) -> str:
    return b"".join(
        b"\x8f" + bytes((a | 0x80, b | 0x80)) for a, b in zip(piece[::2], piece[1::2], strict=False)
    ).decode("euc_jp", "replace")


def _shifted_kana(piece: bytes) -> str:
    if b"\x0e" in piece:
        piece = re.sub(
            rb"\x0e([^\x0f]*)\x0f?", lambda run: bytes(b | 0x80 if 0x21 <= b <= 0x5F else b for b in run[1]), piece
        )
    return piece.decode("ascii") if piece.isascii() else piece.decode("cp932", "replace")


def _iso_2022_kr(data: bytes) -> str:
    """ISO-2022-KR (RFC 1557), also without its designator; SO shifts to KS X 1001, SI and line ends shift back."""
    data = data.replace(b"\x1b$)C", b"")
    plain = re.sub(
        rb"\x0e([^\x0f\r\n]*)\x0f?", lambda run: bytes(b | 0x80 if 0x21 <= b <= 0x7E else b for b in run[1]), data
    )
    return plain.decode("cp949", "replace")
