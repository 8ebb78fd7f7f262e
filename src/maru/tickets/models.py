"""Tickets and their conversations."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from maru.accounts.models import Group, Member
from maru.core.models import StoredFile
from maru.core.tenancy import TenantForeignKey, TenantManager, TenantModel
from maru.customers.models import Customer
from maru.organizations.models import Service


class Status(models.IntegerChoices):
    """Open kinds come first: ``status < Status.RESOLVED`` is the predicate of the partial indexes."""

    NEW = 1
    OPEN = 2
    PENDING = 3
    TRANSFERRED = 4
    ANSWERED = 5
    RESOLVED = 6
    CLOSED = 7


class Priority(models.IntegerChoices):
    LOW = 1
    NORMAL = 2
    HIGH = 3
    URGENT = 4


class Channel(models.TextChoices):
    WEB = "web"
    EMAIL = "email"
    STAFF = "staff"
    PHONE = "phone"
    CHAT = "chat"
    API = "api"


class Stage(TenantModel):
    """A column of the board; belongs to exactly one status. ``names`` maps language to name."""

    names = models.JSONField(default=dict)
    colour = models.CharField(max_length=20, blank=True)
    order = models.IntegerField(default=0)
    status = models.SmallIntegerField(choices=Status)

    class Meta:
        indexes = [models.Index(fields=["organization_id", "order"], name="stage_order")]


class CategoryManager(TenantManager):
    """Sees the categories that can be chosen, not those that were deleted."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Category(TenantModel):
    """A node of a tree of depth 1 to 5. ``names`` maps language to name, ``name`` is the one that tickets keep.

    A deleted one is gone for everybody at once; its row goes when no ticket points to it any more
    (``maru.tickets.tasks``).
    """

    parent = TenantForeignKey("self", models.CASCADE, null=True, related_name="children")
    name = models.CharField(max_length=80)
    names = models.JSONField(default=dict)
    order = models.IntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)

    objects: ClassVar[TenantManager] = CategoryManager()
    with_deleted: ClassVar[TenantManager] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "with_deleted"


class IntakeCategory(Category):
    """What a request is about. ``is_public``: offered on the public form too."""

    is_public = models.BooleanField(default=True)

    class Meta(Category.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "parent", "name"],
                condition=models.Q(deleted_at__isnull=True),
                name="intake_sibling",
                nulls_distinct=False,
            )
        ]


class HandlingCategory(Category):
    """How a request was handled; chosen by the agent, never seen by the customer."""

    class Meta(Category.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "parent", "name"],
                condition=models.Q(deleted_at__isnull=True),
                name="handling_sibling",
                nulls_distinct=False,
            )
        ]


