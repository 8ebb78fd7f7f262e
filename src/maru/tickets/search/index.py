"""Keeping the searchable text of a ticket, in the transaction of whoever changes it."""

import re
from collections.abc import Iterable

from django.db import connection

from maru.core.tenancy import current_organization_id
from maru.tickets.models import Message, Ticket
from maru.tickets.search.idents import MOST_OF_ONE_TEXT, idents_of, phone_value
from maru.tickets.search.text import LONGEST_MESSAGE, LONGEST_TEXT, clip, normalise

_TICKET = """
select t.number, t.title, t.requester_name, t.requester_company, t.requester_email, t.requester_phone, s.upto, s.head
  from tickets_ticket t
  left join ticket_search s on s.organization_id = t.organization_id and s.ticket_id = t.id
 where t.organization_id = %s and t.id = %s
"""
_MESSAGES = """
select id, left(text, %s) from tickets_message
 where organization_id = %s and ticket_id = %s and id > %s order by id limit 200
"""
_STORE = """
with stored as (
  insert into ticket_search (organization_id, ticket_id, upto, head, norm) values (%s, %s, %s, %s, %s)
  on conflict (organization_id, ticket_id) do update
     set upto = excluded.upto, head = excluded.head, norm = excluded.norm
)
insert into ticket_ident (organization_id, value, ticket_id) select %s, v, %s from unnest(%s::text[]) v
on conflict do nothing
"""
_APPEND = """
with appended as (
  update ticket_search set upto = %s, norm = left(norm || %s, %s) where organization_id = %s and ticket_id = %s
)
insert into ticket_ident (organization_id, value, ticket_id) select %s, v, %s from unnest(%s::text[]) v
on conflict do nothing
"""
_FORGET = "delete from ticket_ident where organization_id = %s and ticket_id = %s"


def index_new_ticket(ticket: Ticket, message: Message) -> None:
    """Make a ticket that was just opened searchable, with its first message: one statement, nothing is read."""
    head = head_of(
        ticket.title, ticket.requester_name, ticket.requester_company, ticket.requester_email, ticket.requester_phone
    )
    text = message.text[:LONGEST_MESSAGE]
    found = ticket_idents(ticket.number, ticket.title, ticket.requester_email, ticket.requester_phone, [text])
    key = (ticket.organization_id, ticket.id)
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [*key, message.id, head, body_of(head, [text]), *key, sorted(found)])


def index_ticket(ticket_id: int, *, rebuild: bool = False) -> None:
    """Bring the searchable text of one ticket of the current organization up to date.

    New messages are only appended; a changed title or requester, or ``rebuild``, writes it anew. About 2 ms.
    """
    organization_id = current_organization_id()
    with connection.cursor() as cursor:
        cursor.execute(_TICKET, [organization_id, ticket_id])
        row = cursor.fetchone()
        if row is None:
            return
        number, title, name, company, email, phone, upto, old_head = row
        head = head_of(title, name, company, email, phone)
        fresh = rebuild or old_head != head
        cursor.execute(_MESSAGES, [LONGEST_MESSAGE, organization_id, ticket_id, 0 if fresh else upto])
        messages = cursor.fetchall()
        if not fresh and not messages:
            return
        last = messages[-1][0] if messages else upto or 0
        texts = [text for _id, text in messages]
        key = (organization_id, ticket_id)
        if fresh:
            if old_head is not None:
                cursor.execute(_FORGET, key)
            found = ticket_idents(number, title, email, phone, texts)
            cursor.execute(_STORE, [*key, last, head, body_of(head, texts), *key, sorted(found)])
        else:
            added = "".join(normalise(text)[1:] for text in texts)
            found = {value for text in texts for value in idents_of(text)}
            cursor.execute(_APPEND, [last, added, LONGEST_TEXT, *key, *key, sorted(found)])


def head_of(title: str, name: str, company: str, email: str, phone: str) -> str:
    """The part of the searchable text that comes from the ticket itself."""
    digits = re.sub(r"\D", "", phone)
    return normalise(" ".join([title, name, company, email, phone, digits]))


def body_of(head: str, texts: Iterable[str]) -> str:
    """The whole searchable text: title and requester first, then the messages, oldest first."""
    return clip(head + "".join(normalise(text)[1 if head else 0 :] for text in texts), LONGEST_TEXT)


def ticket_idents(number: str, title: str, email: str, phone: str, texts: Iterable[str]) -> set[str]:
    """Everything a ticket can be looked up by exactly."""
    found = {number.lower()} | idents_of(title) | idents_of(email)
    if phone:
        found.add(phone_value(phone))
    for text in texts:
        if len(found) > MOST_OF_ONE_TEXT * 2:
            break
        found |= idents_of(text)
    found.discard("~")
    return found


def rebuild(*, batch: int = 500) -> int:
    """Index every ticket of the current organization anew, after a bulk import; the number of tickets done."""
    done, last = 0, 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "select id from tickets_ticket where organization_id = %s and id > %s order by id limit %s",
                [current_organization_id(), last, batch],
            )
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return done
        for ticket_id in ids:
            index_ticket(ticket_id, rebuild=True)
        done, last = done + len(ids), ids[-1]
