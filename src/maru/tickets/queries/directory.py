"""Everything small that a desk page names: agents, groups, stages, categories, views, services, in one statement."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import connection
from django.utils.translation import get_language

from maru.accounts.models import Member
from maru.core.actors import Actor
from maru.tickets.models import Status
from maru.tickets.trees import INTAKE, Tree

AGENT_LIMIT = 500

_SQL = """
select
  (select coalesce(json_agg(json_build_array(id, name, avatar) order by name, id), '[]') from (
     select id, name, avatar from accounts_member
     where organization_id = %(org)s and state = 'active' and role <> 'none' order by name, id limit %(agents)s) a),
  (select coalesce(json_agg(json_build_array(id, name, exists(
       select 1 from accounts_groupmember s
       where s.organization_id = %(org)s and s.group_id = g.id and s.member_id = %(me)s)) order by "order", id), '[]')
     from accounts_group g where organization_id = %(org)s),
  (select coalesce(json_agg(json_build_array(id, names, colour, status) order by "order", id), '[]')
     from tickets_stage where organization_id = %(org)s),
  (select coalesce(json_agg(json_build_array(id, parent_id, name, names, is_public) order by "order", id), '[]')
     from tickets_intakecategory where organization_id = %(org)s and deleted_at is null),
  (select coalesce(json_agg(json_build_array(id, parent_id, name, names, false) order by "order", id), '[]')
     from tickets_handlingcategory where organization_id = %(org)s and deleted_at is null),
  (select coalesce(json_agg(json_build_array(id, name, owner_id, query) order by owner_id nulls first, "order", id), '[]')
     from tickets_savedview where organization_id = %(org)s and (owner_id is null or owner_id = %(me)s)),
  (select coalesce(json_agg(json_build_array(id, name, file_limit, file_size_mb) order by id), '[]')
     from organizations_service where organization_id = %(org)s and state = 'active')
"""


def status_name(status: int) -> str:
    """The word for a status that the interface's parts know: ``new``, ``open`` …"""
    return Status(status).name.lower()


def localised(names: Mapping[str, str], fallback: str = "") -> str:
    """The name in the viewer's language, else in English, else whichever there is."""
    language = (get_language() or "en")[:2]
    return names.get(language) or fallback or names.get("en") or next((n for n in names.values() if n), "")


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    avatar: str


@dataclass(frozen=True, slots=True)
class GroupInfo:
    id: int
    name: str
    is_mine: bool


@dataclass(frozen=True, slots=True)
class StageInfo:
    """``status`` is the number, ``sign`` its word."""

    id: int
    name: str
    names: Mapping[str, str]
    colour: str
    status: int
    sign: str

    @property
    def is_done(self) -> bool:
        return self.status >= Status.RESOLVED


@dataclass(frozen=True, slots=True)
class CategoryInfo:
    """A node of the tree in the order of a printed outline; ``depth`` starts at 1, ``main`` is the untranslated name."""

    id: int
    parent_id: int | None
    name: str
    names: Mapping[str, str]
    is_public: bool
    depth: int
    path: str
    below: tuple[int, ...]
    main: str


@dataclass(frozen=True, slots=True)
class ViewInfo:
    id: int
    name: str
    is_shared: bool
    query: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    id: int
    name: str
    file_limit: int
    file_size_mb: int


@dataclass
class Directory:
    """Names for ids. ``people`` holds active agents; :meth:`know` adds others that a page names."""

    people: dict[int, Person]
    groups: dict[int, GroupInfo]
    stages: dict[int, StageInfo]
    categories: dict[int, CategoryInfo]
    handlings: dict[int, CategoryInfo]
    views: list[ViewInfo]
    services: dict[int, ServiceInfo]
    agents: list[Person] = field(default_factory=list)

    @cached_property
    def my_group_ids(self) -> list[int]:
        return [group.id for group in self.groups.values() if group.is_mine]

    def know(self, member_ids: Sequence[int | None]) -> None:
        """Look up members that are no active agents any more, so that a page can still name them."""
        missing = {member_id for member_id in member_ids if member_id and member_id not in self.people}
        if missing:
            for row in Member.objects.filter(id__in=missing).values_list("id", "name", "avatar"):
                self.people[row[0]] = Person(*row)

    def person(self, member_id: int | None) -> Person | None:
        return self.people.get(member_id) if member_id else None

    def stage_name(self, stage_id: int) -> str:
        stage = self.stages.get(stage_id)
        return stage.name if stage else ""

    def group_name(self, group_id: int | None) -> str:
        group = self.groups.get(group_id) if group_id else None
        return group.name if group else ""

    def tree(self, tree: Tree) -> dict[int, CategoryInfo]:
        """The categories of one tree."""
        return self.categories if tree is INTAKE else self.handlings

    def with_below(self, category_id: int, tree: Tree = INTAKE) -> list[int]:
        """A category and everything under it."""
        category = self.tree(tree).get(category_id)
        return [category_id, *(category.below if category else ())]


def directory(actor: Actor) -> Directory:
    """The directory of the actor's organization, with his own groups and private views. One statement."""
    params = {"org": actor.organization_id, "me": actor.member_id or 0, "agents": AGENT_LIMIT}
    with connection.cursor() as cursor:
        cursor.execute(_SQL, params)
        agents, groups, stages, categories, handlings, views, services = (_rows(value) for value in cursor.fetchone())
    known = [Person(*row) for row in agents]
    return Directory(
        people={person.id: person for person in known},
        groups={row[0]: GroupInfo(*row) for row in groups},
        stages={
            row[0]: StageInfo(row[0], localised(row[1]), row[1], row[2], row[3], status_name(row[3])) for row in stages
        },
        categories={category.id: category for category in _outline(categories)},
        handlings={category.id: category for category in _outline(handlings)},
        views=[ViewInfo(row[0], row[1], row[2] is None, row[3]) for row in views],
        services={row[0]: ServiceInfo(*row) for row in services},
        agents=known,
    )


def _rows(value: Any) -> list[list[Any]]:
    return json.loads(value) if isinstance(value, str) else value


def _outline(rows: list[list[Any]]) -> list[CategoryInfo]:
    children: dict[int | None, list[list[Any]]] = {}
    for row in rows:
        children.setdefault(row[1], []).append(row)
    outline: list[CategoryInfo] = []

    def walk(parent: int | None, depth: int, path: str) -> list[int]:
        found: list[int] = []
        for category_id, parent_id, name, names, is_public in children.get(parent, []):
            label = localised(names, name)
            trail = f"{path} › {label}" if path else label
            place = len(outline)
            outline.append(CategoryInfo(category_id, parent_id, label, names, is_public, depth, trail, (), name))
            below = walk(category_id, depth + 1, trail)
            outline[place] = CategoryInfo(
                category_id, parent_id, label, names, is_public, depth, trail, tuple(below), name
            )
            found += [category_id, *below]
        return found

    walk(None, 1, "")
    return outline
