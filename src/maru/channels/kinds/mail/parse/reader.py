"""Puts a `ParsedMail` together. Runs in the child process only."""

from __future__ import annotations

import re

from maru.channels.kinds.mail.parse import automatic, body, calendar, headers, html_quotes, marks, quotes, trust
from maru.channels.kinds.mail.parse.addresses import parse as parse_addresses
from maru.channels.kinds.mail.parse.charsets import decode
from maru.channels.kinds.mail.parse.limits import MAX_RECIPIENTS
from maru.channels.kinds.mail.parse.model import Address, ParsedMail, Quarantine
from maru.channels.kinds.mail.parse.structure import OverLimit, Part, read
from maru.core.html.invisible import one_line
from maru.core.html.policy import sanitise_mail
from maru.core.html.text import html_to_text, text_to_html
from maru.core.html.tokens import tokenise

_SUBJECT = 300


def read_mail(raw: bytes, *, envelope_from: str | None = None, authserv_id: str = "") -> ParsedMail | Quarantine:
    """Reads one mail. `envelope_from` is the return path (None: unknown), `authserv_id` our trusted server's name."""
    try:
        root = read(raw)
        parts = body.collect(root)
    except OverLimit as error:
        return Quarantine(str(error))
    mail = ParsedMail(defects=[], attachments=parts.attachments)
    if not _head(mail, root, envelope_from):
        return Quarantine("too_many_recipients", str(len(mail.to) + len(mail.cc)))
    mail.auth = trust.results(root, authserv_id)
    if not mail.sender.address:
        return Quarantine("no_sender", headers.text(root.first("from"))[:200])
    mail.text = parts.text or _invitation(parts)
    _automatic(mail, root, envelope_from)
    if not _unpack(mail, root, parts):
        mail.forwarded_from = quotes.forwarded_sender(mail.text, mail.subject)
    _bodies(mail, parts)
    mail.language = language(f"{mail.subject}\n{mail.visible_text[:4000]}", parts.charsets)
    mail.defects = list(dict.fromkeys(mail.defects + parts.defects))[:20]
    return mail


def _head(mail: ParsedMail, root: Part, envelope_from: str | None) -> bool:
    mail.message_id = next(iter(headers.identifiers(root.first("message-id"))), "")
    mail.in_reply_to = [found for value in root.all("in-reply-to") for found in headers.identifiers(value)][:20]
    mail.references = [found for value in root.all("references") for found in headers.identifiers(value)][-50:]
    mail.date = headers.date(root.first("date"))
    mail.subject = one_line(headers.text(root.first("subject")), _SUBJECT)
    _sender(mail, root, envelope_from)
    mail.reply_to = _list(root, "reply-to")
    mail.to = _list(root, "to")
    mail.cc = _list(root, "cc")
    # The newest hop writes its Delivered-To on top; further ones may be forged but only say where to look.
    mail.delivered_to = [
        address.address
        for name in ("delivered-to", "x-original-to", "envelope-to", "x-forwarded-to", "x-rcpt-to")
        for address in _list(root, name)
        if address.address
    ][:20]
    spam = headers.raw_text(root.first("x-spam-flag")).strip().lower()
    mail.is_spam_marked = spam == "yes" or headers.raw_text(root.first("x-spam-status")).lower().startswith("yes")
    return len(mail.to) + len(mail.cc) <= MAX_RECIPIENTS


def _list(root: Part, name: str) -> list[Address]:
    return [
        address
        for value in root.all(name)[:20]
        for address in parse_addresses(headers.raw_text(value)).addresses
        if address.address
    ]


def _sender(mail: ParsedMail, root: Part, envelope_from: str | None) -> None:
    """From, and whether it is beyond doubt; other headers help out when it holds no address."""
    values = root.all("from")
    found = parse_addresses(headers.raw_text(values[0])) if values else None
    mail.sender_defects = list(found.defects) if found else ["no From header"]
    if len(values) > 1:
        mail.sender_defects.append("several From headers")
    if found and len(found.addresses) > 1:
        mail.sender_defects.append("several addresses in From")
    addresses = [address for address in found.addresses if address.address] if found else []
    name = found.addresses[0].name if found and found.addresses else ""
    if addresses:
        mail.sender = addresses[0]
    else:
        mail.sender = Address(name, "")
        for header in ("sender", "reply-to", "return-path", "x-sender"):
            others = _list(root, header)
            if others:
                mail.sender = Address(name or others[0].name, others[0].address)
                break
        else:
            envelope = parse_addresses(envelope_from or "").addresses
            if envelope and envelope[0].address:
                mail.sender = Address(name, envelope[0].address)
    mail.sender_verified_syntax = len(values) == 1 and len(addresses) == 1 and not mail.sender_defects


