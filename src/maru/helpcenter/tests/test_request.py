"""The request form: good, bad, twice, by robots."""

import base64
import hashlib
import html
import json
import re
from typing import Any

import pytest
from django.test import Client

from maru.core.models import StoredFile
from maru.core.tenancy import tenant
from maru.helpcenter.tests.conftest import GOOD, old_stamp, stamp_of, text_file, tickets_of
from maru.tickets.models import Attachment, IntakeCategory, Message, Status


@pytest.mark.row("HLP-01", "TKT-01")
def test_a_request_becomes_a_ticket(organization: Any, invited: Client, send: Any) -> None:
    with tenant(organization.id):
        category = IntakeCategory.objects.order_by("order").first()
    answer = send(
        invited, email="Seoyeon@ObjectLab.kr", phone="010-1234-5678", company="오브젝트랩", category=str(category.id)
    )
    (ticket,) = tickets_of(organization)
    assert answer.status_code == 302
    assert (ticket.title, ticket.requester_name) == (GOOD["title"], "김서연")
    assert (ticket.requester_email, ticket.requester_phone) == ("seoyeon@objectlab.kr", "010-1234-5678")
    assert (ticket.channel, ticket.language, ticket.status) == ("web", "ko", Status.NEW)
    assert ticket.category_id == category.id
    page = invited.get(answer.headers["Location"]).content.decode()
    shown = f"T-{ticket.number[1:5]}-{ticket.number[5:9]}-{ticket.number[9:]}"
    assert "등록되었습니다" in page
    assert shown in page
    assert f"/ab/status/{shown}" in page
    # The address is only claimed: the page holds no proof that would open the conversation.
    assert "?k=" not in page
    assert invited.get(answer.headers["Location"]).status_code == 200
    with tenant(organization.id):
        assert "종이가 걸립니다." in Message.objects.get().text


def test_without_an_address_the_sender_gets_his_own_link(organization: Any, invited: Client, send: Any) -> None:
    page = invited.get(send(invited).headers["Location"]).content.decode()
    link = re.search(r'href="(/ab/status/T-[^"]+\?k=[^"]+)"', page)
    assert link
    assert GOOD["title"] in Client().get(link[1]).content.decode()


def test_sent_twice_is_one_ticket(organization: Any, invited: Client, send: Any) -> None:
    stamp = stamp_of(invited.get("/ab/request"))
    first, second = send(invited, stamp=stamp), send(invited, stamp=stamp, title="다시")
    assert first.headers["Location"] == second.headers["Location"]
    assert len(tickets_of(organization)) == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "이름을 입력해 주세요."),
        ("name", None, "이름을 입력해 주세요."),
        ("name", "\u200b\u202e\u2060", "이름을 입력해 주세요."),
        ("name", "가" * 101, "100자까지 입력할 수 있습니다. (현재 101자)"),
        ("title", "", "제목을 입력해 주세요."),
        ("title", "제" * 301, "300자까지"),
        ("content", "", "내용을 입력해 주세요."),
        ("content", " \n\u200b\n ", "내용을 입력해 주세요."),
        ("content", "a" * 100_001, "100,000자까지"),
        ("email", "nobody", "이메일 주소를 확인해 주세요."),
        ("email", "a@b@c.kr", "이메일 주소를 확인해 주세요."),
        ("email", "a@b.kr\nBcc: x@y.kr", "이메일 주소를 확인해 주세요."),
        ("email", "a@b.kr,c@d.kr", "이메일 주소를 확인해 주세요."),
        ("phone", "없음", "전화번호를 확인해 주세요."),
        ("phone", "1" * 41, "40자까지"),
        ("company", "회" * 101, "100자까지"),
        ("category", "999999", "목록에서 접수유형을 선택해 주세요."),
        ("category", "' or 1=1", "목록에서 접수유형을 선택해 주세요."),
        ("consent", None, "동의하셔야 접수할 수 있습니다."),
    ],
)
def test_bad_fields_say_so_and_lose_nothing(
    organization: Any, invited: Client, send: Any, field: str, value: str | None, words: str
) -> None:
    answer = send(invited, **{"company": "유지회사", **{field: value}})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in html.unescape(page)
    for name, typed in GOOD.items():
        if name not in (field, "consent"):
            assert html.escape(typed) in page
    if field != "company":
        assert "유지회사" in page
    assert not tickets_of(organization)


def test_another_organizations_category(organization: Any, other_organization: Any, invited: Client, send: Any) -> None:
    with tenant(other_organization.id):
        foreign = IntakeCategory.objects.first()
    assert send(invited, category=str(foreign.id)).status_code == 422
    assert not tickets_of(organization)


