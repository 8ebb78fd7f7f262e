"""How mail programs of Korea, Japan and elsewhere mark what they quote. One table, so that a new form is one line."""

from __future__ import annotations

import re

_I = re.IGNORECASE

#: A line that separates the reply from an old mail below it.
SEPARATOR = re.compile(
    r"""^[\s>]*(?:
        [-_=─―━]{2,}\s*(?:original\ (?:message|appointment)|원본\ ?(?:메시지|메일|메세지)|원본메일|원문|원래\ ?메시지|이전\ ?메시지
            |元のメッセージ|元のメール|オリジナル\ ?メッセージ|original-nachricht|ursprüngliche\ nachricht|message\ d'origine
            |mensaje\ original|原始邮件|原始郵件|reply\ message|답장\ ?메시지|replied\ message)\s*[-_=─―━]{2,}
        |_{20,}\s*
    )\s*$""",
    _I | re.VERBOSE,
)

#: A line that says "here follows a mail that I forward".
FORWARD = re.compile(
    r"""^[\s>]*(?:
        [-_=─]{2,}\s*(?:forwarded\ (?:message|by|mail)|전달된\ ?(?:메시지|메일|이메일)|전달\ ?메시지|전달\ ?메일|転送(?:された)?\s?メッセージ
            |転送メール|forwarded\ message\ follows|weitergeleitete\ nachricht|message\ transféré|转发的?邮件|轉寄的?郵件).{0,60}?[-_=─]*
        |begin\ forwarded\ message\s*:?
        |전달된\ ?(?:메시지|이메일)\ ?시작\s*:?
        |転送された(?:メッセージ|メール|Eメール)\s*[:：]?
        |(?:start|anfang)\ (?:of\ )?forwarded\ message\s*:?
    )\s*$""",
    _I | re.VERBOSE,
)

#: Labels of the little block of headers above an old mail, by what they mean.
LABELS = {
    "from": (
        "from",
        "보낸 사람",
        "보낸사람",
        "보낸이",
        "발신",
        "발신자",
        "보내는 사람",
        "差出人",
        "送信者",
        "送信元",
        "发件人",
        "寄件者",
        "von",
        "de",
        "от",
        "От",
    ),
    "date": (
        "sent",
        "date",
        "보낸 날짜",
        "보낸날짜",
        "날짜",
        "보낸 시간",
        "보낸시간",
        "일시",
        "작성일",
        "送信日時",
        "日時",
        "日付",
        "送信日",
        "发送时间",
        "日期",
        "gesendet",
        "datum",
        "envoyé",
        "дата",
        "отправлено",
    ),
    "to": ("to", "받는 사람", "받는사람", "받은 사람", "수신", "수신자", "宛先", "收件人", "an", "à", "кому"),
    "cc": ("cc", "참조", "抄送", "副本", "копия"),
    "subject": ("subject", "제목", "件名", "主题", "主旨", "betreff", "objet", "тема"),
    "reply": ("reply-to", "회신 주소", "返信先", "importance", "중요도", "重要度"),
}
_MEANING = {label.casefold(): key for key, labels in LABELS.items() for label in labels}
_HEADER_LINE = re.compile(r"^[\s>*]{0,12}\*?([^\W\d][\w .-]{0,14}?)\s*\*?\s*[:：]\s*\*?\s*(.*)$")


def header_line(line: str) -> tuple[str, str] | None:
    """Meaning and value of a line like "보낸 사람: 홍길동 <a@b.c>"; None when it is none."""
    if len(line) > 1000:
        return None
    match = _HEADER_LINE.match(line)
    meaning = _MEANING.get(match[1].strip().casefold()) if match else None
    return (meaning, match[2].strip("* ")) if match and meaning else None


_STAMP = r"(?:\d{1,4}\s*[./년年-]\s*\d{1,2}\s*[./월月-]|\d{1,2}:\d{2}|\b(?:19|20)\d{2}\b|[월화수목금토일]요일)"

