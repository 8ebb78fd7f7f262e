"""What the tests of the desk's pages share."""

from io import BytesIO
from typing import Any

from PIL import Image

from maru.core.actors import requester_actor
from maru.core.tenancy import tenant
from maru.tickets import commands
from maru.tickets.models import Message, Ticket

HTMX = {"HX-Request": "true"}


def url(ticket: Ticket, rest: str = "") -> str:
    return f"/desk/ab/tickets/{ticket.number}{rest}"


def fresh(ticket: Ticket) -> Ticket:
    with tenant(ticket.organization_id):
        return Ticket.objects.get(id=ticket.id)


def picture() -> bytes:
    made = BytesIO()
    Image.new("RGB", (40, 20), "teal").save(made, "PNG")
    return made.getvalue()


def customer_writes(ticket: Ticket, text: str = "새 소식이 있나요?", **more: Any) -> Message:
    return commands.add_customer_message(
        requester_actor(ticket.organization_id, "김서연"),
        ticket_id=ticket.id,
        text=text,
        author_name="김서연",
        channel="email",
        **more,
    )
