"""What happens in the message box."""

from dataclasses import dataclass
from typing import ClassVar

from maru.core.events import DomainEvent


@dataclass(frozen=True, slots=True)
class NotesRead(DomainEvent):
    """A member has read notes; only that member's own pages are told. ``subject_id`` is the member's id."""

    kind: ClassVar[str] = "note.read"
    subject_type: ClassVar[str] = "box"
