"""What happens to organizations and their services; ids only."""

from dataclasses import dataclass
from typing import ClassVar

from maru.core.events import DomainEvent


@dataclass(frozen=True, slots=True)
class OrganizationEvent(DomainEvent):
    subject_type: ClassVar[str] = "organization"


@dataclass(frozen=True, slots=True)
class OrganizationCreated(OrganizationEvent):
    """A company signed up. Rooms upstairs lay out its desk in ``language``."""

    kind: ClassVar[str] = "organization.created"

    service_id: int
    group_id: int
    member_id: int
    language: str


@dataclass(frozen=True, slots=True)
class OrganizationChanged(OrganizationEvent):
    kind: ClassVar[str] = "organization.changed"


@dataclass(frozen=True, slots=True)
class OrganizationKeyRotated(OrganizationEvent):
    kind: ClassVar[str] = "organization.key_rotated"
