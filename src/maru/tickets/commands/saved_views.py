"""Saved views: named filters, one's own or shared with everybody."""

from typing import Any

from django.utils.translation import gettext as _

from maru.core.actors import Actor, Permission
from maru.core.audit import record
from maru.core.commands import command
from maru.core.errors import Forbidden, Invalid, NotFound
from maru.core.html import one_line
from maru.tickets.models import SavedView

NAME_LENGTH = 60
MOST = 50


@command
def save_view(actor: Actor, *, name: str, query: dict[str, Any], is_shared: bool) -> SavedView:
    """Keep a filter under a name; shared ones are for managers to make.

    :raises Invalid: no name, too long, or taken. :raises Forbidden:
    """
    actor.require(Permission.TICKET_VIEW)
    if actor.member_id is None:
        raise Forbidden()
    if is_shared:
        actor.require(Permission.SERVICE_CONFIGURE)
    clean = one_line(name, NAME_LENGTH + 1)
    if not clean or len(clean) > NAME_LENGTH:
        raise Invalid({"view_name": _("Please enter a name of at most %(n)s characters.") % {"n": NAME_LENGTH}})
    owner_id = None if is_shared else actor.member_id
    mine = SavedView.objects.filter(owner_id=owner_id)
    if mine.filter(name=clean).exists():
        raise Invalid({"view_name": _("There is already a view of this name.")})
    count = mine.count()
    if count >= MOST:
        raise Invalid({"view_name": _("At most %(n)s views can be kept.") % {"n": MOST}})
    view = SavedView(name=clean, owner_id=owner_id, query=query, order=count)
    view.save()
    return view


@command
def delete_view(actor: Actor, *, view_id: int) -> None:
    """Forget a view of one's own, or a shared one as a manager. Raises NotFound, Forbidden."""
    view = SavedView.objects.filter(id=view_id).first()
    if view is None or view.owner_id not in (None, actor.member_id):
        raise NotFound()
    if view.owner_id is None:
        actor.require(Permission.SERVICE_CONFIGURE)
        record(actor, "view.deleted", object_type="view", object_id=view.id, name=view.name)
    view.delete()
