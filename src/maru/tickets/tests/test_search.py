"""Search in the database: what is stored, what is found, and what another organization never finds."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from maru.core.tenancy import tenant
from maru.tickets.search import index_ticket, rebuild, search
from maru.tickets.tests.search_quality import SEARCHES

Make = Callable[..., Any]


def rows(statement: str, *values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def test_finds_by_text_newest_first(organization: Any, make_ticket: Make) -> None:
    first = make_ticket(title="환불해주세요", text="어제 샀어요")
    second = make_ticket(title="문의", text="비밀번호를 초기화하고 싶어요")
    third = make_ticket(title="또 환불", text="부탁드립니다")
    assert search(organization.id, "환불") == [third.id, first.id]
    assert search(organization.id, "비밀번호 초기화") == [second.id]
    assert search(organization.id, "환불", limit=1) == [third.id]
    assert search(organization.id, "환불", before_id=third.id) == [first.id]
    assert search(organization.id, "환불 비밀번호") == []
    assert search(organization.id, "") == []
    assert search(organization.id, "!!! \x00 …") == []


def test_finds_one_letter_words(organization: Any, make_ticket: Make) -> None:
    ticket = make_ticket(title="앱 오류", text="plan B 문의")
    make_ticket(title="웹 오류", text="plan C")
    assert search(organization.id, "앱") == [ticket.id]
    assert search(organization.id, "b") == [ticket.id]


def test_finds_numbers_mails_and_phones(organization: Any, make_ticket: Make) -> None:
    ticket = make_ticket(
        title="문의", text="주문번호 ORD-20230210-0012", email="Kim@Example.com", phone="+82 10-1234-5678"
    )
    make_ticket(title="다른 문의", text="ORD-20230210-0013", email="lee@example.com", phone="010-9999-0000")
    for query in (
        ticket.number,
        ticket.number.lower(),
        f"T-{ticket.number[1:5]}-{ticket.number[5:9]}-{ticket.number[9:]}",
        "kim@example.com",
        "KIM@exam",
        "5678",
        "1234-5678",
        "010-1234-5678",
        "01012345678",
        "+82 10 1234 5678",
        "ord-20230210-0012",
        "ORD-20230210-0012",
    ):
        assert search(organization.id, query) == [ticket.id], query
    assert len(search(organization.id, "ord-20230210")) == 2


def test_a_new_message_is_appended_and_found(organization: Any, make_ticket: Make) -> None:
    ticket = make_ticket(title="문의", text="처음")
    with tenant(organization.id):
        connection.cursor().execute(
            "insert into tickets_message (organization_id, ticket_id, kind, channel, author_name, author_address,"
            " author_avatar, text, html, quoted, language, outcome, mentions, recipients, remote_images, is_automatic,"
            " is_unverified, header_id) values (%s, %s, 'comment', 'web', '', '', '', '세금계산서 재발행 kim@late.example',"
            " '', '', '', '', '[]', '[]', '[]', false, false, '')",
            [organization.id, ticket.id],
        )
        index_ticket(ticket.id)
        index_ticket(ticket.id)
        norm = rows("select norm from ticket_search where ticket_id = %s", ticket.id)[0][0]
    assert norm.count("세금계산서") == 1
    assert "  " not in norm
    assert search(organization.id, "세금계산서") == [ticket.id]
    assert search(organization.id, "kim@late.example") == [ticket.id]


def test_a_changed_title_replaces_the_old(organization: Any, make_ticket: Make) -> None:
    ticket = make_ticket(title="누전차단기", text="본문")
    with tenant(organization.id):
        type(ticket).objects.filter(id=ticket.id).update(title="수료증")
        index_ticket(ticket.id)
    assert search(organization.id, "누전차단기") == []
    assert search(organization.id, "수료증") == [ticket.id]
    assert search(organization.id, "본문") == [ticket.id]


def test_huge_text_is_clipped_and_stays_cheap(organization: Any, make_ticket: Make) -> None:
    make_ticket(title="긴 글", text="가나다 " * 30_000)
    with tenant(organization.id):
        assert rows("select max(length(norm)) from ticket_search")[0][0] <= 20_000


def test_rebuild_finds_what_was_imported(organization: Any, make_ticket: Make) -> None:
    ticket = make_ticket(title="환불", text="본문")
    with tenant(organization.id):
        rows("delete from ticket_search returning 1")
        rows("delete from ticket_ident returning 1")
        assert search(organization.id, "환불") == []
        assert rebuild() == 1
    assert search(organization.id, "환불") == [ticket.id]


def test_old_tickets_are_found_through_the_index(organization: Any, make_ticket: Make) -> None:
    """More than the 5,000 newest: the second phase."""
    old = make_ticket(title="수료증 발급", text="본문")
    newest = make_ticket(title="수료증", text="새로운")
    with tenant(organization.id):
        rows(
            "insert into tickets_ticket (organization_id, number, service_id, title, status, stage_id, is_spam, priority,"
            " channel, language, category_name, requester_name, requester_email, requester_phone, requester_company,"
            " updated_by_name, last_comment, board_rank, shared_note, shared_note_version)"
            " select organization_id, 'T' || lpad(n::text, 12, '0'), service_id, '배송', status, stage_id, false, 2, 'web',"
            " '', '', '', '', '', '', '', '', 0, '', 0 from tickets_ticket, generate_series(1, 5100) n where id = %s"
            " returning 1",
            old.id,
        )
        rows(
            "insert into ticket_search (organization_id, ticket_id, norm) select organization_id, id, ' 배송 '"
            " from tickets_ticket where title = '배송' returning 1"
        )
    assert search(organization.id, "수료증") == [newest.id, old.id]
    assert search(organization.id, "수료증", before_id=newest.id) == [old.id]
    assert search(organization.id, "누전차단기") == []


def test_frequent_words_are_found_behind_many_alike_tickets(organization: Any, make_ticket: Make) -> None:
    """A flood of alike tickets stands before everything else; older words are found by walking on, page by page."""
    old = [make_ticket(title="수료증 발급", text="본문").id for _n in range(12)]
    with tenant(organization.id):
        rows(
            "insert into tickets_ticket (organization_id, number, service_id, title, status, stage_id, is_spam, priority,"
            " channel, language, category_name, requester_name, requester_email, requester_phone, requester_company,"
            " updated_by_name, last_comment, board_rank, shared_note, shared_note_version)"
            " select organization_id, 'T' || lpad(n::text, 12, '0'), service_id, '경보', status, stage_id, false, 2, 'api',"
            " '', '', '', '', '', '', '', '', 0, '', 0 from tickets_ticket, generate_series(1, 7000) n where id = %s"
            " returning 1",
            old[0],
        )
        rows(
            "insert into ticket_search (organization_id, ticket_id, norm) select organization_id, id,"
            " case when number < 'T000000000900' then ' 세금계산서 ' else ' 경보 ' end"
            " from tickets_ticket where title = '경보' returning 1"
        )
    found = search(organization.id, "세금계산서", limit=100)
    assert len(found) == 100
    assert found == sorted(found, reverse=True)
    rest = search(organization.id, "세금계산서", before_id=found[-1], limit=1000)
    assert len(rest) == 899 - 100
    assert search(organization.id, "수료증") == old[::-1]
    assert len(search(organization.id, "경보", limit=1000)) == 1000


def test_another_organization_finds_nothing(organization: Any, other_organization: Any, make_ticket: Make) -> None:
    ticket = make_ticket(title="환불", text="본문", email="kim@example.com", phone="010-1234-5678")
    for query in ("환불", "본문", ticket.number, "kim@example.com", "5678"):
        assert search(organization.id, query) == [ticket.id]
        assert search(other_organization.id, query) == []
    assert rows("select * from find_tickets(array['환불'], null, 10, true)") == []
    with tenant(other_organization.id):
        assert rows("select 1 from ticket_search") == []
        assert rows("select 1 from ticket_ident") == []
        assert rows(f"select 1 from ticket_search_{0}") == []


def test_the_database_agrees_with_the_plan(organization: Any, make_ticket: Make) -> None:
    for each in SEARCHES[:6]:
        expected = {make_ticket(title="x", text=text).id for text in each.expected}
        forbidden = {make_ticket(title="x", text=text).id for text in each.forbidden}
        found = set(search(organization.id, each.query, limit=200))
        assert expected <= found
        assert not forbidden & found


@pytest.mark.parametrize(
    "query", ["'", "\\", "a'b | c & !d", "환불|교환", "%", "x" * 5_000, "가 " * 500, '"', '""', "\ud800", "\x00환불"]
)
def test_strange_queries_do_no_harm(organization: Any, make_ticket: Make, query: str) -> None:
    make_ticket()
    search(organization.id, query)
