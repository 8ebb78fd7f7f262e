"""Pictures that a message names elsewhere: asked for by a reader, fetched by a job, forgotten after a while."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db.models import F, Sum, Window
from django.db.models.functions import Length, Now

from maru.core import audit
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.core.errors import NotFound
from maru.core.events import publish
from maru.core.html import remote_positions
from maru.core.ids import new_token
from maru.tickets.events import PicturesAsked
from maru.tickets.models import Message, RemotePicture

#: More than any letter needs; a message that names more shows its first ones.
MOST = 60
#: Of one organization. Beyond it the oldest go early, so that nobody fills the disk of all.
MOST_KEPT = 5000
MOST_KEPT_BYTES = 100 * 1024 * 1024
KEPT = timedelta(days=7)
#: What could not be fetched is soon worth another try.
KEPT_FAILED = timedelta(hours=1)


@command
def ask_for_pictures(actor: Actor, *, message_id: int) -> int:
    """Note that this message's pictures are wanted, for everybody who reads the ticket; the event has them fetched.

    Returns how many are still to be fetched: 0 when all are there already, so that asking twice does nothing.
    :raises NotFound: no such message here. :raises Forbidden:
    """
    actor.require(Permission.TICKET_VIEW)
    message = Message.objects.select_related("ticket").filter(id=message_id).first()
    if message is None:
        raise NotFound()
    addresses = list(message.remote_images)
    wanted = named_pictures(message.html, addresses)[:MOST]
    if not wanted:
        return 0
    moment = RemotePicture.objects.filter(message=message)
    moment.filter(expires_at__lte=Now()).delete()
    moment.exclude(state=RemotePicture.State.READY).update(
        state=RemotePicture.State.WAITING, asked_at=Now(), expires_at=Now() + KEPT_FAILED
    )
    _make_room()
    rows = [
        RemotePicture(
            organization_id=actor.organization_id,
            message=message,
            position=position,
            address_digest=digest_of(addresses[position]),
            token=new_token(),
            expires_at=Now() + KEPT_FAILED,
        )
        for position in wanted
    ]
    # Two readers may ask at the same moment: the constraint keeps one row for each picture.
    RemotePicture.objects.bulk_create(rows, ignore_conflicts=True)
    waiting: int = moment.filter(state=RemotePicture.State.WAITING).count()
    if waiting:
        audit.record(actor, "pictures.asked", object_type="message", object_id=message.id, pictures=waiting)
        publish(actor, PicturesAsked(message.ticket_id, message.ticket.number, message.id))
    return waiting


def named_pictures(html: str, addresses: Sequence[str]) -> list[int]:
    """Positions in ``addresses`` of the pictures from elsewhere that a message shows, in order."""
    return [position for position in remote_positions(html) if position < len(addresses)]


def _make_room() -> None:
    beyond = RemotePicture.objects.order_by("-id").values_list("id", flat=True)[MOST_KEPT : MOST_KEPT + 1]
    for oldest in beyond:
        RemotePicture.objects.filter(id__lte=oldest).delete()


def _throw_away_oldest() -> None:
    """What goes beyond an organization's bytes; the length of a kept picture is known without reading it."""
    so_far = Window(Sum(Length("content")), order_by=F("id").desc())
    sizes = RemotePicture.objects.filter(content__isnull=False).annotate(so_far=so_far)
    beyond = sizes.filter(so_far__gt=MOST_KEPT_BYTES).order_by("-id").values_list("id", flat=True)[:1]
    for oldest in list(beyond):
        RemotePicture.objects.filter(id__lte=oldest, content__isnull=False).delete()


def digest_of(address: str) -> str:
    """How the address of a picture is told from others."""
    return hashlib.sha256(address.encode("utf-8", "ignore")).hexdigest()


@command
def keep_pictures(actor: Actor, *, message_id: int, drawn: Mapping[int, bytes | None]) -> None:
    """Keep fetched pictures by position; ``None`` for one that could not be had. Safe to run twice.

    The organization's oldest make room for them.
    """
    actor.require(Permission.TICKET_VIEW)
    for position, content in drawn.items():
        RemotePicture.objects.filter(
            message_id=message_id, position=position, state=RemotePicture.State.WAITING
        ).update(
            state=RemotePicture.State.READY if content else RemotePicture.State.FAILED,
            content=content,
            expires_at=Now() + (KEPT if content else KEPT_FAILED),
        )
    if any(drawn.values()):
        _throw_away_oldest()


@command
def forget_pictures(actor: Actor, *, picture_ids: Sequence[int]) -> int:
    """Throw away pictures whose time is over; returns how many went."""
    actor.require(Permission.TICKET_VIEW)
    gone: int = RemotePicture.objects.filter(id__in=picture_ids, expires_at__lte=Now()).delete()[0]
    return gone