class Ticket(TenantModel):
    """One request with its whole conversation.

    ``requester_*`` keep what was given with the request; ``*_name`` columns keep what lists show, so that a page
    of tickets needs no join. ``board_rank`` orders a column of the board, highest first.
    """

    number = models.CharField(max_length=13)
    service = TenantForeignKey(Service, models.PROTECT)
    title = models.CharField(max_length=300)
    status = models.SmallIntegerField(choices=Status, default=Status.NEW)
    stage = TenantForeignKey(Stage, models.PROTECT)
    is_spam = models.BooleanField(default=False)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    channel = models.CharField(max_length=10, choices=Channel)
    language = models.CharField(max_length=2, blank=True)
    category = TenantForeignKey(IntakeCategory, models.SET_NULL, null=True)
    category_name = models.CharField(max_length=80, blank=True)
    handling_category = TenantForeignKey(HandlingCategory, models.SET_NULL, null=True)
    handling_category_name = models.CharField(max_length=80, blank=True, default="", db_default="")
    group = TenantForeignKey(Group, models.SET_NULL, null=True)
    assignee = TenantForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    customer = TenantForeignKey(Customer, models.SET_NULL, null=True, related_name="tickets")
    requester_name = models.CharField(max_length=100, blank=True)
    requester_email = models.CharField(max_length=254, blank=True)
    requester_phone = models.CharField(max_length=40, blank=True)
    requester_company = models.CharField(max_length=100, blank=True)
    created_by = TenantForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    updated_by_name = models.CharField(max_length=100, blank=True)
    last_message_id = models.BigIntegerField(null=True)
    last_comment = models.CharField(max_length=200, blank=True)
    last_customer_at = models.DateTimeField(null=True)
    last_agent_at = models.DateTimeField(null=True)
    first_answered_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    answer_due_at = models.DateTimeField(null=True)
    close_due_at = models.DateTimeField(null=True)
    board_rank = models.FloatField(default=0)
    linked_to = TenantForeignKey("self", models.SET_NULL, null=True, related_name="linked")
    shared_note = models.TextField(blank=True)
    shared_note_version = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "number"], name="ticket_number")]
        indexes = [
            models.Index(fields=["organization_id", "-updated_at", "-id"], name="ticket_updated"),
            models.Index(fields=["organization_id", "assignee", "-updated_at", "-id"], name="ticket_assignee"),
            models.Index(fields=["organization_id", "group", "-updated_at", "-id"], name="ticket_group"),
            models.Index(fields=["organization_id", "category", "-updated_at", "-id"], name="ticket_category"),
            models.Index(
                fields=["organization_id", "handling_category", "-updated_at", "-id"],
                condition=models.Q(handling_category__isnull=False),
                name="ticket_handling",
            ),
            models.Index(fields=["organization_id", "customer", "-id"], name="ticket_customer"),
            models.Index(fields=["organization_id", "created_by", "-id"], name="ticket_creator"),
            models.Index(fields=["organization_id", "stage", "-board_rank", "-id"], name="ticket_board"),
            models.Index(
                fields=["organization_id", "-updated_at", "-id"],
                include=["status", "assignee", "group", "category", "created_by", "stage"],
                condition=models.Q(status__lt=6, is_spam=False),
                name="ticket_open",
            ),
            models.Index(
                fields=["organization_id", "-updated_at", "-id"], condition=models.Q(is_spam=True), name="ticket_spam"
            ),
            models.Index(
                fields=["organization_id", "status", "-updated_at", "-id"],
                condition=models.Q(status__gte=6),
                name="ticket_done",
            ),
            models.Index(
                fields=["organization_id", "-updated_at", "-id"],
                condition=models.Q(status__lt=6, is_spam=False, last_customer_at__gt=models.F("last_agent_at")),
                name="ticket_waiting",
            ),
            models.Index(
                fields=["close_due_at"], condition=models.Q(close_due_at__isnull=False), name="ticket_close_due"
            ),
        ]


class Assignment(TenantModel):
    """One of the members a ticket is given to; the first is also ``ticket.assignee``.

    ``is_helper`` marks all others: what is a member's own stands in the tickets' indexes, the few he helps with in this one.
    """

    ticket = TenantForeignKey(Ticket, models.CASCADE, related_name="assignments")
    member = TenantForeignKey(Member, models.CASCADE, related_name="assignments")
    is_helper = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "ticket", "member"], name="assigned_once")]
        indexes = [
            models.Index(fields=["organization_id", "member", "-ticket"], name="assignment_member"),
            models.Index(
                fields=["organization_id", "member", "-ticket"],
                condition=models.Q(is_helper=True),
                name="assignment_helper",
            ),
        ]


class Participant(TenantModel):
    """An outside address that takes part in a ticket: its mail joins, and answers go to it.

    A ticket may have several requesters (To); copies (Cc) are seen by all, blind ones (Bcc) by staff alone.
    ``is_confirmed`` is false for an address that only a mail named in Cc, until staff accept it.
    """

    class Role(models.TextChoices):
        REQUESTER = "requester"
        COPY = "copy"
        BLIND = "blind"

    ticket = TenantForeignKey(Ticket, models.CASCADE, related_name="participants")
    address = models.CharField(max_length=254)
    name = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=10, choices=Role, default=Role.REQUESTER)
    is_confirmed = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "ticket", "address"], name="takes_part_once")]
        indexes = [models.Index(fields=["organization_id", "address", "-ticket"], name="participant_address")]


class MessageKind(models.TextChoices):
    CUSTOMER = "customer"
    REPLY = "reply"
    COMMENT = "comment"
    HELD = "held"


