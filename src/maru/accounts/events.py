"""What happens to members, groups and invitations; ids only."""

from dataclasses import dataclass
from typing import ClassVar

from maru.core.events import DomainEvent


@dataclass(frozen=True, slots=True)
class MemberEvent(DomainEvent):
    subject_type: ClassVar[str] = "member"


@dataclass(frozen=True, slots=True)
class MemberWaiting(MemberEvent):
    """Somebody joined by company code and waits for an organization admin."""

    kind: ClassVar[str] = "member.waiting"


@dataclass(frozen=True, slots=True)
class MemberJoined(MemberEvent):
    """Somebody came in by invitation, or founded the organization."""

    kind: ClassVar[str] = "member.joined"

    invited_by_id: int | None = None


@dataclass(frozen=True, slots=True)
class MemberApproved(MemberEvent):
    kind: ClassVar[str] = "member.approved"


@dataclass(frozen=True, slots=True)
class MemberRefused(MemberEvent):
    kind: ClassVar[str] = "member.refused"


@dataclass(frozen=True, slots=True)
class MemberRightsChanged(MemberEvent):
    kind: ClassVar[str] = "member.rights_changed"


@dataclass(frozen=True, slots=True)
class MemberProfileChanged(MemberEvent):
    """Name or avatar of a member are new."""

    kind: ClassVar[str] = "member.profile_changed"


@dataclass(frozen=True, slots=True)
class AccessRemoved(MemberEvent):
    """A member was removed; open pages and streams of his must end within seconds."""

    kind: ClassVar[str] = "member.removed"


@dataclass(frozen=True, slots=True)
class InvitationSent(DomainEvent):
    kind: ClassVar[str] = "invitation.sent"
    subject_type: ClassVar[str] = "invitation"


@dataclass(frozen=True, slots=True)
class InvitationRevoked(DomainEvent):
    kind: ClassVar[str] = "invitation.revoked"
    subject_type: ClassVar[str] = "invitation"


@dataclass(frozen=True, slots=True)
class GroupChanged(DomainEvent):
    """A group was made, renamed or deleted, or its members changed."""

    kind: ClassVar[str] = "group.changed"
    subject_type: ClassVar[str] = "group"