def test_a_category_that_is_not_public_and_its_children(organization: Any, invited: Client, send: Any) -> None:
    with tenant(organization.id):
        inner = IntakeCategory(name="INTERNAL", is_public=False)
        inner.save()
        child = IntakeCategory(name="CHILD-OF-INTERNAL", parent=inner)
        child.save()
    page = invited.get("/ab/request").content.decode()
    assert "INTERNAL" not in page
    assert send(invited, category=str(child.id)).status_code == 422


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7*7 }}{% include '/etc/passwd' %}",
        "a\u202egnp.exe",
        "z\u200be\u200br\u200bo",
        "👨‍👩‍👧‍👦 이모지 🇰🇷",
        "null\0byte",
        "=cmd|' /C calc'!A0",
    ],
)
def test_hostile_text_is_only_text(organization: Any, invited: Client, send: Any, hostile: str) -> None:
    shown = send(invited, name=None, title=hostile, content=hostile).content.decode()
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert send(invited, title=f"x {hostile}", content=f"x {hostile}").status_code == 302
    (ticket,) = tickets_of(organization)
    assert not set("\0\u202e\u200b") & set(ticket.title)
    with tenant(organization.id):
        message = Message.objects.get()
        assert "<script" not in message.html
        assert "\u202e" not in message.text


def test_ten_thousand_lines(organization: Any, invited: Client, send: Any) -> None:
    assert send(invited, content="줄\n" * 10_000).status_code == 302
    assert len(tickets_of(organization)) == 1


@pytest.mark.row("TKT-09")
def test_files_are_attached(organization: Any, invited: Client, send: Any) -> None:
    page = invited.get("/ab/request").content.decode()
    assert "10 MB" in page
    assert ".hwpx" in page
    assert send(invited, files=[text_file(), text_file("b.txt")]).status_code == 302
    with tenant(organization.id):
        assert Attachment.objects.count() == 2
        assert all(stored.attached for stored in StoredFile.objects.all())


@pytest.mark.row("TKT-09")
def test_files_survive_a_mistake_elsewhere(organization: Any, invited: Client, send: Any) -> None:
    page = send(invited, title="", files=[text_file("keep.txt"), text_file("drop.txt")]).content.decode()
    tokens = re.findall(r'name="kept" value="([^"]+)"', page)
    assert "keep.txt" in page
    assert len(tokens) == 2
    assert send(invited, kept=[tokens[0]], files=[text_file("new.txt")]).status_code == 302
    with tenant(organization.id):
        names = {StoredFile.objects.get(id=row.file_id).name for row in Attachment.objects.all()}
    assert names == {"keep.txt", "new.txt"}


@pytest.mark.row("TKT-09")
def test_bad_files_are_named_and_good_ones_kept(organization: Any, invited: Client, send: Any) -> None:
    bad = [text_file("a.exe", b"MZ"), text_file("page.pdf", b"<html>"), text_file("empty.txt", b"")]
    page = send(invited, files=[text_file("good.txt"), *bad]).content.decode()
    for name in ("a.exe", "page.pdf", "empty.txt"):
        assert name in page
    assert len(re.findall(r'name="kept"', page)) == 1
    assert not tickets_of(organization)
    many = send(invited, files=[text_file(f"{number}.txt") for number in range(6)])
    assert "파일은 5개까지 첨부할 수 있습니다." in many.content.decode()
    assert send(invited, files=[text_file(f"{number}.txt") for number in range(30)]).status_code == 413


def test_kept_files_of_others_cannot_be_taken(
    organization: Any, other_organization: Any, invited: Client, send: Any, make_ticket: Any
) -> None:
    from maru.core.actors import requester_actor
    from maru.core.files import any_file, store_file

    foreign = store_file(requester_actor(other_organization.id, ""), name="x.txt", source=b"x", allowed=any_file())
    used = store_file(requester_actor(organization.id, ""), name="y.txt", source=b"y", allowed=any_file())
    make_ticket(file_ids=[used.id])
    for token in (foreign.token, used.token, "", "x" * 500, used.token[:10], "\0" * 30, "é" * 30):
        send(invited, kept=[token])
    with tenant(organization.id):
        assert Attachment.objects.count() == 1


