"""Headers, addresses, structure: what is odd is told, nothing raises, nothing is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maru.channels.kinds.mail.parse import addresses, headers
from maru.channels.kinds.mail.parse.limits import scan
from maru.channels.kinds.mail.parse.model import ParsedMail, Quarantine
from maru.channels.kinds.mail.parse.reader import read_mail
from maru.channels.kinds.mail.parse.structure import decode_base64, read

HOSTILE_FROM = [
    "victim@bank.com <evil@x.com>",
    '"victim@bank.com" <evil@x.com>',
    "=?utf-8?q?victim=40bank.com?= <evil@x.com>",
    "evil@x.com, victim@bank.com",
    "victim@bank.com:evil@x.com;",
    "<victim@bank.com> <evil@x.com>",
    "victim@bank.com\0 <evil@x.com>",
    '"victim@bank.com"@x.com',
    "=?utf-8?q?victim=40bank.com=3E?=",
    "evil@x.com (victim@bank.com",
    '"unclosed <victim@bank.com>',
    "<@relay.com:victim@bank.com>",
    "victim\u200b@bank.com",
    "<evil@[127.0.0.1]>",
]


@pytest.mark.row("EML-05")
@pytest.mark.parametrize("value", HOSTILE_FROM)
def test_a_doubtful_sender_is_never_taken_for_sure(value: str) -> None:
    mail = read_mail(b"From: " + value.encode() + b"\r\nSubject: x\r\n\r\nhi", envelope_from="evil@x.com")
    assert isinstance(mail, ParsedMail)
    assert not mail.sender_verified_syntax
    assert mail.sender.address != "victim@bank.com" or len(mail.sender_defects) > 0


def test_two_from_headers_are_doubtful() -> None:
    mail = read_mail(b"From: a@x.com\r\nFrom: b@x.com\r\n\r\nhi")
    assert isinstance(mail, ParsedMail)
    assert not mail.sender_verified_syntax


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("a@b.example", "", "a@b.example"),
        ("Kim <A.Kim@B.Example>", "Kim", "A.Kim@b.example"),
        ('"Kim, Minsu" <kim@b.example>', "Kim, Minsu", "kim@b.example"),
        ("=?utf-8?B?6rmA66+87IiY?= <kim@b.example>", "김민수", "kim@b.example"),
        ('"=?utf-8?B?6rmA66+87IiY?=" <kim@b.example>', "김민수", "kim@b.example"),
        ("..dots..@carrier.example", "", "..dots..@carrier.example"),
        ('"kim@b.example" <kim@b.example>', "kim@b.example", "kim@b.example"),
        ("kim@b.example (Kim)", "Kim", "kim@b.example"),
    ],
)
def test_honest_senders_are_sure(value: str, name: str, address: str) -> None:
    found = addresses.parse(value)
    assert found.defects == []
    assert [(a.name, a.address) for a in found.addresses] == [(name, address)]


def test_hostile_address_lists_cost_nothing() -> None:
    for value in ("(" * 60_000, "<" * 60_000, '"' * 60_000, "a@b," * 15_000, "[" * 60_000):
        addresses.parse(value)


def test_encoded_words_of_every_kind() -> None:
    assert headers.decode_words("=?euc-kr?B?yK+60g==?= =?euc-kr?B?ua7AxyA=?=") == "환불문의 "
    assert headers.decode_words("a =?utf-8?q?b=20c?= d") == "a b c d"
    assert headers.decode_words("=?utf-8*ko?B?7ZmY67aI?=") == "환불"
    assert headers.decode_words("=?utf-8?B?7ZmY6?= =?utf-8?B?7aI?=") == "환불"
    assert headers.decode_words("=?no-such?Q?abc?=") == "abc"


def test_parameters_of_both_standards() -> None:
    assert headers.parameters(b"x/y; name*=euc-kr''%C8%AF%BA%D2.txt")[1]["name"] == "환불.txt"
    assert headers.parameters(b'x/y; name="=?utf-8?B?7ZmY67aI?=.txt"')[1]["name"] == "환불.txt"
    assert headers.parameters(b'x/y; a=1; a=2; boundary = "q w"')[1] == {"a": "1", "boundary": "q w"}


def test_dates_outside_reason_are_none() -> None:
    assert headers.date(b"Mon, 12 Oct 2026 10:15:00 +0900") == "2026-10-12T01:15:00+00:00"
    for odd in (
        b"",
        b"yesterday",
        b"Mon, 99 Foo 12345",
        b"1 Jan 2020 25:61:61 +9999",
    ):
        assert headers.date(odd) == ""


@pytest.mark.row("EML-07")
def test_limits_are_seen_before_reading() -> None:
    many_parts = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 50_000
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1500))
    cases = {
        "too_many_parts": many_parts,
        "too_many_headers": b"X: y\r\n" * 201 + b"\r\nhi",
        "header_too_long": b"Subject: " + b"x" * 70_000 + b"\r\n\r\nhi",
        "too_many_recipients": b"To: " + b"a@b.c, " * 200 + b"\r\n\r\nhi",
        "too_large": b"x" * (35 * 1024 * 1024 + 1),
        "empty": b"\r\n\r\n",
    }
    for reason, raw in cases.items():
        refused = scan(raw)
        assert refused is not None
        assert refused.reason == reason
    assert scan(nested) is not None
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(40))
    assert read_mail(b"From: a@b.c\r\n" + deep) == Quarantine("too_deep")


def test_broken_multiparts_keep_their_words() -> None:
    raw = b"From: a@b.c\r\nContent-Type: multipart/mixed; boundary=zzz\r\n\r\nno boundary here, but words\r\n"
    mail = read_mail(raw)
    assert isinstance(mail, ParsedMail)
    assert "no boundary here, but words" in mail.text
    unfinished = (
        b"From: a@b.c\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\n\r\nfirst\r\n--z\r\n\r\nsecond"
    )
    mail = read_mail(unfinished)
    assert isinstance(mail, ParsedMail)
    assert mail.text == "first\n\nsecond"


def test_similar_boundaries_are_told_apart() -> None:
    root = read(
        b"Content-Type: multipart/mixed; boundary=abc\r\n\r\n--abc\r\nContent-Type: multipart/mixed; boundary=abcd\r\n\r\n"
        b"--abcd\r\n\r\ninner\r\n--abcd--\r\n--abc\r\n\r\nouter\r\n--abc--\r\n"
    )
    assert [part.body for part in root.walk() if not part.children] == [b"inner", b"outer"]


def test_damaged_base64_gives_what_can_be_read() -> None:
    assert decode_base64(b"aGVs\r\nbG8=") == b"hello"
    assert decode_base64(b"aGVs!!bG8") == b"hello"
    assert decode_base64(b"aGk=aGk=aGk=") == b"hihihi"


def test_internal_headers_from_outside_mean_nothing() -> None:
    mail = read_mail(
        b"X-Maru-Verified: yes\r\nAuthentication-Results: mx.ours; dmarc=pass\r\nFrom: a@b.c\r\n\r\nhi", authserv_id=""
    )
    assert isinstance(mail, ParsedMail)
    assert mail.auth == {}


def test_authentication_results_count_only_on_top_and_from_our_server() -> None:
    ours = b"Authentication-Results: mx.ours; dmarc=fail header.from=b.c; spf=pass\r\n"
    forged = b"Authentication-Results: mx.ours; dmarc=pass\r\n"
    foreign = b"Authentication-Results: mx.other; dmarc=pass\r\n"
    tail = b"From: a@b.c\r\n\r\nhi"
    for head, expected in ((ours + forged, "fail"), (foreign + forged, None), (forged, "pass")):
        mail = read_mail(head + tail, authserv_id="mx.ours")
        assert isinstance(mail, ParsedMail)
        assert mail.auth.get("dmarc") == expected


@settings(max_examples=150, deadline=2000)
@given(st.binary(max_size=2000))
def test_any_bytes_are_a_mail_or_quarantine(raw: bytes) -> None:
    assert isinstance(read_mail(b"From: a@b.c\r\n" + raw), ParsedMail | Quarantine)


@settings(max_examples=100, deadline=2000)
@given(
    st.lists(
        st.sampled_from(
            [
                b"Content-Type: multipart/alternative; boundary=q\r\n",
                b"--q\r\n",
                b"--q--\r\n",
                b"\r\n",
                b"Content-Type: text/html\r\n",
                b"<p>x",
                b"=?utf-8?B?",
                b"Content-Transfer-Encoding: base64\r\n",
                b"Content-Type: message/rfc822\r\n",
                b"From: x\r\n",
                b"\xff\xfe",
                b"> quoted\r\n",
                b"-- \r\n",
                b"On Mon, Jan 1, 2024 a@b.c wrote:\r\n",
                b"Content-Disposition: attachment; filename*0*=x''%\r\n",
                b" folded\r\n",
            ]
        ),
        max_size=60,
    )
)
def test_pieces_of_mail_in_any_order(pieces: list[bytes]) -> None:
    assert isinstance(read_mail(b"From: a@b.c\r\n" + b"".join(pieces)), ParsedMail | Quarantine)


def test_a_boundary_that_the_head_does_not_name_is_found() -> None:
    for named in ("boundary=OTHER", "bo", ""):
        head = f"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; {named}\r\n\r\n"
        body = "preamble\r\n----=_x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+7ZmY67aIPC9iPg==\r\n----=_x--\r\n"
        mail = read_mail((head + body).encode())
        assert isinstance(mail, ParsedMail)
        assert mail.visible_text == "환불"
        assert "multipart without its boundary" in mail.defects


def test_a_note_that_our_mail_was_opened_is_no_message() -> None:
    raw = (
        b"From: lee@x.example\r\nSubject: Read: x\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=B1\r\n\r\n"
        b"--B1\r\nContent-Type: text/plain\r\n\r\nYour message was read.\r\n"
        b"--B1\r\nContent-Type: message/disposition-notification\r\n\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--B1--\r\n"
    )
    mail = read_mail(raw)
    assert isinstance(mail, ParsedMail)
    assert (mail.auto_kind, mail.suppress_reply) == ("auto-replied", True)


def test_an_invitation_alone_can_be_read() -> None:
    ics = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nDTSTART:19700101T000000\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:정기 점검\\, 회\r\n 의\r\nDTSTART;TZID=Asia/Seoul:20261201T100000\r\nDTEND:20261201T020000Z\r\nLOCATION:3층\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    head = "From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\n"
    mail = read_mail((head + ics).encode())
    assert isinstance(mail, ParsedMail)
    assert mail.visible_text == "정기 점검, 회의\n2026-12-01 10:00 Asia/Seoul – 2026-12-01 02:00 UTC\n3층"
    assert [part.content_type for part in mail.attachments] == ["text/calendar"]
    for broken in ("", "BEGIN:VEVENT", "BEGIN:VEVENT\r\nDTSTART:x\r\n"):
        assert isinstance(read_mail((head + broken).encode()), ParsedMail)


def test_pictures_are_counted_where_the_quotation_is_cut_off() -> None:
    html = '<p>보세요 <img src="https://x.example/mine.png"></p><blockquote type="cite"><img src="https://x.example/old.png"></blockquote>'
    for first in ("", '<blockquote type="cite"><img src="https://x.example/older.png"></blockquote>'):
        mail = read_mail(f"From: a@b.example\r\nContent-Type: text/html\r\n\r\n{first}{html}".encode())
        assert isinstance(mail, ParsedMail)
        assert mail.remote_images == ["https://x.example/mine.png"]
        assert "cid:remote-0.maru" in mail.html_visible
