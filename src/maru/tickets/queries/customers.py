"""A customer's tickets, counted; and customers asked for by an address."""

from dataclasses import replace

from django.db import connection

from maru.core.actors import Actor, Permission
from maru.customers.queries import known_by
from maru.tickets.models import Status
from maru.tickets.queries.filters import Condition, Filter
from maru.tickets.search.idents import phone_value
from maru.tickets.search.text import fold

CAP = 1000


def ticket_counts(actor: Actor, customer_id: int) -> dict[Status, int]:
    """How many of the customer's newest :data:`CAP` tickets stand in each status; spam is left out."""
    actor.require(Permission.TICKET_VIEW)
    with connection.cursor() as cursor:
        cursor.execute(
            "select status, count(*) from (select status from tickets_ticket where organization_id = %s "
            "and customer_id = %s and not is_spam order by id desc limit %s) t group by status order by status",
            [actor.organization_id, customer_id, CAP],
        )
        return {Status(status): count for status, count in cursor.fetchall()}


def by_customer(actor: Actor, wanted: Filter) -> tuple[Filter, list[Condition]]:
    """Ask for a customer where a whole mail address or phone number names one, instead of for words.

    So his tickets are found under each of his addresses, whichever he has written from; and beside them those that carry
    just this value and belong to somebody else, as when a colleague gave the same phone.
    """
    found: list[Condition] = []
    if not (wanted.email or wanted.phone):
        return wanted, found
    by_mail, by_phone = known_by(actor, email=wanted.email, phone=wanted.phone)
    if by_mail is not None:
        mail = fold(wanted.email).strip()
        # Asked of the requester: an address somewhere in a text is what words are for.
        carrying = f"{_CARRYING} and lower(requester_email) = %s"
        found.append((f"(customer_id = %s or {carrying})", [by_mail, actor.organization_id, mail, CAP, mail]))
        wanted = replace(wanted, email="")
    if by_phone is not None:
        value = phone_value(fold(wanted.phone))
        found.append((f"(customer_id = %s or {_CARRYING})", [by_phone, actor.organization_id, value, CAP]))
        wanted = replace(wanted, phone="")
    return wanted, found


# As an array, so that the planner can put two index look-ups together.
_CARRYING = (
    "id = any(array(select ticket_id from ticket_ident where organization_id = %s and value = %s"
    " order by ticket_id desc limit %s))"
)