def test_a_form_that_lay_open_while_the_gate_closed(organization: Any, invited: Client, send: Any) -> None:
    stamp = stamp_of(invited.get("/ab/request"))
    invited.cookies.clear()
    answer = send(invited, stamp=stamp)
    assert "회사코드를 입력해 주세요." in answer.content.decode()
    assert GOOD["title"] in answer.content.decode()
    assert "회사코드를 잘못 입력했습니다" in send(invited, stamp=stamp, code="CP1").content.decode()
    answer = send(invited, stamp=stamp, code=organization.company_code)
    assert answer.status_code == 302
    assert "maru_code" in answer.cookies
    assert len(tickets_of(organization)) == 1


def test_robots(organization: Any, invited: Client, send: Any) -> None:
    for answer in (
        send(invited, website="http://spam.example"),
        send(invited, stamp="nonsense"),
        send(invited, stamp=old_stamp(f"request.{organization.id + 1}", 60)),
    ):
        assert answer.status_code == 422
        assert GOOD["content"].split("\n")[1] in answer.content.decode()
    assert not tickets_of(organization)


def test_faster_than_people(organization: Any, invited: Client) -> None:
    stamp = stamp_of(invited.get("/ab/request"))
    answer = invited.post("/ab/request", {**GOOD, "stamp": stamp})
    assert "너무 빨리 전송되었습니다." in answer.content.decode()
    assert invited.post("/ab/request", {**GOOD, "stamp": old_stamp(f"request.{organization.id}", 5)}).status_code == 302


def solve(page: str) -> str:
    found = re.search(r"data-challenge='([^']+)'", page)
    assert found
    challenge = json.loads(html.unescape(found[1]))
    for number in range(challenge["maxNumber"] + 1):
        if hashlib.sha256(f"{challenge['salt']}{number}".encode()).hexdigest() == challenge["challenge"]:
            challenge["number"] = number
            return base64.b64encode(json.dumps(challenge).encode()).decode()
    raise AssertionError("no solution")


def test_work_is_asked_when_it_gets_hot(
    organization: Any, invited: Client, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maru.core.robots.WORK", 500)
    monkeypatch.setattr("maru.core.robots.HOT_NETWORK", 3)
    for _time in range(2):
        assert send(invited).status_code == 302
    hot = send(invited)
    assert hot.status_code == 422
    assert GOOD["title"] in hot.content.decode()
    assert "help@ab." in hot.content.decode()
    solved = solve(hot.content.decode())
    assert send(invited, altcha=solved, stamp=stamp_of(hot)).status_code == 302
    assert send(invited, altcha=solved).status_code == 422
    for forged in (
        "",
        "x",
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b'{"algorithm":1}').decode(),
        "A" * 9000,
    ):
        assert send(invited, altcha=forged).status_code == 422
    elsewhere = Client(headers={"accept-language": "ko"}, REMOTE_ADDR="198.51.100.9")
    elsewhere.post("/ab", {"code": organization.company_code})
    assert send(elsewhere).status_code == 302


def test_limits_keep_what_was_typed(
    organization: Any, invited: Client, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maru.helpcenter.thresholds.FORMS_OF_ADDRESS", (2, 3600))
    for _time in range(2):
        assert send(invited, email="kim+1@example.com").status_code == 302
    stopped = send(invited, email="KIM@example.com")
    assert stopped.status_code == 429
    assert int(stopped.headers["Retry-After"]) > 0
    assert GOOD["title"] in stopped.content.decode()
    assert send(invited, email="lee@example.com").status_code == 302


def test_mail_to_strangers(organization: Any, other_organization: Any, make_ticket: Any) -> None:
    from maru.tickets.queries.strangers import may_mail_stranger

    make_ticket(email="written@example.com", channel="email")
    with tenant(organization.id):
        assert may_mail_stranger("victim@example.com")
        assert not may_mail_stranger("Victim+2@example.com")
        assert may_mail_stranger("Written@example.com")
        assert may_mail_stranger("written@example.com")
    with tenant(other_organization.id):
        assert not may_mail_stranger("victim@example.com")


def test_nobody_reads_anothers_thanks(organization: Any, other_organization: Any, invited: Client, send: Any) -> None:
    location = send(invited).headers["Location"]
    assert invited.get(location.replace("/ab/", "/other/")).status_code == 404
    for guess in ("guess", "%00", "x" * 500, "%F0%9F%98%80"):
        assert invited.get(f"/ab/request/done/{guess}").status_code == 404


def test_questions_to_the_database(
    organization: Any, invited: Client, send: Any, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(8):
        stamp = stamp_of(invited.get("/ab/request"))
    with django_assert_max_num_queries(75):
        send(invited, stamp=stamp)