class Message(TenantModel):
    """One entry of the conversation: a customer's message, a public reply, or a comment only staff see.

    ``held``: mail that knew the ticket's reply address but came from somebody who takes no part in it; only staff
    see it until they accept it. ``html`` is always sanitised; ``quoted`` is the folded older text. ``is_blind``: written
    by somebody who took part as a blind copy; nobody outside but himself may learn of it, whatever he is later.
    """

    ticket = TenantForeignKey(Ticket, models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=10, choices=MessageKind)
    channel = models.CharField(max_length=10, choices=Channel)
    author = TenantForeignKey(Member, models.SET_NULL, null=True, related_name="+")
    author_name = models.CharField(max_length=100, blank=True)
    author_address = models.CharField(max_length=254, blank=True)
    author_avatar = models.CharField(max_length=80, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    quoted = models.TextField(blank=True)
    language = models.CharField(max_length=2, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    mentions = models.JSONField(default=list)
    recipients = models.JSONField(default=list)
    remote_images = models.JSONField(default=list)
    is_automatic = models.BooleanField(default=False)
    is_unverified = models.BooleanField(default=False)
    is_blind = models.BooleanField(default=False, db_default=False)
    mail_id = models.BigIntegerField(null=True)
    header_id = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["organization_id", "ticket", "id"], name="message_ticket"),
            models.Index(
                fields=["organization_id", "header_id"], condition=~models.Q(header_id=""), name="message_header"
            ),
        ]


class Attachment(TenantModel):
    """A file in a message. ``content_id`` is set for pictures that the mail's HTML shows inline."""

    message = TenantForeignKey(Message, models.CASCADE, related_name="attachments")
    file = TenantForeignKey(StoredFile, models.PROTECT)
    content_id = models.CharField(max_length=200, blank=True)
    is_inline = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["organization_id", "message"], name="attachment_message")]


class RemotePicture(TenantModel):
    """A picture that a message names elsewhere, because somebody asked to see it; we fetch it, nobody's browser does.

    ``position`` is its place in ``message.remote_images``, ``content`` what was drawn anew (WebP). The row, and with
    it the wish to see the picture, is forgotten after ``expires_at``.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        READY = "ready"
        FAILED = "failed"

    message = TenantForeignKey(Message, models.CASCADE, related_name="pictures")
    position = models.SmallIntegerField()
    address_digest = models.CharField(max_length=64)
    token = models.CharField(max_length=43)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    content = models.BinaryField(null=True)
    asked_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "message", "position"], name="picture_once"),
            models.UniqueConstraint(fields=["organization_id", "token"], name="picture_token"),
        ]
        indexes = [
            models.Index(fields=["organization_id", "address_digest", "-expires_at"], name="picture_address"),
            models.Index(fields=["expires_at"], name="picture_expired"),
        ]


class SavedView(TenantModel):
    """A named filter; shared with everybody when it has no owner."""

    name = models.CharField(max_length=60)
    owner = TenantForeignKey(Member, models.CASCADE, null=True)
    query = models.JSONField(default=dict)
    order = models.IntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "owner", "name"], name="view_name", nulls_distinct=False)
        ]


class AnswerTemplate(TenantModel):
    """A prepared answer. ``html`` is sanitised and may hold merge codes (:mod:`maru.tickets.merging`).

    ``code`` is what one types after ``/`` to find it: folded, unique in the organization, or empty.
    """

    title = models.CharField(max_length=80)
    code = models.CharField(max_length=30, blank=True)
    html = models.TextField()
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization_id", "code"], condition=~models.Q(code=""), name="template_code"
            ),
            models.UniqueConstraint(fields=["organization_id", "title"], name="template_title"),
        ]


class Draft(TenantModel):
    """What a member has typed into a ticket and not sent."""

    ticket = TenantForeignKey(Ticket, models.CASCADE)
    member = TenantForeignKey(Member, models.CASCADE)
    mode = models.CharField(max_length=10)
    html = models.TextField()
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization_id", "ticket", "member", "mode"], name="one_draft")
        ]


class Presence(TenantModel):
    """Who has a ticket open right now, and who is typing; rows older than 30 seconds mean nothing."""

    ticket = TenantForeignKey(Ticket, models.CASCADE)
    member = TenantForeignKey(Member, models.CASCADE)
    is_typing = models.BooleanField(default=False)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization_id", "ticket", "member"], name="present_once")]
