"""The message box: who finds which message, once, in his language."""

from datetime import time
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from maru.accounts.events import MemberWaiting
from maru.accounts.models import Group, GroupMember, Member
from maru.accounts.roles import member_actor
from maru.core.actors import requester_actor
from maru.core.errors import Invalid, NotFound
from maru.core.events import publish
from maru.core.models import Event
from maru.core.tenancy import tenant
from maru.notifications import commands, queries
from maru.notifications.models import Note, NotificationChoice
from maru.tickets import commands as tickets

pytestmark = pytest.mark.row("NTF-01")


def notes_of(member: Member) -> list[tuple[str, str]]:
    with tenant(member.organization_id):
        return list(Note.objects.filter(recipient_id=member.id).order_by("id").values_list("kind", "excerpt"))


def kinds_of(member: Member) -> list[str]:
    return [kind for kind, _excerpt in notes_of(member)]


def test_assignment_and_removal(admin: Member, agent: Member, make_ticket: Any) -> None:
    ticket = make_ticket()
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id, admin.id])
    tickets.unassign(member_actor(admin), ticket_id=ticket.id, member_id=agent.id)
    assert kinds_of(agent) == ["assigned", "removed"]
    assert kinds_of(admin) == []


def test_taking_a_ticket_tells_nobody(admin: Member, agent: Member, make_ticket: Any) -> None:
    ticket = make_ticket()
    tickets.take(member_actor(agent), ticket_id=ticket.id)
    assert kinds_of(agent) == kinds_of(admin) == []


def test_a_forwarded_ticket(
    organization: Any, admin: Member, agent: Member, make_member: Any, make_ticket: Any
) -> None:
    outside = make_member("outside")
    with tenant(organization.id):
        group = Group(name="환불")
        group.save()
        for member in (admin, agent):
            GroupMember(group=group, member=member).save()
    ticket = make_ticket()
    tickets.forward(member_actor(admin), ticket_id=ticket.id, group_id=group.id, comment="부탁합니다")
    assert notes_of(agent) == [("forwarded", "부탁합니다")]
    assert kinds_of(admin) == kinds_of(outside) == []


def test_comments_and_mentions(admin: Member, agent: Member, make_member: Any, make_ticket: Any) -> None:
    kim, lee = make_member("kim"), make_member("lee")
    ticket = make_ticket()
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
    tickets.comment(member_actor(admin), ticket_id=ticket.id, html="<p>확인 부탁해요</p>", mentions=[kim.id, agent.id])
    assert kinds_of(agent) == ["assigned", "mention"]
    assert notes_of(kim) == [("mention", "확인 부탁해요")]
    tickets.comment(member_actor(kim), ticket_id=ticket.id, html="<p>네</p>")
    assert kinds_of(admin) == ["comment"]
    assert kinds_of(agent) == ["assigned", "mention", "comment"]
    assert kinds_of(kim) == ["mention"]
    assert kinds_of(lee) == []


def test_a_customer_answers(organization: Any, admin: Member, agent: Member, make_ticket: Any) -> None:
    ticket = make_ticket(email="kim@example.com")
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
    customer = requester_actor(organization.id, "김서연")
    said = {"author_name": "김서연", "author_address": "kim@example.com", "channel": "web"}
    tickets.add_customer_message(customer, ticket_id=ticket.id, text="언제 되나요?", **said)
    assert notes_of(agent)[1:] == [("customer", "언제 되나요?")]
    tickets.hold_message(customer, ticket_id=ticket.id, text="누구세요", **said)
    assert kinds_of(agent)[2:] == ["customer"]
    assert kinds_of(admin) == []


def test_somebody_waits_for_approval(organization: Any, admin: Member, agent: Member, make_member: Any) -> None:
    waiting = make_member("new", state=Member.State.WAITING)
    with tenant(organization.id):
        publish(member_actor(waiting), MemberWaiting(waiting.id))
    assert kinds_of(admin) == ["approval"]
    assert kinds_of(agent) == kinds_of(waiting) == []


def test_removed_members_get_nothing(admin: Member, agent: Member, make_ticket: Any) -> None:
    ticket = make_ticket()
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
    with tenant(agent.organization_id):
        Member.objects.filter(id=agent.id).update(state=Member.State.REMOVED)
    tickets.comment(member_actor(admin), ticket_id=ticket.id, html="<p>x</p>")
    assert kinds_of(agent) == ["assigned"]


