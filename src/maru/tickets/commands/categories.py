"""The tree of intake categories."""

from collections.abc import Mapping

from django.db import connection
from django.utils.translation import gettext as _

from maru.core.actors import Actor, Permission
from maru.core.audit import record
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.core.html import one_line
from maru.tickets.models import IntakeCategory, Ticket

DEEPEST = 5
NAME_LENGTH = 80


def _locked_tree(actor: Actor) -> dict[int, IntakeCategory]:
    """All categories; two people changing the tree at once wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(7042, %s)", [actor.organization_id % 2**31])
    return {category.id: category for category in IntakeCategory.objects.all()}


def _clean_name(name: str, siblings: list[IntakeCategory], mine: int | None = None) -> str:
    clean = one_line(name, NAME_LENGTH + 1)
    if not clean:
        raise Invalid({"name": _("Please enter a name.")})
    if len(clean) > NAME_LENGTH:
        raise Invalid({"name": _("The name may have at most %(n)s characters.") % {"n": NAME_LENGTH}})
    if any(other.name.casefold() == clean.casefold() and other.id != mine for other in siblings):
        raise Invalid({"name": _("There is already a category of this name at this place.")})
    return clean


@command
def add_category(actor: Actor, *, name: str, parent_id: int | None = None, is_public: bool = True) -> IntakeCategory:
    """Add a category under ``parent_id`` (``None``: at the top), last among its siblings.

    :raises Invalid: no name, a sibling has it, or the tree would be deeper than :data:`DEEPEST`.
    :raises NotFound: the parent is gone. :raises Forbidden:
    """
    actor.require(Permission.SERVICE_CONFIGURE)
    tree = _locked_tree(actor)
    if parent_id is not None and parent_id not in tree:
        raise NotFound()
    if _depth(tree, parent_id) >= DEEPEST:
        raise Invalid({"name": _("Categories go at most %(n)s levels deep.") % {"n": DEEPEST}})
    siblings = [category for category in tree.values() if category.parent_id == parent_id]
    category = IntakeCategory(
        parent_id=parent_id,
        name=_clean_name(name, siblings),
        order=max((sibling.order for sibling in siblings), default=-1) + 1,
        is_public=is_public,
    )
    category.save()
    record(actor, "category.added", object_type="category", object_id=category.id, name=category.name)
    return category


def _depth(tree: Mapping[int, IntakeCategory], category_id: int | None) -> int:
    depth = 0
    while category_id is not None:
        depth, category_id = depth + 1, tree[category_id].parent_id
    return depth


@command
def rename_category(actor: Actor, *, category_id: int, names: Mapping[str, str]) -> IntakeCategory:
    """Rename a category; ``names`` maps languages to names, ``""`` is the main one. Open tickets show the new name.

    :raises Invalid, NotFound, Forbidden:
    """
    actor.require(Permission.SERVICE_CONFIGURE)
    tree = _locked_tree(actor)
    category = tree.get(category_id)
    if category is None:
        raise NotFound()
    siblings = [other for other in tree.values() if other.parent_id == category.parent_id]
    before, category.name = category.name, _clean_name(names.get("", ""), siblings, category.id)
    category.names = {
        language: clean for language, name in names.items() if language and (clean := one_line(name, NAME_LENGTH))
    }
    category.save(update_fields=["name", "names"])
    if before != category.name:
        Ticket.objects.filter(category_id=category.id).update(category_name=category.name)
    record(actor, "category.renamed", object_type="category", object_id=category.id, before=before, after=category.name)
    return category


@command
def switch_category(actor: Actor, *, category_id: int, is_public: bool) -> None:
    """On: offered on the request form and at the desk; off: at the desk only. Raises NotFound, Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    if not IntakeCategory.objects.filter(id=category_id).update(is_public=is_public):
        raise NotFound()
    record(actor, "category.switched", object_type="category", object_id=category_id, is_public=is_public)


@command
def move_category(actor: Actor, *, category_id: int, by: int) -> None:
    """Move a category ``by`` places down (negative: up) among its siblings. Raises NotFound, Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    tree = _locked_tree(actor)
    category = tree.get(category_id)
    if category is None:
        raise NotFound()
    siblings = sorted(
        (other for other in tree.values() if other.parent_id == category.parent_id), key=lambda c: (c.order, c.id)
    )
    at = siblings.index(category)
    siblings.insert(max(0, min(len(siblings) - 1, at + by)), siblings.pop(at))
    for order, sibling in enumerate(siblings):
        if sibling.order != order:
            IntakeCategory.objects.filter(id=sibling.id).update(order=order)


@command
def delete_category(actor: Actor, *, category_id: int) -> int:
    """Delete a category with everything below it; tickets keep the name. Returns how many went.

    :raises NotFound, Forbidden:
    """
    actor.require(Permission.SERVICE_CONFIGURE)
    tree = _locked_tree(actor)
    if category_id not in tree:
        raise NotFound()
    name = tree[category_id].name
    going, layer = [category_id], [category_id]
    while layer:
        layer = [category.id for category in tree.values() if category.parent_id in layer]
        going += layer
    Ticket.objects.filter(category_id__in=going).update(category=None)
    # Children first: the foreign key to the parent is checked at once.
    for gone in reversed(going):
        IntakeCategory.objects.filter(id=gone).delete()
    record(actor, "category.deleted", object_type="category", object_id=category_id, name=name, count=len(going))
    return len(going)