#: "On … wrote:" in one line or two, by its end; a date or address must stand in it.
_WROTE = re.compile(
    r"""(?:
        \b(?:wrote|writes|schrieb|a\ écrit|escribió|napisał|skrev|написал\(?а?\)?|пишет|escreveu|ha\ scritto|yazdı|schreef)\b.{0,90}?
        |님이\ ?(?:작성|쓴\ ?글|보낸\ ?(?:메시지|메일))|(?:이\(가\)|이|가)\ ?(?:쓴|작성한)\ ?(?:글|메시지)?|\ 작성|님의\ ?(?:말|글)|(?:님이\ )?보낸\ ?(?:메일|글|메시지)
        |のメール|のメッセージ|さんは書きました|さんが書きました|は書きました|が書きました|さんからのメール|より
        |写道|寫道
    )\s*[:：]\s*$""",
    _I | re.VERBOSE,
)
#: Gmail in Japanese and others end in "<address>:" with the date in front.
_DATED_ADDRESS = re.compile(r"<[^<>\s@]{1,64}@[^<>\s]{1,190}>\s*[:：]\s*$")
_STARTS_WITH_STAMP = re.compile(
    r"^\s*(?:on\s|at\s|le\s|am\s|el\s|il\s|op\s|den\s|\(?\s*\d{1,4}\s*[./년年-]|\d{1,2}\s+[^\W\d]{3,12}|[^\W\d]{2,10}[,.]?\s+\d{1,2})",
    _I,
)


def is_attribution(line: str) -> bool:
    """Whether the line introduces a quotation: "On … wrote:", "…님이 작성:", "… のメール:", "2024年1月2日 … <a@b>:"."""
    line = line.strip("*> \t")
    if not 8 <= len(line) <= 400 or line[-1] not in ":：":
        return False
    dated = re.search(_STAMP, line)
    if _WROTE.search(line):
        return bool(dated) or "@" in line or line.lower().startswith(("on ", "at "))
    return bool(dated and _DATED_ADDRESS.search(line) and _STARTS_WITH_STAMP.match(line))


#: A signature line of a phone or mail program. Whole lines only.
MOBILE = re.compile(
    r"""^\s*(?:
        sent\ from\ (?:my\ )?[\w .'’/-]{2,40}|sent\ via\ [\w .'’/-]{2,40}|get\ outlook\ for\ (?:ios|android|mac|windows)\b.{0,60}
        |sent\ with\ [\w .'’/-]{2,40}(?:[(<].{0,80}[)>])?|download\ outlook\ for\ \w+.{0,60}
        |(?:나의|내)\ ?[\w +-]{2,30}에서\ ?(?:보냄|보냈습니다|보낸\ ?메일(?:입니다)?)\.?
        |[\w ]{0,20}(?:iphone|ipad|아이폰|갤럭시|galaxy|스마트폰|휴대폰|핸드폰|android|안드로이드)[\w +-]{0,24}(?:에서|로)\ ?(?:보냄|보냈습니다|보낸\ ?(?:메일|이메일)(?:입니다)?|작성|전송)\.?
        |(?:네이버|다음|한메일|kakao|카카오)\ ?(?:메일)?\ ?(?:앱|모바일)?\ ?(?:에서|로)\ ?(?:보냈습니다|보낸\ ?메일입니다|보냄)\.?
        |(?:windows용\ )?(?:메일|mail)에서\ ?보냄\.?|(?:ios|android|mac)용\ outlook\ ?(?:다운로드|받기|가져오기|에서\ ?보냄).{0,60}|outlook\ for\ (?:ios|android|mac)\ ?(?:다운로드|を入手|を取得).{0,60}
        |(?:私の|自分の)?\ ?[\w 　]{2,30}から送信(?:しました|されました)?[。.]?|.{0,30}版\ ?(?:の\ )?(?:outlook|メール)\ ?から送信.{0,10}
        |yahoo!?\ ?メール.{0,20}(?:から送信|で送信).{0,10}|windows\ 版の\ メール\ から送信
        |von\ meinem\ [\w .-]{2,30}\ gesendet|envoyé\ de\ mon\ [\w .-]{2,30}|enviado\ desde\ mi\ [\w .-]{2,30}
    )\s*$""",
    _I | re.VERBOSE,
)
DELIMITER = re.compile(r"^--\s?$|^—\s?$|^[\s>]*--\xa0$")
#: Japanese and Korean mail closes with a ruled box of name, telephone and address.
RULE = re.compile(r"^\s*(?:[-=*_+~─━═◆■☆★◇□●○・]\s*){8,}\s*$")
CONTACT = re.compile(
    r"tel\b|fax\b|phone|mobile|전화|연락처|휴대폰|팩스|携帯|電話|〒|e-?mail|메일|メール|www\.|https?://|@[\w-]+\.|\b0\d{1,3}-\d{3,4}-\d{4}|株式会社|주식회사|\(주\)|㈜|㈱",
    _I,
)
SUBJECT_FORWARD = re.compile(
    r"^\s*(?:(?:re|회신|답장|返信)\s*[:：]\s*)*(?:(?:fwd?|fw|전달|転送|wg|tr|转发|轉寄)\s*[:：]|\[(?:fwd?|fw|전달|転送)\])",
    _I,
)
