"""A customer's tickets, counted; and customers asked for by an address."""

from dataclasses import replace

from django.db import connection

from maru.core.actors import Actor, Permission
from maru.customers.queries import known_by
from maru.tickets.models import Status
from maru.tickets.queries.filters import Condition, Filter

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

    So his tickets are found under each of his addresses, whichever he has written from.
    """
    found: list[Condition] = []
    if not (wanted.email or wanted.phone):
        return wanted, found
    by_mail, by_phone = known_by(actor, email=wanted.email, phone=wanted.phone)
    if by_mail is not None:
        wanted = replace(wanted, email="")
        found.append(("customer_id = %s", [by_mail]))
    if by_phone is not None:
        wanted = replace(wanted, phone="")
        found.append(("customer_id = %s", [by_phone]))
    return wanted, found
