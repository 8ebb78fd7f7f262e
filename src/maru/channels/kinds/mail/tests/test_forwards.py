"""Forwarded mail names its original sender, whatever program forwarded it and in whatever language."""

from base64 import b64encode
from typing import Any

import pytest

from maru.channels.kinds.mail.parse.model import ParsedMail
from maru.channels.kinds.mail.parse.reader import read_mail
from maru.channels.kinds.mail.tests.conftest import Deliver
from maru.core.tenancy import tenant
from maru.tickets.models import Message, Ticket

KIM = "kim@customer.example"

#: program and language: subject, block above the original
PLAIN = {
    "gmail en": ("Fwd: refund", f"---------- Forwarded message ---------\nFrom: Kim <{KIM}>\nDate: Mon, Nov 23, 2026\nSubject: refund\nTo: <a@ab.example>"),
    "gmail ko": ("Fwd: 환불", f"---------- Forwarded message ---------\n보낸사람: 김 <{KIM}>\nDate: 2026년 11월 23일 (월) 오후 1:02\nSubject: 환불\nTo: <a@ab.example>"),
    "outlook en": ("FW: refund", f"From: Kim <{KIM}>\nSent: Monday, November 23, 2026 1:02 PM\nTo: A <a@ab.example>\nSubject: refund"),
    "outlook 2010": ("FW: refund", f"-----Original Message-----\nFrom: Kim [mailto:{KIM}] \nSent: Monday, November 23, 2026\nTo: A\nSubject: refund"),
    "outlook ko": ("FW: 환불", f"보낸 사람: 김 <{KIM}> \n보낸 날짜: 2026년 11월 23일 월요일 오후 1:02\n받는 사람: <a@ab.example>\n제목: 환불"),
    "outlook ko ruled": ("전달: 환불", f"{'_' * 32}\n보낸 사람: 김 <{KIM}>\n보낸 시간: 2026년 11월 23일\n받는 사람: a@ab.example\n제목: 환불"),
    "outlook ja": ("FW: 返金", f"差出人: 田中 <{KIM}>\n送信日時: 2026年11月23日月曜日 13:02\n宛先: a@ab.example\n件名: 返金"),
    "naver": ("FW: 환불", f'-----Original Message-----\nFrom: "김"<{KIM}>\nTo: "a"<a@ab.example>;\nCc:\nSent: 2026-11-23 (월) 13:02:11 (GMT+09:00)\nSubject: 환불'),
    "naver new": ("Fwd: 환불", f"---------- 전달된 메시지 ----------\n보낸사람: 김 <{KIM}>\n받는사람: a@ab.example\n날짜: 2026년 11월 23일 (월)\n제목: 환불"),
    "naver works": ("[전달] 환불", f"--------- 원본 메일 ---------\n보낸사람 : 김 <{KIM}>\n받는사람 : a@ab.example\n날짜 : 2026.11.23 13:02\n제목 : 환불"),
    "daum": ("Fwd: 환불", f'--------- 원본 메일 ---------\n보낸이: "김" <{KIM}>\n받는이 : <a@ab.example>\n날짜: 2026년 11월 23일 월요일\n제목: 환불'),
    "apple en": ("Fwd: refund", f"> Begin forwarded message:\n> \n> From: Kim <{KIM}>\n> Subject: refund\n> Date: November 23, 2026\n> To: a@ab.example\n> "),
    "apple ko": ("Fwd: 환불", f"전달된 메시지 시작:\n\n발신: 김 <{KIM}>\n제목: 환불\n날짜: 2026년 11월 23일\n수신: a@ab.example"),
    "apple ja": ("Fwd: 返金", f"転送されたメッセージ:\n\n差出人: 田中 <{KIM}>\n件名: 返金\n日付: 2026年11月23日 13:02:03 JST\n宛先: a@ab.example"),
    "thunderbird en": ("Fwd: refund", f"-------- Forwarded Message --------\nSubject: \trefund\nDate: \tMon, 23 Nov 2026\nFrom: \tKim <{KIM}>\nTo: \ta@ab.example"),
    "thunderbird ko": ("Fwd: 환불", f"-------- 전달된 메시지 --------\n제목: \t환불\n날짜: \tMon, 23 Nov 2026\n보낸사람: \t김 <{KIM}>\n받는사람: \ta@ab.example"),
    "thunderbird ja": ("Fwd: 返金", f"-------- 転送メッセージ --------\n件名: \t返金\n日付: \tMon, 23 Nov 2026\n差出人: \t田中 <{KIM}>\n宛先: \ta@ab.example"),
    "yahoo ja": ("Fw: 返金", f"----- 転送されたメッセージ -----\nFrom: 田中 <{KIM}>\nTo: a@ab.example\nDate: 2026/11/23, 月 13:02\nSubject: 返金"),
    "becky": ("Fw: 返金", f"---------------- Original message follows ----------------\n From:    田中 <{KIM}>\n To:      a@ab.example\n Date:    Mon, 23 Nov 2026\n Subject: 返金"),
}  # fmt: skip
HTML = {
    "gmail": f'<div>see<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: <strong>Kim</strong> <span>&lt;<a href="mailto:{KIM}">{KIM}</a>&gt;</span><br>Date: Mon<br>Subject: refund<br>To: &lt;a@ab.example&gt;<br></div><br>THE WORDS</div></div>',
    "outlook": f'<p>공유</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>보낸 사람:</b> 김 &lt;{KIM}&gt; <br><b>보낸 날짜:</b> 2026년<br><b>받는 사람:</b> a@ab.example<br><b>제목:</b> 환불</p></div><p>THE WORDS</p>',
    "outlook web": f'<div>ご確認</div><hr><div id="divRplyFwdMsg"><b>差出人:</b> 田中 &lt;{KIM}&gt;<br><b>送信日時:</b> 2026年<br><b>宛先:</b> a@ab.example<br><b>件名:</b> 返金</div><div>THE WORDS</div>',
    "apple": f'<div>see</div><blockquote type="cite"><div>Begin forwarded message:</div><div><b>From: </b>Kim &lt;<a href="mailto:{KIM}">{KIM}</a>&gt;<br></div><div><b>Subject: </b>refund<br></div><div><b>Date: </b>Nov 23<br></div><div><b>To: </b>a@ab.example<br></div><div>THE WORDS</div></blockquote>',
    "thunderbird": f'<div class="moz-forward-container">-------- Forwarded Message --------<table class="moz-email-headers-table"><tr><th>Subject: </th><td>refund</td></tr><tr><th>Date: </th><td>Mon</td></tr><tr><th>From: </th><td>Kim <a href="mailto:{KIM}">&lt;{KIM}&gt;</a></td></tr></table><br>THE WORDS</div>',
    "naver": f'<div>공유</div><div><p>-----Original Message-----<br><b>From:</b> "김"&lt;{KIM}&gt;<br><b>To:</b> "a"&lt;a@ab.example&gt;;<br><b>Sent:</b> 2026-11-23<br><b>Subject:</b> 환불<br></p><p>THE WORDS</p></div>',
}  # fmt: skip