def test_each_message_once(admin: Member, agent: Member, make_ticket: Any) -> None:
    ticket = make_ticket()
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
    assert kinds_of(agent) == ["assigned"]
    with tenant(agent.organization_id):
        note = Note.objects.get()
        note.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            note.save(force_insert=True)


def test_read_one_and_all(admin: Member, agent: Member, make_ticket: Any, client_of: Any) -> None:
    for _ in range(3):
        tickets.assign(member_actor(admin), ticket_id=make_ticket().id, member_ids=[agent.id])
    client = client_of(agent)
    page = client.get("/desk/ab/messages").content.decode()
    assert "admin 님이" in page
    with tenant(agent.organization_id):
        note = Note.objects.order_by("id").first()
    answer = client.post(f"/desk/ab/messages/{note.id}/open")
    assert answer.status_code == 302
    assert "/desk/ab/tickets/T" in answer.url
    actor = member_actor(agent)
    with tenant(agent.organization_id):
        assert queries.unread_count(actor) == 2
    client.post("/desk/ab/messages/read")
    client.post("/desk/ab/messages/read")
    with tenant(agent.organization_id):
        assert queries.unread_count(actor) == 0
        assert Event.objects.filter(kind="note.read", subject_id=agent.id).count() == 2


def test_sent_messages(admin: Member, agent: Member, make_ticket: Any, client_of: Any) -> None:
    ticket = make_ticket(title="배송이 늦어요")
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
    page = client_of(admin).get("/desk/ab/messages?tab=sent").content.decode()
    assert "agent 님에게" in page
    assert "배송이 늦어요" in page
    assert "agent 님에게" not in client_of(agent).get("/desk/ab/messages?tab=sent").content.decode()


def test_pages_by_number(admin: Member, agent: Member, make_ticket: Any) -> None:
    ticket = make_ticket()
    for _ in range(queries.PAGE + 5):
        tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
        tickets.unassign(member_actor(admin), ticket_id=ticket.id, member_id=agent.id)
    actor = member_actor(agent)
    with tenant(agent.organization_id):
        first = queries.received(actor)
        second = queries.received(actor, before=first.before)
        third = queries.received(actor, before=second.before)
    ids = [line.id for page in (first, second, third) for line in page.lines]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(set(ids)) == 2 * (queries.PAGE + 5)
    assert third.before is None


@pytest.mark.parametrize("language", ["ko", "ja", "en"])
def test_sentences_in_every_language(language: str, admin: Member, agent: Member, make_ticket: Any) -> None:
    from maru.notifications import words

    with translation.override(language):
        for kind in Note.Kind.values:
            for is_sent in (False, True):
                said = words.sentence(kind, "Kim", is_sent=is_sent)
                assert "Kim" in said
                assert "%" not in said
                assert (language == "en") == said.isascii()


def test_not_for_others(
    organization: Any,
    other_organization: Any,
    admin: Member,
    agent: Member,
    make_member: Any,
    make_ticket: Any,
    client_of: Any,
) -> None:
    ticket = make_ticket()
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
    with tenant(organization.id):
        note = Note.objects.get()
    stranger = make_member("stranger", organization=other_organization)
    for slug, person in (("ab", admin), ("ab", stranger), ("other", stranger)):
        assert client_of(person).post(f"/desk/{slug}/messages/{note.id}/open").status_code == 404
    for person in (admin, stranger):
        with pytest.raises(NotFound), tenant(person.organization_id):
            queries.get_note_for(member_actor(person), note.id)
    assert client_of(stranger).get("/desk/ab/messages").status_code == 404
    assert kinds_of(stranger) == []


def test_without_tickets_no_words_of_tickets(organization: Any, admin: Member, agent: Member, make_ticket: Any) -> None:
    ticket = make_ticket()
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
    with tenant(organization.id):
        Member.objects.filter(id=agent.id).update(works_tickets=False)
        agent.refresh_from_db()
        actor = member_actor(agent)
        assert queries.unread_count(actor) == 0
        assert queries.received(actor).lines == []


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣"])
def test_odd_page_numbers(agent: Member, client_of: Any, before: str) -> None:
    assert client_of(agent).get("/desk/ab/messages", {"before": before}).status_code == 200


