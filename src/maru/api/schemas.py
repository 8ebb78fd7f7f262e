"""What the programming interface takes and gives: explicit fields, unknown ones are refused."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

from maru.tickets.models import Priority, Status

STATUS_WORDS = {status: status.name.lower() for status in Status}
PRIORITY_WORDS = {priority: priority.name.lower() for priority in Priority}
StatusWord = Literal["new", "open", "pending", "transferred", "answered", "resolved", "closed"]
PriorityWord = Literal["low", "normal", "high", "urgent"]
MOST_OF_A_LIST = 50


def storable(value: Any) -> Any:
    """Refuse what PostgreSQL and JSON cannot carry: NUL and halves of surrogate pairs."""
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value)):
        raise PydanticCustomError("string_control", "NUL and lone surrogates are not allowed")
    return value


def _address(value: str) -> str:
    if not value.strip():
        return ""
    try:
        validate_email(value.strip())
    except ValidationError:
        raise PydanticCustomError(
            "email", "{error}", {"error": _("Please enter a mail address such as name@example.com.")}
        ) from None
    return value.strip()


Text = Annotated[str, BeforeValidator(storable)]
Address = Annotated[Text, AfterValidator(_address), Field(max_length=254)]
Id = Annotated[StrictInt, Field(ge=1, le=2**63 - 1)]
Content = Annotated[
    Text, Field(min_length=1, max_length=200_000, description="The text, or the HTML with `format: html`.")
]
Format = Annotated[Literal["text", "html"], Field(description="What `content` is. HTML is cleaned.")]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Written(Input):
    """Something with a text."""

    content: Content
    format: Format = "text"

    @property
    def text(self) -> str:
        return self.content if self.format == "text" else ""

    @property
    def html(self) -> str:
        return self.content if self.format == "html" else ""


class RequesterIn(Input):
    """Who asks."""

    name: Annotated[Text, Field(max_length=100)] = ""
    email: Address = ""
    phone: Annotated[Text, Field(max_length=40)] = ""
    company: Annotated[Text, Field(max_length=100)] = ""


class TicketIn(Written):
    """A new request."""

    title: Annotated[Text, Field(min_length=1, max_length=300)]
    requester: RequesterIn = RequesterIn()
    category: Id | Annotated[Text, Field(min_length=1, max_length=80)] | None = Field(
        None, description="Id or name of an intake category."
    )
    priority: PriorityWord = "normal"
    stage: Id | None = None
    group: Id | None = None
    assignees: Annotated[list[Id], Field(max_length=MOST_OF_A_LIST)] = []
    receipt: StrictBool = Field(True, description="Whether the requester is told the number by mail.")


class TicketPatch(Input):
    """What is to change; fields that are left out stay as they are."""

    title: Annotated[Text, Field(min_length=1, max_length=300)] | None = None
    status: StatusWord | None = Field(None, description="Moves the ticket to the first stage of this status.")
    stage: Id | None = None
    priority: PriorityWord | None = None
    category: Id | Annotated[Text, Field(min_length=1, max_length=80)] | None = Field(
        None, description="Id or name of an intake category; null takes it off."
    )
    handling_category: Id | Annotated[Text, Field(min_length=1, max_length=80)] | None = Field(
        None, description="Id or name of a handling category; null takes it off."
    )
    group: Id | None = Field(None, description="Forwards the ticket to this group.")
    assignees: Annotated[list[Id], Field(max_length=MOST_OF_A_LIST)] | None = Field(
        None, description="The members who shall have the ticket, all of them."
    )
    requester: RequesterIn | None = None
    spam: StrictBool | None = None


class AuthorIn(Input):
    name: Annotated[Text, Field(max_length=100)] = ""
    email: Address = ""


class MessageIn(Written):
    """Something to add to a conversation."""

    kind: Literal["reply", "comment", "customer"] = Field(
        "reply", description="A public answer, a note for staff, or what the requester said elsewhere."
    )
    outcome: Literal["open", "hold", "resolve"] = Field("open", description="Replies: what becomes of the ticket.")
    seen: Id | None = Field(
        None, description="Replies: id of the newest public message you know; 409 when there is a newer one."
    )
    author: AuthorIn | None = Field(None, description="Customer messages: who said it; the requester when left out.")
    mentions: Annotated[list[Id], Field(max_length=MOST_OF_A_LIST)] = Field(
        [], description="Comments: members to tell."
    )


class Named(BaseModel):
    id: int
    name: str


class RequesterOut(BaseModel):
    name: str
    email: str
    phone: str
    company: str


class TicketOut(BaseModel):
    number: str
    title: str
    status: StatusWord
    stage: Named
    priority: PriorityWord
    category: Named | None
    handling_category: Named | None = Field(description="How it was handled.")
    group: int | None
    assignees: list[int]
    requester: RequesterOut
    channel: str
    spam: bool
    last_message: int | None = Field(description="Id of the newest public message, for `seen`.")
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    closed_at: datetime | None


class TicketPage(BaseModel):
    items: list[TicketOut]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class FileOut(BaseModel):
    name: str
    content_type: str
    size: int


class MessageOut(BaseModel):
    id: int
    kind: Literal["customer", "reply", "comment", "held"]
    channel: str
    author: str
    author_address: str
    text: str
    html: str
    outcome: str
    files: list[FileOut]
    created_at: datetime


class MessagePage(BaseModel):
    items: list[MessageOut]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class CategoryOut(BaseModel):
    id: int
    parent: int | None
    name: str
    public: bool


class StageOut(BaseModel):
    id: int
    name: str
    names: dict[str, str]
    status: StatusWord


class Categories(BaseModel):
    items: list[CategoryOut]


class Stages(BaseModel):
    items: list[StageOut]


class NamedList(BaseModel):
    items: list[Named]


class FieldProblem(BaseModel):
    field: str = Field(description="Such as `requester.email`; a parameter's or header's name.")
    message: str
    pointer: str = Field("", description="JSON pointer into the body, such as `#/requester/email`.")


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str = Field(description="A stable word for programs.")
    detail: str
    errors: list[FieldProblem] = []
    incident: str = ""
