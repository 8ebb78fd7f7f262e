"""Is a person writing? Automatic mail must never be answered automatically (RFC 3834), bounces are read (RFC 3464)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from maru.channels.kinds.mail.parse import headers
from maru.channels.kinds.mail.parse.addresses import parse as parse_addresses
from maru.channels.kinds.mail.parse.model import Bounce
from maru.channels.kinds.mail.parse.structure import Part, split_headers

_ROBOT = re.compile(
    r"^(?:mailer-?daemon|postmaster|no-?_?reply|do-?not-?reply|donotreply|noreply[\w.+-]*|bounces?[\w.+=-]*|autoreply|auto-?reply|abuse"
    r"|majordomo|listserv|mdaemon|[\w.-]+-(?:bounces|owner|request|noreply|no-reply)|owner-[\w.-]+|root|notifications?|alerts?|daemon)$",
    re.IGNORECASE,
)
_DAEMON = re.compile(
    r"^(?:mailer-?daemon|mailerdaemon|postmaster|mail-?daemon|mdaemon)$|mail delivery (?:sub)?system|mail administrator",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"out of (?:the )?office|automatic reply|auto(?:matic)?[ -]?(?:reply|response)|autoreply|on vacation|away from (?:the )?office|abwesen|absence"
    r"|자동\s?(?:회신|응답|답장)|부재\s?중|휴가\s?중|自動(?:応答|返信)|不在(?:通知|の|連絡)|休暇",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"undeliver(?:ed|able)|delivery (?:status notification|failure|has failed|incomplete|notification)|returned mail|mail delivery failed|failure notice"
    r"|mail system error|delivery report|could ?n[o']t be delivered|undelivered mail|non remis|unzustellbar|не доставлено|message delivery"
    r"|반송|전송\s?실패|배달\s?(?:되지|실패|못)|발송\s?실패|수신\s?실패|메일을?\s?보낼\s?수\s?없|配信(?:不能|できません|エラー|失敗)|送信(?:エラー|できません|失敗)|エラーメール|未送達",
    re.IGNORECASE,
)
_REPLY_SUBJECT = re.compile(
    r"\s*(?:automatic reply|auto(?:matic)?[ -]?reply|자동\s?회신|자동\s?응답|自動応答|自動返信|out of office)",
    re.IGNORECASE,
)
_LIST_HEADERS = (
    "list-id",
    "list-unsubscribe",
    "list-post",
    "list-help",
    "mailing-list",
    "x-mailing-list",
    "list-unsubscribe-post",
)
_RESPONDER_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-autoreply-from",
    "x-auto-reply",
    "x-mail-autoreply",
    "x-naver-autoreply",
)
#: Values of X-Auto-Response-Suppress (MS-OXCMAIL 2.2.3.2.14) that forbid any answer of ours.
_SUPPRESSING = frozenset({"all", "autoreply", "oof", "dr", "ndr", "rn", "nrn"})
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_CODE = re.compile(r"\b(5[0-5]\d|4[2-5]\d)[ -]")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+=-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_ORIGINAL_ID = re.compile(r"(?im)^[> \t]*message-id[ \t]*:\s*<([^<>\s]{3,990})>")


@dataclass(slots=True)
class Automatic:
    """`kind`: "", auto-generated, auto-replied, bulk, list, bounce, robot."""

    kind: str = ""
    suppress_reply: bool = False
    out_of_office: bool = False
    is_list: bool = False


def judge(root: Part, sender: str, name: str, subject: str, envelope_from: str | None, bounce: bool) -> Automatic:
    """Decides from headers, envelope and subject. `envelope_from` is None when it is not known."""
    found = Automatic()
    submitted = headers.raw_text(root.first("auto-submitted")).split(";")[0].split("(")[0].strip().lower()
    precedence = headers.raw_text(root.first("precedence")).strip().lower()
    suppress = headers.raw_text(root.first("x-auto-response-suppress")).lower()
    found.is_list = any(root.first(key) for key in _LIST_HEADERS)
    absent = bool(_ABSENT.search(subject))
    responder = _vacation(root) or any(root.first(key) for key in _RESPONDER_HEADERS)
    says_so = absent and bool(suppress or _REPLY_SUBJECT.match(subject))
    if bounce:
        found.kind = "bounce"
    elif _is_receipt(root):
        found.kind = "auto-replied"
    elif submitted and submitted != "no":
        replied = submitted.startswith("auto-replied") or submitted == "auto-notified"
        found.kind = "auto-replied" if replied else "auto-generated"
    elif responder or says_so or precedence in ("auto_reply", "auto-reply"):
        found.kind = "auto-replied"
    elif precedence in ("bulk", "junk", "list"):
        found.kind = "list" if precedence == "list" or found.is_list else "bulk"
    elif found.is_list:
        found.kind = "list"
    elif _is_robot(sender, envelope_from):
        found.kind = "robot"
    found.out_of_office = found.kind == "auto-replied" and (absent or bool(suppress) or responder)
    found.suppress_reply = bool(found.kind) or any(word in _SUPPRESSING for word in re.findall(r"[a-z]+", suppress))
    return found


def _is_receipt(root: Part) -> bool:
    """A note that a mail of ours was opened (RFC 8098): nobody has written anything."""
    return root.content_type == "multipart/report" and any(
        part.content_type == "message/disposition-notification" for part in root.children
    )


def _is_robot(sender: str, envelope_from: str | None) -> bool:
    """By the name before the at sign, or by a null return path."""
    local = sender.partition("@")[0]
    no_return = envelope_from is not None and not envelope_from.strip("<> ")
    return no_return or bool(_DAEMON.search(local) or _ROBOT.match(local))


def _vacation(root: Part) -> bool:
    return (
        b"vacation" in root.first("x-mailer").lower()
        or bool(root.first("x-ms-exchange-inbox-rules-loop"))
        or b"vacation" in root.first("user-agent").lower()
    )


def read_bounce(root: Part, sender: str, name: str, subject: str, text: str) -> Bounce | None:
    """A delivery report as RFC 3464 writes it or as qmail, Exim, Exchange and the portals do; None when it is none."""
    reports = [
        part
        for part in root.walk()
        if part.content_type in ("message/delivery-status", "message/global-delivery-status")
    ]
    if reports:
        bounce = _standard(reports)
    elif root.first("x-failed-recipients") or (
        (_DAEMON.search(sender.partition("@")[0]) or _DAEMON.search(name))
        and (_FAILED.search(subject) or _FAILED.search(text[:2000]))
    ):
        bounce = _spoken(root, text)
    else:
        return None
    _original(root, bounce, text)
    return bounce


def _standard(reports: list[Part]) -> Bounce:
    """The fields of RFC 3464 2.2 and 2.3; each recipient has a group of its own."""
    bounce = Bounce(action="")
    for report in reports:
        body = report.payload() or report.body
        for group in re.split(rb"\r?\n[ \t]*\r?\n", body[: 256 * 1024]):
            fields, _, _ = split_headers(group.strip(b"\r\n") + b"\r\n\r\n")
            values = {name: headers.text(value) for name, value in reversed(fields)}
            address = values.get("final-recipient") or values.get("original-recipient") or ""
            if not address and not values.get("action"):
                continue
            action = values.get("action", "").split("(")[0].strip().lower()
            found = _ADDRESS.search(values.get("original-recipient", "")) or _ADDRESS.search(address)
            if found and found[0] not in bounce.recipients and action in ("failed", "delayed", ""):
                bounce.recipients.append(found[0])
            # The worst group speaks for the report.
            if not bounce.action or action == "failed" != bounce.action:
                bounce.action = action or bounce.action
                status = _STATUS.search(values.get("status", ""))
                bounce.status = status[1] if status else bounce.status
                bounce.diagnostic = values.get("diagnostic-code", bounce.diagnostic)[:500]
    bounce.action = bounce.action or "failed"
    return bounce


def _spoken(root: Part, text: str) -> Bounce:
    """A report in words: the addresses above the copy of the original, the first status code, the line around it."""
    above = re.split(
        r"(?im)^.*(?:copy of (?:the|your) (?:message|original)|original message|원본 메일|元のメッセージ|----- ?Original).*$",
        text,
    )[0][:8000]
    named = headers.raw_text(root.first("x-failed-recipients"))
    own = {address.key for address in parse_addresses(headers.raw_text(root.first("to"))).addresses}
    found = [
        address
        for address in _ADDRESS.findall(named or above)
        if address.lower() not in own and not _DAEMON.search(address.partition("@")[0])
    ]
    status = _STATUS.search(above)
    code = _CODE.search(above)
    line = next(
        (line.strip() for line in above.split("\n") if (status and status[1] in line) or (code and code[0] in line)), ""
    )
    return Bounce(
        recipients=list(dict.fromkeys(found))[:20],
        status=status[1] if status else f"{code[1][0]}.0.0" if code else "",
        diagnostic=line[:500],
    )


def _original(root: Part, bounce: Bounce, text: str) -> None:
    for part in root.walk():
        if part.content_type in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/rfc822-headers",
            "message/global",
            "message/global-headers",
        ):
            fields, _, _ = split_headers(part.payload().lstrip(b"\r\n"))
            known = dict(reversed(fields))
            found = headers.identifiers(known.get("message-id", b""))
            if found:
                bounce.original_message_id = found[0]
                bounce.original_to = [
                    a.address for a in parse_addresses(headers.raw_text(known.get("to", b""))).addresses if a.address
                ][:20]
                return
    match = _ORIGINAL_ID.search(text)
    if match:
        bounce.original_message_id = match[1]