def mail(subject: str, body: str, kind: str = "text/plain", sender: str = "agent@ab.example") -> bytes:
    encoded = b64encode(subject.encode()).decode()
    head = f"From: Agent <{sender}>\nTo: help@ab.maru.localhost\nSubject: =?utf-8?B?{encoded}?=\nMIME-Version: 1.0\n"
    return f"{head}Content-Type: {kind}; charset=utf-8\n\n{body}".replace("\n", "\r\n").encode()


def read(raw: bytes) -> ParsedMail:
    found = read_mail(raw)
    assert isinstance(found, ParsedMail), found
    return found


@pytest.mark.row("EML-11")
@pytest.mark.parametrize("program", PLAIN)
def test_the_original_sender_is_found(program: str) -> None:
    subject, block = PLAIN[program]
    found = read(mail(subject, f"확인 부탁드립니다.\n\n{block}\n\nTHE WORDS\n"))
    assert found.forwarded_from is not None
    assert found.forwarded_from.key == KIM
    assert "확인 부탁드립니다." in found.visible_text
    assert "THE WORDS" in found.visible_text


@pytest.mark.row("EML-11")
@pytest.mark.parametrize("program", HTML)
def test_the_original_sender_is_found_in_html(program: str) -> None:
    found = read(mail("Fwd: 전달", HTML[program], "text/html"))
    assert found.forwarded_from is not None
    assert found.forwarded_from.key == KIM
    assert "THE WORDS" in found.visible_text
    assert "THE WORDS" in found.html_visible


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Re: refund", f"thanks\n\nFrom: Kim <{KIM}>\nSent: Monday\nTo: A <a@ab.example>\nSubject: refund\n\nold"),
        ("hello", f"I got this\nFrom: Kim <{KIM}>\nand it is fine"),
        ("Fwd: hello", "no block at all, only words about From: nobody"),
    ],
)
def test_what_is_no_forward(subject: str, body: str) -> None:
    assert read(mail(subject, body)).forwarded_from is None


def attached(subject: str, words: str) -> bytes:
    inner = f"From: Kim <{KIM}>\nTo: agent@ab.example\nSubject: =?utf-8?B?{b64encode('환불'.encode()).decode()}?=\nContent-Type: text/plain; charset=euc-kr\n\n".encode()
    inner += "환불해 주세요".encode("euc-kr")
    part = b"\r\n--B0\r\n"
    head = f"From: agent@ab.example\nTo: help@ab.maru.localhost\nSubject: {subject}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=B0\n"
    raw = head.encode() + part + f"Content-Type: text/plain; charset=utf-8\n\n{words}".encode()
    raw += part + b"Content-Type: message/rfc822\n\n" + inner + b"\r\n--B0--\r\n"
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.row("EML-11")
@pytest.mark.parametrize(("subject", "words"), [("Fwd: x", "봐 주세요"), ("x", "")])
def test_a_mail_forwarded_as_an_attachment_shows_its_words(subject: str, words: str) -> None:
    found = read(attached(subject, words))
    assert found.forwarded_from is not None
    assert found.forwarded_from.key == KIM
    assert found.visible_text.startswith(words)
    assert "Subject: 환불" in found.visible_text
    assert "환불해 주세요" in found.visible_text
    assert [part.name for part in found.attachments] == ["환불.eml"]


def test_a_mail_with_words_of_its_own_keeps_an_attached_one_closed() -> None:
    found = read(attached("a question", "see the attached mail"))
    assert (found.visible_text, found.forwarded_from) == ("see the attached mail", None)


@pytest.mark.django_db
@pytest.mark.row("EML-11")
def test_an_agent_forwards_and_the_customer_asks(organization: Any, agent: Any, deliver: Deliver) -> None:
    subject, block = PLAIN["outlook ko"]
    sender = agent.account.email
    deliver(mail(subject, f"확인 부탁드립니다.\n\n{block}\n\n환불해 주세요.\n", sender=sender), envelope_from=sender)
    with tenant(organization.id):
        ticket = Ticket.objects.get()
        assert (ticket.requester_email, ticket.title) == (KIM, "환불")
        assert sender in ticket.shared_note
        assert "환불해 주세요." in Message.objects.get(ticket=ticket).text
