"""Pictures from elsewhere that somebody asked to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import connection
from django.db.models.functions import Now

from maru.core.actors import Actor, Permission
from maru.core.errors import NotFound
from maru.tickets.models import RemotePicture


class Picture(NamedTuple):
    """``state`` is ``waiting``, ``ready`` or ``failed``; under ``token`` a ready one can be had. ``age``: seconds since
    somebody asked."""

    token: str
    state: str
    age: float


def pictures_of(actor: Actor, message_ids: Sequence[int]) -> Mapping[int, dict[int, Picture]]:
    """What became of the pictures asked for, by message and position; one statement, none for no messages."""
    found: dict[int, dict[int, Picture]] = {}
    if not message_ids:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            "select message_id, position, token, state, extract(epoch from statement_timestamp() - asked_at)::float from tickets_remotepicture "
            "where organization_id = %s and message_id = any(%s) and expires_at > now()",
            [actor.organization_id, list(message_ids)],
        )
        for message_id, position, token, state, age in cursor.fetchall():
            found.setdefault(message_id, {})[position] = Picture(token, state, age)
    return found


def picture_content(actor: Actor, token: str) -> bytes:
    """The bytes (WebP) of a fetched picture of the actor's organization. Raises NotFound, Forbidden."""
    actor.require(Permission.TICKET_VIEW)
    row = RemotePicture.objects.filter(
        token=token[:43], state=RemotePicture.State.READY, expires_at__gt=Now(), content__isnull=False
    ).first()
    if row is None:
        raise NotFound()
    return bytes(row.content)
