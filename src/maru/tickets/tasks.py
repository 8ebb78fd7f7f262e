"""Slow and timed work on tickets."""

import logging
from contextlib import suppress

from django.db import IntegrityError, connection
from django.db.models.functions import Now
from procrastinate.contrib.django import app

from maru.accounts.models import Member
from maru.accounts.roles import permissions_of
from maru.core.actors import Permission, system_actor
from maru.core.errors import MaruError, NotFound
from maru.core.tenancy import tenant
from maru.tickets.commands import close_silent, unassign
from maru.tickets.commands.pictures import forget_pictures, keep_pictures
from maru.tickets.fetching import fetch
from maru.tickets.models import RemotePicture, Ticket
from maru.tickets.trees import HANDLING, INTAKE, Tree

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


@app.task(queue="chores", name="tickets.settle_intake_category")
def settle_intake_category(organization_id: int, intake_category_id: int) -> int:
    """:func:`settle` for an intake category."""
    return settle(INTAKE, organization_id, intake_category_id)


@app.task(queue="chores", name="tickets.settle_handling_category")
def settle_handling_category(organization_id: int, handling_category_id: int) -> int:
    """:func:`settle` for a handling category."""
    return settle(HANDLING, organization_id, handling_category_id)


def settle_later(key: str, organization_id: int, category_id: int) -> None:
    """Have tickets follow a renamed or deleted category of the tree ``key``, one job for each category at a time."""
    lock = f"{key}-category-{category_id}"
    if key == INTAKE.key:
        settle_intake_category.configure(lock=lock).defer(
            organization_id=organization_id, intake_category_id=category_id
        )
    else:
        settle_handling_category.configure(lock=lock).defer(
            organization_id=organization_id, handling_category_id=category_id
        )


def settle(tree: Tree, organization_id: int, category_id: int) -> int:
    """Write a category's name into the tickets that have it; take a deleted one, and all below it, off the tickets.

    Works in steps of :data:`SWEEP` tickets, each a transaction; the row of a deleted category goes last. Returns how many
    tickets were changed. Safe to run twice, and to be killed between.
    """
    with tenant(organization_id):
        going = _deleted_below(tree, category_id)
    changed = sum(_follow(tree, organization_id, each) for each in going or [category_id])
    for each in going:
        try:
            with tenant(organization_id):
                tree.model.with_deleted.filter(id=each).delete()
        except IntegrityError:
            # Somebody has just given it to one more ticket: the next round takes it off there too.
            settle_later(tree.key, organization_id, category_id)
            break
    return changed


def _deleted_below(tree: Tree, category_id: int) -> list[int]:
    """A deleted category and everything below it, children first; nothing when it stands."""
    rows = tree.model.with_deleted.filter(deleted_at__isnull=False).values_list("id", "parent_id")
    parents = dict(rows)
    going = [category_id] if category_id in parents else []
    for parent in going:
        going += [child for child, above in parents.items() if above == parent]
    return going[::-1]


def _follow(tree: Tree, organization_id: int, category_id: int) -> int:
    changed = last = 0
    while True:
        with tenant(organization_id):
            category = tree.model.with_deleted.filter(id=category_id).first()
            if category is None:
                return changed
            # Onwards from where the step before ended; a look from the beginning would read all that is done already.
            tickets = Ticket.objects.filter(**{f"{tree.column}_id": category_id, "id__gt": last})
            values: dict[str, object] = {tree.name_column: category.name}
            if category.deleted_at is None:
                tickets = tickets.exclude(**{tree.name_column: category.name})
            else:
                values[tree.column] = None
            # Locked in the order of ids, as everybody does who takes several.
            some = list(tickets.order_by("id").select_for_update(no_key=True).values_list("id", flat=True)[:SWEEP])
            changed += Ticket.objects.filter(id__in=some).update(**values)
        if len(some) < SWEEP:
            return changed
        last = some[-1]


@app.task(queue="pictures", name="tickets.fetch_pictures")
def fetch_pictures(organization_id: int, message_id: int) -> int:
    """Fetch what readers want to see of a message; returns how many were had. Safe to run twice.

    Each is kept as soon as it is there, so that a slow one hides no other.
    """
    wanted, addresses = _wanted_pictures(organization_id, message_id)
    had = 0
    for digest, content in fetch(addresses):
        had += bool(content)
        drawn = {position: content for position, its in wanted.items() if its == digest}
        keep_pictures(system_actor(organization_id), message_id=message_id, drawn=drawn)
    return had


def _wanted_pictures(organization_id: int, message_id: int) -> tuple[dict[int, str], dict[str, str]]:
    """Digests of what waits by position, and the addresses that nobody here has fetched yet by digest."""
    with tenant(organization_id):
        waiting = list(
            RemotePicture.objects.filter(message_id=message_id, state=RemotePicture.State.WAITING)
            .select_related("message")
            .order_by("position")
        )
        wanted = {row.position: row.address_digest for row in waiting}
        named = {row.address_digest: row.message.remote_images[row.position] for row in waiting}
        # The letterhead of a correspondent comes with each of his mails; it is fetched once in a week.
        known = dict(
            RemotePicture.objects.filter(
                address_digest__in=named, state=RemotePicture.State.READY, expires_at__gt=Now()
            )
            .order_by("address_digest", "-id")
            .distinct("address_digest")
            .values_list("address_digest", "content")
        )
        for position, digest in wanted.items():
            if digest in known:
                content = bytes(known[digest])
                keep_pictures(system_actor(organization_id), message_id=message_id, drawn={position: content})
    return wanted, {digest: address for digest, address in named.items() if digest not in known}


@app.periodic(cron="7 * * * *")
@app.task(queue="sweepers", queueing_lock="forget_pictures", name="tickets.forget_old_pictures")
def forget_old_pictures(timestamp: int) -> int:
    """Throw away fetched pictures whose time is over; returns how many. Safe to run twice or late."""
    gone = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute("select organization_id, id from tickets_pictures_expired(%s)", [SWEEP])
            due: dict[int, list[int]] = {}
            for organization_id, picture_id in cursor.fetchall():
                due.setdefault(organization_id, []).append(picture_id)
        now_gone = sum(
            forget_pictures(system_actor(organization_id), picture_ids=ids) for organization_id, ids in due.items()
        )
        gone += now_gone
        if not now_gone:
            return gone
