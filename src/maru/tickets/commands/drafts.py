"""What somebody has typed and not sent yet."""

from maru.core.actors import Actor
from maru.core.commands import command
from maru.core.errors import Forbidden, Invalid
from maru.core.html import html_to_text, strip_controls
from maru.tickets.models import Draft
from maru.tickets.queries.one import get_ticket_by_id_for

LONGEST = 300_000
MODES = ("reply", "note")


@command
def save_draft(actor: Actor, *, ticket_id: int, mode: str, html: str) -> None:
    """Keep the member's draft of one mode; ``html`` must be clean. Nothing written forgets the draft.

    :raises Forbidden: not a member. :raises Invalid: unknown mode or too long.
    """
    ticket = get_ticket_by_id_for(actor, ticket_id)
    if actor.member_id is None:
        raise Forbidden()
    if mode not in MODES or len(html) > LONGEST:
        raise Invalid({"body": "draft"})
    html = strip_controls(html)
    if not html_to_text(html).strip() and "<img" not in html:
        Draft.objects.filter(ticket=ticket, member_id=actor.member_id, mode=mode).delete()
        return
    Draft.objects.update_or_create(
        organization_id=actor.organization_id,
        ticket=ticket,
        member_id=actor.member_id,
        mode=mode,
        defaults={"html": html},
    )


@command
def drop_drafts(actor: Actor, *, ticket_id: int) -> None:
    """Forget what the member had typed into a ticket, once it is sent."""
    if actor.member_id is not None:
        Draft.objects.filter(ticket_id=ticket_id, member_id=actor.member_id).delete()
