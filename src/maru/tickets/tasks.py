"""Slow and timed work on tickets."""

from django.db import connection
from procrastinate.contrib.django import app

from maru.core.actors import system_actor
from maru.tickets.commands import close_silent

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
        now_closed = sum(
            close_silent(system_actor(organization_id), ticket_id=ticket_id) for organization_id, ticket_id in due
        )
        closed += now_closed
        if len(due) < SWEEP or not now_closed:
            return closed
