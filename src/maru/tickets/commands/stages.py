"""The organization's stages: the columns of the board and the steps that the customer sees."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from maru.core.actors import Actor, Permission
from maru.core.audit import record
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.core.html import one_line
from maru.tickets.models import Stage, Status, Ticket
from maru.ui.atoms import STAGE_COLORS

MOST = 12
NAME_LENGTH = 40
NEEDED = (Status.NEW, Status.OPEN, Status.RESOLVED)


def _names(given: Mapping[str, str]) -> dict[str, str]:
    names = {language: clean for language, name in given.items() if (clean := one_line(name, NAME_LENGTH + 1))}
    if not names:
        raise Invalid({"name": _("Please enter a name.")})
    if any(len(name) > NAME_LENGTH for name in names.values()):
        raise Invalid({"name": _("The name may have at most %(n)s characters.") % {"n": NAME_LENGTH}})
    return names


def _clean(names: Mapping[str, str], colour: str, status: int) -> tuple[dict[str, str], str, int]:
    if status not in Status.values:
        raise Invalid({"status": _("Please choose a status from the list.")})
    return _names(names), colour if colour in STAGE_COLORS else "", status


@command
def add_stage(actor: Actor, *, names: Mapping[str, str], colour: str, status: int) -> Stage:
    """Add a stage at the end of the board. ``names`` by language. Raises Invalid, Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    count = Stage.objects.count()
    if count >= MOST:
        raise Invalid({"name": _("A board has at most %(n)s stages.") % {"n": MOST}})
    clean, tone, kind = _clean(names, colour, status)
    stage = Stage(names=clean, colour=tone, status=kind, order=count)
    stage.save()
    record(actor, "stage.added", object_type="stage", object_id=stage.id, names=clean)
    return stage


@command
def change_stage(actor: Actor, *, stage_id: int, names: Mapping[str, str], colour: str, status: int) -> Stage:
    """Change name, colour or status of a stage. The status of a stage with tickets in it stays.

    :raises Invalid, NotFound, Forbidden:
    """
    actor.require(Permission.SERVICE_CONFIGURE)
    stage = Stage.objects.filter(id=stage_id).first()
    if stage is None:
        raise NotFound()
    before = stage.status
    stage.names, stage.colour, stage.status = _clean(names, colour, status)
    if before != stage.status:
        if Ticket.objects.filter(stage_id=stage.id).exists():
            raise Invalid({"status": _("There are tickets in this stage: move them first, then change its status.")})
        _keep_needed({stage.id: stage.status})
    stage.save()
    record(actor, "stage.changed", object_type="stage", object_id=stage.id, names=stage.names, status=stage.status)
    return stage


def _keep_needed(changed: Mapping[int, int | None]) -> None:
    """Without a stage for new, open and resolved tickets nothing could move along. Raises Invalid."""
    left = dict(Stage.objects.values_list("id", "status")) | dict(changed)
    for status in NEEDED:
        if status not in left.values():
            raise Invalid({"status": _("The board needs a stage for received, in progress and resolved tickets.")})


@command
def delete_stage(actor: Actor, *, stage_id: int) -> None:
    """Delete an empty stage. Raises Invalid when tickets stand in it or it is needed, NotFound, Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    stage = Stage.objects.filter(id=stage_id).first()
    if stage is None:
        raise NotFound()
    if Ticket.objects.filter(stage_id=stage.id).exists():
        raise Invalid({"stage": _("There are tickets in this stage: move them first.")})
    _keep_needed({stage.id: None})
    stage.delete()
    record(actor, "stage.deleted", object_type="stage", object_id=stage_id, names=stage.names)


@command
def order_stages(actor: Actor, *, stage_ids: Sequence[int]) -> None:
    """Put the stages into this order; ones left out follow. Raises Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    known = list(Stage.objects.order_by("order", "id").values_list("id", flat=True))
    wanted = [stage_id for stage_id in dict.fromkeys(stage_ids) if stage_id in known]
    for order, stage_id in enumerate([*wanted, *(s for s in known if s not in wanted)]):
        Stage.objects.filter(id=stage_id).update(order=order)
