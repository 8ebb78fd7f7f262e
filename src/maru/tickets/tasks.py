"""Slow and timed work on tickets."""

import logging
from contextlib import suppress

from django.db import connection
from procrastinate.contrib.django import app

from maru.accounts.models import Member
from maru.accounts.roles import permissions_of
from maru.core.actors import Permission, system_actor
from maru.core.errors import MaruError, NotFound
from maru.core.tenancy import tenant
from maru.tickets.commands import close_silent, unassign

log = logging.getLogger("maru.tickets")

SWEEP = 500


@app.periodic(cron="* * * * *")
@app.task(queue="sweepers", queueing_lock="close_silent_tickets", name="tickets.close_silent_tickets")
def close_silent_tickets(timestamp: int) -> int:
    """Close resolved tickets whose time has come; returns how many. Safe to run twice or late."""
    closed = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute("select organization_id, id from tickets_close_due(%s)", [SWEEP])
            due = cursor.fetchall()
        now_closed = sum(_close(organization_id, ticket_id) for organization_id, ticket_id in due)
        closed += now_closed
        if len(due) < SWEEP or not now_closed:
            return closed


def _close(organization_id: int, ticket_id: int) -> bool:
    """One ticket that cannot be closed must not keep all others, of all organizations, open."""
    try:
        return close_silent(system_actor(organization_id), ticket_id=ticket_id)
    except MaruError as error:
        log.warning("ticket %s could not be closed: %s", ticket_id, type(error).__name__)
        return False


@app.task(queue="chores", name="tickets.release_member")
def release_member(organization_id: int, member_id: int) -> int:
    """Take a member who works here no more off his open tickets; returns how many. Safe to run twice.

    Finished tickets keep him in their history; one that a customer reopens looks for its agent anew.
    """
    released = 0
    while batch := _open_tickets_of(organization_id, member_id):
        for ticket_id in batch:
            with suppress(NotFound):
                unassign(system_actor(organization_id), ticket_id=ticket_id, member_id=member_id)
                released += 1
    return released


def _open_tickets_of(organization_id: int, member_id: int) -> list[int]:
    with tenant(organization_id):
        member = Member.objects.filter(id=member_id).first()
        if member is None or Permission.TICKET_HANDLE in permissions_of(member):
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                "select a.ticket_id from tickets_assignment a where a.organization_id = %(org)s and a.member_id = %(member)s"
                " and exists (select from tickets_ticket t where t.organization_id = %(org)s and t.id = a.ticket_id"
                " and t.status < 6) order by a.ticket_id limit %(limit)s",
                {"org": organization_id, "member": member_id, "limit": SWEEP},
            )
            return [row[0] for row in cursor.fetchall()]
