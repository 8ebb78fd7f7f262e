"""Writes of the message box."""

from collections.abc import Collection, Iterable
from datetime import time

from django.utils import timezone
from django.utils.translation import gettext as _

from maru.accounts.models import Member
from maru.core.actors import Actor, ActorKind
from maru.core.commands import command
from maru.core.errors import Forbidden, Invalid
from maru.core.events import Published, publish
from maru.notifications.events import NotesRead
from maru.notifications.models import Note, NotificationChoice
from maru.notifications.queries import get_note_for

EXCERPT = 300


def write_notes(
    published: Published, kind: Note.Kind, recipients: Iterable[int | None], *, ticket_id: int | None, excerpt: str = ""
) -> list[Note]:
    """One note of ``kind`` for each active member among ``recipients`` but the one who acted.

    Part of the transaction that wrote the event; the database refuses a second note of one event, kind and member.
    Who does not want to hear of this kind gets it as already read.
    """
    actor = published.actor
    sender = actor.member_id if actor.kind is ActorKind.MEMBER else None
    wanted = {one for one in recipients if one} - {sender}
    if not wanted:
        return []
    active = sorted(Member.objects.filter(id__in=wanted, state=Member.State.ACTIVE).values_list("id", flat=True))
    chosen = NotificationChoice.objects.filter(member_id__in=active)
    silent = {choice.member_id for choice in chosen if kind.value in choice.no_bell}
    now = timezone.now()
    return Note.bulk(
        [
            Note(
                kind=kind,
                recipient_id=member_id,
                sender_id=sender,
                sender_name=actor.name[:100],
                ticket_id=ticket_id,
                excerpt=" ".join(excerpt.split())[:EXCERPT],
                event_id=published.id,
                read_at=now if member_id in silent else None,
            )
            for member_id in active
        ]
    )


def _me(actor: Actor) -> int:
    if actor.member_id is None:
        raise Forbidden()
    return actor.member_id


@command
def mark_read(actor: Actor, *, note_id: int) -> Note:
    """Read one note; again does nothing. Raises NotFound for anybody else's."""
    member_id = _me(actor)
    note = get_note_for(actor, note_id)
    if note.read_at is None:
        note.read_at = timezone.now()
        note.save(update_fields=["read_at"])
        publish(actor, NotesRead(member_id))
    return note


@command
def mark_all_read(actor: Actor) -> int:
    """Read everything received; returns how many notes were new."""
    member_id = _me(actor)
    changed: int = Note.objects.filter(recipient_id=member_id, read_at__isnull=True).update(read_at=timezone.now())
    if changed:
        publish(actor, NotesRead(member_id))
    return changed


@command
def choose(
    actor: Actor,
    *,
    no_bell: Collection[str],
    no_desktop: Collection[str],
    quiet_from: time | None = None,
    quiet_until: time | None = None,
) -> NotificationChoice:
    """Keep how the actor wants to hear of notes; unknown kinds are dropped.

    Raises Invalid (``quiet_until``) when only one end of the quiet hours is given.
    """
    member_id = _me(actor)
    if (quiet_from is None) != (quiet_until is None):
        raise Invalid({"quiet_until": _("Give both the beginning and the end, or neither.")})
    values = {
        "no_bell": [kind for kind in Note.Kind.values if kind in no_bell],
        "no_desktop": [kind for kind in Note.Kind.values if kind in no_desktop],
        "quiet_from": quiet_from,
        "quiet_until": quiet_until,
    }
    choice: NotificationChoice
    choice, _is_new = NotificationChoice.objects.update_or_create(
        organization_id=actor.organization_id, member_id=member_id, defaults=values
    )
    return choice
