"""The trees of categories, intake and handling alike."""

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from maru.core.actors import Actor, Permission
from maru.core.audit import record
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.core.events import publish
from maru.core.html import one_line
from maru.tickets.commands.common import now
from maru.tickets.events import CategoryDeleted, CategoryRenamed
from maru.tickets.trees import INTAKE, Node, Tree

DEEPEST = 5
NAME_LENGTH = 80


def _locked(actor: Actor, tree: Tree) -> dict[int, Node]:
    """All categories of the tree; two people changing it at once wait for each other."""
    actor.require(Permission.SERVICE_CONFIGURE)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [tree.lock, actor.organization_id % 2**31])
    return {category.id: category for category in tree.model.objects.all()}


def _one(nodes: Mapping[int, Node], category_id: int) -> Node:
    category = nodes.get(category_id)
    if category is None:
        raise NotFound()
    return category


def _siblings(nodes: Mapping[int, Node], parent_id: int | None) -> list[Node]:
    return [category for category in nodes.values() if category.parent_id == parent_id]


def _clean_name(name: str, siblings: list[Node], mine: int | None = None) -> str:
    clean = one_line(name, NAME_LENGTH + 1)
    if not clean:
        raise Invalid({"name": _("Please enter a name.")})
    if len(clean) > NAME_LENGTH:
        raise Invalid({"name": _("The name may have at most %(n)s characters.") % {"n": NAME_LENGTH}})
    if any(other.name.casefold() == clean.casefold() and other.id != mine for other in siblings):
        raise Invalid({"name": _("There is already a category of this name at this place.")})
    return clean


def _depth(nodes: Mapping[int, Node], category_id: int | None) -> int:
    depth = 0
    while category_id is not None:
        depth, category_id = depth + 1, nodes[category_id].parent_id
    return depth


def _log(actor: Actor, action: str, tree: Tree, category_id: int, **details: Any) -> None:
    record(actor, f"category.{action}", object_type=f"{tree.key}_category", object_id=category_id, **details)


@command
def add_category(actor: Actor, *, name: str, parent_id: int | None = None, tree: Tree = INTAKE) -> Node:
    """Add a category under ``parent_id`` (``None``: at the top), last among its siblings.

    :raises Invalid: no name, a sibling has it, or the tree would be deeper than :data:`DEEPEST`.
    :raises NotFound: the parent is gone. :raises Forbidden:
    """
    nodes = _locked(actor, tree)
    if parent_id is not None:
        _one(nodes, parent_id)
    if _depth(nodes, parent_id) >= DEEPEST:
        raise Invalid({"name": _("Categories go at most %(n)s levels deep.") % {"n": DEEPEST}})
    siblings = _siblings(nodes, parent_id)
    order = max((sibling.order for sibling in siblings), default=-1) + 1
    category = tree.model(parent_id=parent_id, name=_clean_name(name, siblings), order=order)
    category.save()
    _log(actor, "added", tree, category.id, name=category.name)
    return category


@command
def rename_category(actor: Actor, *, category_id: int, names: Mapping[str, str], tree: Tree = INTAKE) -> Node:
    """Rename a category; ``names`` maps languages to names, ``""`` is the main one.

    Pages show the new name at once; a job writes it into the tickets that keep it.
    :raises Invalid, NotFound, Forbidden:
    """
    nodes = _locked(actor, tree)
    category = _one(nodes, category_id)
    siblings = _siblings(nodes, category.parent_id)
    before, category.name = category.name, _clean_name(names.get("", ""), siblings, category.id)
    category.names = {
        language: clean for language, name in names.items() if language and (clean := one_line(name, NAME_LENGTH))
    }
    category.save(update_fields=["name", "names"])
    _log(actor, "renamed", tree, category.id, before=before, after=category.name)
    if before != category.name:
        publish(actor, CategoryRenamed(category.id, tree.key))
    return category


@command
def switch_category(actor: Actor, *, category_id: int, is_public: bool) -> None:
    """On: offered on the request form and at the desk; off: at the desk only. Raises NotFound, Forbidden."""
    actor.require(Permission.SERVICE_CONFIGURE)
    if not INTAKE.model.objects.filter(id=category_id).update(is_public=is_public):
        raise NotFound()
    _log(actor, "switched", INTAKE, category_id, is_public=is_public)


@command
def move_category(actor: Actor, *, category_id: int, by: int, tree: Tree = INTAKE) -> None:
    """Move a category ``by`` places down (negative: up) among its siblings. Raises NotFound, Forbidden."""
    nodes = _locked(actor, tree)
    category = _one(nodes, category_id)
    siblings = sorted(_siblings(nodes, category.parent_id), key=lambda c: (c.order, c.id))
    at = siblings.index(category)
    siblings.insert(max(0, min(len(siblings) - 1, at + by)), siblings.pop(at))
    for order, sibling in enumerate(siblings):
        if sibling.order != order:
            tree.model.objects.filter(id=sibling.id).update(order=order)


@command
def delete_category(actor: Actor, *, category_id: int, tree: Tree = INTAKE) -> int:
    """Delete a category with everything below it; tickets keep the name. Returns how many went.

    Nobody can choose or see them from now on; a job takes them off the tickets.
    :raises NotFound, Forbidden:
    """
    nodes = _locked(actor, tree)
    name = _one(nodes, category_id).name
    going, layer = [category_id], [category_id]
    while layer:
        layer = [category.id for category in nodes.values() if category.parent_id in layer]
        going += layer
    tree.model.objects.filter(id__in=going).update(deleted_at=now())
    _log(actor, "deleted", tree, category_id, name=name, count=len(going))
    publish(actor, CategoryDeleted(category_id, tree.key))
    return len(going)