def _automatic(mail: ParsedMail, root: Part, envelope_from: str | None) -> None:
    if envelope_from is None and root.first("return-path"):
        envelope_from = headers.raw_text(root.first("return-path"))
    sender, name = mail.sender.address, mail.sender.name
    mail.bounce = automatic.read_bounce(root, sender, name, mail.subject, mail.text)
    found = automatic.judge(root, sender, name, mail.subject, envelope_from, mail.bounce is not None)
    mail.auto_kind, mail.is_auto, mail.is_list = found.kind, bool(found.kind), found.is_list
    mail.suppress_reply, mail.out_of_office = found.suppress_reply, found.out_of_office


def _invitation(parts: body.Body) -> str:
    """The words of a calendar entry that comes alone."""
    return next(
        (
            words
            for attachment in parts.attachments
            if attachment.content_type == "text/calendar"
            and (words := calendar.words(decode(attachment.content, "utf-8")[0]))
        ),
        "",
    )


def _unpack(mail: ParsedMail, root: Part, parts: body.Body) -> bool:
    """A mail forwarded as an attachment, or alone in an empty mail, shows its words as any forward does; else False."""
    if mail.bounce is not None or not (marks.SUBJECT_FORWARD.match(mail.subject) or not mail.text.strip()):
        return False
    attached = [part for part in root.walk() if part.content_type == "message/rfc822"]
    if len(attached) != 1 or quotes.forwarded_sender(mail.text, mail.subject):
        return False
    try:
        inner = read(attached[0].payload().lstrip(b"\r\n"))
        words = body.collect(inner).text
    except OverLimit:
        return False
    senders = [one for one in parse_addresses(headers.raw_text(inner.first("from"))).addresses if one.address]
    mail.forwarded_from = senders[0] if senders else None
    named = (("From", "from"), ("Date", "date"), ("To", "to"), ("Subject", "subject"))
    lines = [f"{label}: {one_line(headers.text(inner.first(name)), 300)}" for label, name in named if inner.first(name)]
    block = "\n".join(["---------- Forwarded message ----------", *lines, "", words])[: body.MAX_TEXT]
    mail.text = f"{mail.text.rstrip()}\n\n{block}".strip("\n")
    if parts.html:
        parts.html += text_to_html(block)
    return True


def _bodies(mail: ParsedMail, parts: body.Body) -> None:
    """Text, HTML, and both without the quotation. A forward and a bounce keep everything in sight."""
    whole = mail.forwarded_from is not None or mail.bounce is not None
    split = quotes.split_text(mail.text, forwarded=whole)
    if parts.html:
        tokens = tokenise(parts.html[: 512 * 1024])
        safe = sanitise_mail(parts.html, tokens)
        mail.html_safe, mail.remote_images = safe.html, safe.remote_images
        mail.html_visible = safe.html
        if safe.fallback:
            mail.defects.append(f"HTML over a limit: {safe.fallback}")
        elif not whole:
            split = _html_split(mail, parts, split, html_quotes.quoted_ranges(parts.html, tokens))
    else:
        mail.html_visible = text_to_html(split.visible)
    mail.visible_text, mail.quoted_text, mail.signature = split.visible, split.quoted, split.signature


def _html_split(mail: ParsedMail, parts: body.Body, split: quotes.Split, ranges: list[tuple[int, int]]) -> quotes.Split:
    """Takes the quotation out of the HTML, and out of the text too where only the HTML shows it."""
    if not ranges:
        if split.quoted:
            # The text knows more than the HTML: show the reply as text, for half a quotation helps nobody.
            mail.html_visible, mail.remote_images = text_to_html(split.visible), []
        return split
    rest = html_quotes.without(parts.html, ranges)
    reply = html_to_text(rest)
    if not reply.strip() and "<img" not in rest.lower():
        return split
    visible = sanitise_mail(rest)
    # Pictures are named by their place: those of the part that is kept.
    mail.html_visible, mail.remote_images = visible.html, visible.remote_images
    if parts.has_plain and split.quoted:
        return split
    inner = quotes.split_text(reply)
    quoted = html_to_text(html_quotes.within(parts.html, ranges))
    return quotes.Split(inner.visible, f"{inner.quoted}\n\n{quoted}".strip("\n"), inner.signature)


def language(text: str, charsets: set[str] = frozenset()) -> str:  # type: ignore[assignment]
    """Guesses "ko", "ja" or "en" by script; "" when there is nothing to go by."""
    hangul = len(re.findall(r"[\uac00-\ud7a3]", text))
    kana = len(re.findall(r"[\u3041-\u30ff\uff66-\uff9f]", text))
    han = len(re.findall(r"[\u4e00-\u9fff]", text))
    latin = len(re.findall(r"[A-Za-z]", text))
    if hangul and hangul >= kana and hangul * 4 >= latin / 4:
        return "ko"
    if kana and kana * 4 >= latin / 4:
        return "ja"
    if han and charsets & {"x-2022-jp", "cp932", "x-euc-jp"}:
        return "ja"
    return "en" if latin > han else ""
