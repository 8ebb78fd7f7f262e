"""The two trees of categories: what they share stands once, what differs stands here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maru.tickets.models import HandlingCategory, IntakeCategory

Node = IntakeCategory | HandlingCategory


@dataclass(frozen=True, slots=True)
class Tree:
    """``key`` names it in events and addresses; ``column`` is the foreign key of a ticket, ``name_column`` the name it keeps."""

    key: str
    model: type[IntakeCategory] | type[HandlingCategory]
    column: str
    name_column: str
    lock: int
    has_switch: bool

    def of(self, ticket: Any) -> str:
        """The name a ticket keeps of this tree."""
        return str(getattr(ticket, self.name_column))


INTAKE = Tree("intake", IntakeCategory, "category", "category_name", 7042, True)
HANDLING = Tree("handling", HandlingCategory, "handling_category", "handling_category_name", 7045, False)
TREES = {tree.key: tree for tree in (INTAKE, HANDLING)}