@pytest.mark.row("NTF-02")
def test_choices(admin: Member, agent: Member, make_ticket: Any, client_of: Any) -> None:
    client = client_of(agent)
    on = [kind for kind in Note.Kind.values if kind not in ("assigned", "approval")]
    said = {"bell": on, "desktop": [*on, "assigned"], "quiet_from": "22:00", "quiet_until": "08:00"}
    assert client.post("/desk/ab/messages/settings", said).status_code == 302
    with tenant(agent.organization_id):
        choice = NotificationChoice.objects.get()
        assert (choice.no_bell, choice.no_desktop) == (["assigned"], [])
    ticket = make_ticket()
    tickets.assign(member_actor(admin), ticket_id=ticket.id, member_ids=[agent.id])
    tickets.comment(member_actor(admin), ticket_id=ticket.id, html="<p>x</p>")
    with tenant(agent.organization_id):
        unread = Note.objects.filter(read_at__isnull=True).values_list("kind", flat=True)
        assert list(unread) == ["comment"]
    assert kinds_of(agent) == ["assigned", "comment"]
    page = client.get("/desk/ab/messages/settings").content.decode()
    assert 'value="22:00"' in page
    assert "승인" not in page


@pytest.mark.row("NTF-02")
@pytest.mark.parametrize(
    "said", [{"quiet_from": "22:00"}, {"quiet_from": "25:99", "quiet_until": "x"}, {"bell": "nonsense"}]
)
def test_bad_choices_are_told_beside_the_field(agent: Member, client_of: Any, said: dict[str, str]) -> None:
    answer = client_of(agent).post("/desk/ab/messages/settings", said)
    assert answer.status_code == 422
    with tenant(agent.organization_id):
        assert not NotificationChoice.objects.exists()


@pytest.mark.row("NTF-02")
def test_half_an_end_of_quiet_hours(agent: Member) -> None:
    with pytest.raises(Invalid):
        commands.choose(member_actor(agent), no_bell=[], no_desktop=[], quiet_from=time(22))


@pytest.mark.row("NTF-02")
@pytest.mark.parametrize(
    ("start", "end", "now", "quiet"),
    [
        (time(22), time(8), time(23), True),
        (time(22), time(8), time(7, 59), True),
        (time(22), time(8), time(8), False),
        (time(12), time(13), time(12, 30), True),
        (time(12), time(13), time(13), False),
        (time(9), time(9), time(9), False),
        (None, None, time(3), False),
    ],
)
def test_quiet_hours(start: time | None, end: time | None, now: time, quiet: bool) -> None:
    assert queries.is_quiet(NotificationChoice(quiet_from=start, quiet_until=end), now) is quiet


@pytest.mark.row("NTF-02")
def test_the_list_says_what_may_open_on_the_desktop(
    admin: Member, agent: Member, make_ticket: Any, client_of: Any
) -> None:
    tickets.assign(member_actor(admin), ticket_id=make_ticket().id, member_ids=[agent.id])
    client = client_of(agent)
    page = client.get("/desk/ab/messages/newest").content.decode()
    assert "data-note=" in page
    assert "data-quiet" not in page
    commands.choose(member_actor(agent), no_bell=[], no_desktop=["assigned"])
    assert "data-quiet" in client.get("/desk/ab/messages/newest").content.decode()


def test_a_full_box_costs_no_more_than_an_empty_one(
    agent: Member, client_of: Any, django_assert_max_num_queries: Any
) -> None:
    actor = member_actor(agent)
    with tenant(agent.organization_id):
        own = {"organization_id": agent.organization_id, "recipient": agent, "kind": Note.Kind.COMMENT}
        rows = [Note(event_id=10**9 + n, **own) for n in range(10_000)]
        Note.objects.bulk_create(rows, batch_size=2000)
        assert queries.unread_count(actor) == 10_000
        assert queries.unread_count(actor, most=100) == 100
    client = client_of(agent)
    page = client.get("/desk/ab/messages").content.decode()
    assert "99+" in page
    with django_assert_max_num_queries(14):
        assert client.get("/desk/ab/messages").status_code == 200
    with tenant(agent.organization_id):
        first = queries.received(actor)
        second = queries.received(actor, before=first.before)
    assert len({line.id for line in [*first.lines, *second.lines]}) == 2 * queries.PAGE
    assert client.post("/desk/ab/messages/read").status_code == 302
    with tenant(agent.organization_id):
        assert queries.unread_count(actor) == 0
