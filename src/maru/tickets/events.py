"""What happens to tickets (``subject_id`` is the ticket's id) and to the categories they have."""

from dataclasses import dataclass, field
from typing import ClassVar

from maru.core.events import DomainEvent


@dataclass(frozen=True, slots=True)
class TicketEvent(DomainEvent):
    """Base of all that happens to a ticket; ``number`` lets live pages find their row without a look-up."""

    subject_type: ClassVar[str] = "ticket"

    number: str


@dataclass(frozen=True, slots=True)
class TicketOpened(TicketEvent):
    kind: ClassVar[str] = "ticket.opened"

    channel: str
    message_id: int
    wants_receipt: bool = True


@dataclass(frozen=True, slots=True)
class CustomerMessageAdded(TicketEvent):
    kind: ClassVar[str] = "ticket.customer_message"

    message_id: int
    is_automatic: bool = False


@dataclass(frozen=True, slots=True)
class MessageHeld(TicketEvent):
    kind: ClassVar[str] = "ticket.message_held"

    message_id: int


@dataclass(frozen=True, slots=True)
class HeldMessageAccepted(TicketEvent):
    kind: ClassVar[str] = "ticket.held_accepted"

    message_id: int


@dataclass(frozen=True, slots=True)
class HeldMessageDismissed(TicketEvent):
    kind: ClassVar[str] = "ticket.held_dismissed"

    message_id: int


@dataclass(frozen=True, slots=True)
class ReplySent(TicketEvent):
    """``outcome`` is ``open``, ``hold`` or ``resolve``."""

    kind: ClassVar[str] = "ticket.replied"

    message_id: int
    outcome: str


@dataclass(frozen=True, slots=True)
class CommentAdded(TicketEvent):
    kind: ClassVar[str] = "ticket.commented"

    message_id: int
    mentions: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TicketTaken(TicketEvent):
    kind: ClassVar[str] = "ticket.taken"

    member_id: int


@dataclass(frozen=True, slots=True)
class MembersAssigned(TicketEvent):
    kind: ClassVar[str] = "ticket.assigned"

    member_ids: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MemberRemoved(TicketEvent):
    kind: ClassVar[str] = "ticket.unassigned"

    member_id: int


@dataclass(frozen=True, slots=True)
class TicketForwarded(TicketEvent):
    kind: ClassVar[str] = "ticket.forwarded"

    group_id: int
    member_id: int | None = None
    comment_id: int | None = None


@dataclass(frozen=True, slots=True)
class StageChanged(TicketEvent):
    """``mails_completion``: the requester is told that the work is done (not after a reply, which says so itself)."""

    kind: ClassVar[str] = "ticket.stage_changed"

    from_stage_id: int
    to_stage_id: int
    from_status: int
    to_status: int
    mails_completion: bool = False


@dataclass(frozen=True, slots=True)
class CardMoved(TicketEvent):
    """A card changed its place inside one column of the board."""

    kind: ClassVar[str] = "ticket.card_moved"

    stage_id: int


@dataclass(frozen=True, slots=True)
class PriorityChanged(TicketEvent):
    kind: ClassVar[str] = "ticket.priority_changed"

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class CategoryChanged(TicketEvent):
    kind: ClassVar[str] = "ticket.category_changed"

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class HandlingCategoryChanged(TicketEvent):
    kind: ClassVar[str] = "ticket.handling_category_changed"

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RequesterChanged(TicketEvent):
    kind: ClassVar[str] = "ticket.requester_changed"


@dataclass(frozen=True, slots=True)
class CustomerCorrected(TicketEvent):
    """What is known of the ticket's customer was changed; ``fields`` names what, not to what."""

    kind: ClassVar[str] = "ticket.customer_corrected"

    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TicketRenamed(TicketEvent):
    kind: ClassVar[str] = "ticket.renamed"

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SpamMarked(TicketEvent):
    kind: ClassVar[str] = "ticket.spam"

    is_spam: bool


@dataclass(frozen=True, slots=True)
class SharedNoteChanged(TicketEvent):
    kind: ClassVar[str] = "ticket.shared_note"

    version: int


@dataclass(frozen=True, slots=True)
class TicketReopened(TicketEvent):
    """``is_escalated``: its service gives reopened tickets to nobody and raises their priority."""

    kind: ClassVar[str] = "ticket.reopened"

    message_id: int
    is_escalated: bool = False


@dataclass(frozen=True, slots=True)
class TicketClosed(TicketEvent):
    """``reason`` is ``silence`` (nobody wrote for the service's hours) or ``staff``."""

    kind: ClassVar[str] = "ticket.closed"

    reason: str


@dataclass(frozen=True, slots=True)
class ParticipantsChanged(TicketEvent):
    kind: ClassVar[str] = "ticket.participants"


@dataclass(frozen=True, slots=True)
class ParticipantsNamed(TicketEvent):
    """A mail has named ``count`` people whom nobody here has let in; they wait for staff."""

    kind: ClassVar[str] = "ticket.participants_named"

    count: int


@dataclass(frozen=True, slots=True)
class PicturesAsked(TicketEvent):
    """Somebody wants to see the pictures that a message names elsewhere."""

    kind: ClassVar[str] = "ticket.pictures_asked"

    message_id: int


@dataclass(frozen=True, slots=True)
class CategoryRenamed(DomainEvent):
    """A category (``subject_id``) of the tree ``tree`` (:mod:`maru.tickets.trees`) has another name."""

    kind: ClassVar[str] = "category.renamed"
    subject_type: ClassVar[str] = "category"

    tree: str


@dataclass(frozen=True, slots=True)
class CategoryDeleted(DomainEvent):
    """A category went with everything below it."""

    kind: ClassVar[str] = "category.deleted"
    subject_type: ClassVar[str] = "category"

    tree: str
