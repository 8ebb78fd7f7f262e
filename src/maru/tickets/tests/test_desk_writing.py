"""Writing at the desk: replies, notes, drafts, files, registering by hand."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from maru.core.tenancy import tenant
from maru.testing.makers import make_member
from maru.tickets.models import Attachment, Draft, IntakeCategory, Message, Ticket
from maru.tickets.tests.desk import HTMX, customer_writes, fresh, picture, url


@pytest.mark.row("TKT-05")
@pytest.mark.parametrize(("button", "status"), [("open", 2), ("hold", 3), ("resolve", 6)])
def test_a_reply_sets_the_status(agent: Any, make_ticket: Any, client_of: Any, button: str, status: int) -> None:
    ticket = make_ticket()
    answer = client_of(agent).post(
        url(ticket, "/messages"), {"body": "<p>답변입니다</p>", "format": "html", "mode": "reply", "submit": button}
    )
    assert answer.status_code == 302
    after = fresh(ticket)
    assert (after.status, after.assignee_id) == (status, agent.id)


@pytest.mark.row("TKT-14")
def test_a_newer_message_stops_the_reply_and_keeps_the_text(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    seen = fresh(ticket).last_message_id
    customer_writes(ticket, "잠깐, 해결됐어요")
    given = {"body": "<p>적던 문장</p>", "format": "html", "mode": "reply", "submit": "resolve", "seen": seen}
    stop = client_of(agent).post(url(ticket, "/messages"), given, headers=HTMX)
    assert stop.status_code == 409
    assert "잠깐, 해결됐어요" in stop.content.decode()
    plain = client_of(agent).post(url(ticket, "/messages"), given)
    assert plain.status_code == 409
    page = plain.content.decode()
    assert "적던 문장" in page
    assert "잠깐, 해결됐어요" in page
    assert fresh(ticket).status != 6
    assert client_of(agent).post(url(ticket, "/messages"), given | {"anyway": "1"}).status_code == 302
    assert fresh(ticket).status == 6


def test_an_empty_reply_is_refused_and_nothing_is_lost(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    given = {"body": "", "format": "text", "mode": "reply", "submit": "open", "copies": "kim@x.example"}
    answer = client_of(agent).post(url(ticket, "/messages"), given)
    assert answer.status_code == 422
    assert "kim@x.example" in answer.content.decode()
    assert client_of(agent).post(url(ticket, "/messages"), given, headers=HTMX).status_code == 422


@pytest.mark.parametrize("copies", ["nope", "a@b", "<script>@x", "a@x.example, b"])
def test_bad_copies_are_named(agent: Any, make_ticket: Any, client_of: Any, copies: str) -> None:
    ticket = make_ticket()
    answer = client_of(agent).post(url(ticket, "/messages"), {"body": "글", "mode": "reply", "copies": copies})
    assert answer.status_code == 422
    assert "메일 주소 형식이 아닙니다" in answer.content.decode()


@pytest.mark.row("TKT-13")
def test_a_comment_mentions_members_typed_or_chosen(
    organization: Any, agent: Any, make_member: Any, make_ticket: Any, client_of: Any
) -> None:
    other = make_member("박정호")
    ticket = make_ticket()
    chosen = f'<p><span data-type="mention" data-id="{other.id}" data-label="박정호">@박정호</span> 확인 부탁</p>'
    client = client_of(agent)
    client.post(url(ticket, "/messages"), {"body": chosen, "format": "html", "mode": "note"})
    client.post(url(ticket, "/messages"), {"body": "@박정호 또", "format": "text", "mode": "note"})
    with tenant(organization.id):
        notes = list(Message.objects.filter(ticket_id=ticket.id, kind="comment").order_by("id"))
    assert [note.mentions for note in notes] == [[other.id], [other.id]]
    assert '<span class="mention">@박정호</span>' in client.get(url(ticket)).content.decode()


def test_a_foreign_members_mention_is_refused(
    agent: Any, other_organization: Any, make_ticket: Any, client_of: Any
) -> None:
    foreign = make_member(other_organization, "fremd")
    body = f'<span data-type="mention" data-id="{foreign.id}">@x</span> hallo'
    answer = client_of(agent).post(url(make_ticket()), {})
    assert answer.status_code == 405
    ticket = make_ticket()
    refused = client_of(agent).post(url(ticket, "/messages"), {"body": body, "format": "html", "mode": "note"})
    assert refused.status_code == 422


@pytest.mark.row("TKT-13")
def test_names_are_suggested(agent: Any, make_member: Any, client_of: Any) -> None:
    make_member("박정호")
    make_member("gone", state="removed")
    items = client_of(agent).get("/desk/ab/tickets/mentions?q=정").json()["items"]
    assert [item["name"] for item in items] == ["박정호"]
    assert client_of(agent).get("/desk/ab/tickets/mentions?q=gone").json()["items"] == []


@pytest.mark.row("TKT-13")
def test_a_shared_note_is_never_overwritten_unseen(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket()
    client = client_of(agent)
    client.post(url(ticket, "/note"), {"note": "동료의 메모", "version": "0"})
    late = client.post(url(ticket, "/note"), {"note": "나의 메모", "version": "0"})
    assert late.status_code == 409
    page = late.content.decode()
    assert "동료의 메모" in page
    assert "나의 메모" in page
    assert fresh(ticket).shared_note == "동료의 메모"
    assert (
        "나의 메모"
        in client.post(url(ticket, "/note"), {"note": "나의 메모", "version": "0"}, headers=HTMX).content.decode()
    )


@pytest.mark.row("TKT-05")
def test_resolving_internally_writes_no_mail(agent: Any, make_ticket: Any, client_of: Any) -> None:
    from maru.channels.models import OutgoingMail

    ticket = make_ticket(email="kim@x.example")
    with tenant(ticket.organization_id):
        before = OutgoingMail.objects.count()
    client_of(agent).post(url(ticket, "/resolve-internally"))
    assert fresh(ticket).status == 6
    with tenant(ticket.organization_id):
        assert OutgoingMail.objects.count() == before


@pytest.mark.row("TKT-05")
def test_the_preview_shows_the_mail_and_runs_nothing(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(email="kim@x.example")
    body = '<p>답변 <b>굵게</b></p><script>alert(1)</script><img src="https://track.example/x.png">'
    answer = client_of(agent).post(url(ticket, "/preview"), {"body": body, "format": "html", "submit": "resolve"})
    page = answer.content.decode()
    assert "<b>굵게</b>" in page
    assert "alert(1)" not in page
    assert "track.example" not in page
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert fresh(ticket).status == 1, "nothing was sent"


def test_a_draft_is_kept_per_member_and_goes_when_sent(
    organization: Any, agent: Any, make_member: Any, make_ticket: Any, client_of: Any
) -> None:
    other, ticket = make_member("other"), make_ticket()
    body = "<p>적던 문장</p><script>x</script>"
    client_of(agent).post(url(ticket, "/draft"), {"mode": "reply", "body": body, "format": "html"})
    with tenant(organization.id):
        assert Draft.objects.get().html == "<p>적던 문장</p>"
    assert "적던 문장" in client_of(agent).get(url(ticket)).content.decode()
    assert "적던 문장" not in client_of(other).get(url(ticket)).content.decode()
    client_of(agent).post(url(ticket, "/messages"), {"body": "보냄", "mode": "reply", "submit": "open"})
    with tenant(organization.id):
        assert not Draft.objects.exists()


@pytest.mark.row("TKT-09")
def test_a_pasted_picture_travels_inside_the_message(
    organization: Any, agent: Any, make_member: Any, make_ticket: Any, client_of: Any
) -> None:
    ticket, client = make_ticket(), client_of(agent)
    kept = client.post("/desk/ab/files", {"file": SimpleUploadedFile("그림.png", picture(), "image/png")}).json()
    assert client.get(kept["url"]).status_code == 200
    assert client_of(make_member("other")).get(kept["url"]).status_code == 404, "not yet in any message"
    body = f'<p>보세요</p><img src="{kept["url"]}" data-id="{kept["id"]}">'
    client.post(url(ticket, "/messages"), {"body": body, "format": "html", "mode": "reply", "submit": "open"})
    with tenant(organization.id):
        attachment = Attachment.objects.get()
        message = Message.objects.get(id=attachment.message_id)
    assert attachment.is_inline
    assert f"cid:{attachment.content_id}" in message.html
    assert kept["url"].split("?")[0] in client.get(url(ticket)).content.decode()
    assert client_of(make_member("third")).get(kept["url"]).status_code == 200


@pytest.mark.row("TKT-09")
def test_limits_of_files_are_told(agent: Any, make_ticket: Any, client_of: Any) -> None:
    ticket, client = make_ticket(), client_of(agent)
    many = [SimpleUploadedFile(f"{n}.txt", b"text") for n in range(6)]
    refused = client.post(url(ticket, "/messages"), {"body": "글", "mode": "reply", "files": many})
    assert refused.status_code == 422
    assert "최대 5개" in refused.content.decode()
    evil = client.post("/desk/ab/files", {"file": SimpleUploadedFile("a.exe", b"MZ\x90\x00" * 50)})
    assert evil.status_code == 422
    assert "a.exe" in evil.json()["error"]
    assert client.post("/desk/ab/files", {}).status_code == 422
    two = [SimpleUploadedFile(f"{n}.txt", b"text") for n in range(2)]
    fine = client.post(url(ticket, "/messages"), {"body": "글", "mode": "reply", "files": two})
    assert fine.status_code == 302


def test_files_of_another_tenant_do_not_exist(
    agent: Any, other_organization: Any, make_ticket: Any, client_of: Any
) -> None:
    kept = client_of(agent).post("/desk/ab/files", {"file": SimpleUploadedFile("g.png", picture())}).json()
    outsider = client_of(make_member(other_organization, "outsider"))
    assert outsider.get(kept["url"]).status_code == 404
    assert outsider.get(kept["url"].replace("/desk/ab/", "/desk/other/")).status_code == 404


@pytest.mark.row("TKT-03")
def test_staff_register_a_ticket_by_hand(organization: Any, agent: Any, client_of: Any, service: Any) -> None:
    with tenant(organization.id):
        category = IntakeCategory.objects.first()
    given = {
        "title": "전화 문의", "body": "<p>전화로 문의하셨습니다</p>", "format": "html", "service": service.id,
        "channel": "phone", "priority": 3, "category": category.id, "assignees": [agent.id], "name": "최유진",
        "phone": "010-1111-2222", "shared_note": "VIP",
    }  # fmt: skip
    client = client_of(agent)
    answer = client.post("/desk/ab/tickets/new", given)
    assert answer.status_code == 302
    with tenant(organization.id):
        ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.assignee_id, ticket.shared_note, ticket.created_by_id) == (
        "phone", agent.id, "VIP", agent.id
    )  # fmt: skip
    for wrong in (
        {"title": ""},
        {"body": ""},
        {"priority": 9},
        {"email": "x"},
        {"title": "x" * 301},
        {"assignees": [0]},
    ):
        refused = client.post("/desk/ab/tickets/new", given | wrong)
        assert refused.status_code == 422
        assert "전화" in refused.content.decode(), "what was typed is kept"
    with tenant(organization.id):
        assert Ticket.objects.count() == 1
