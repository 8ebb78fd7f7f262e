"""What the ticket room does when something happens downstairs."""

from maru.core.actors import system_actor
from maru.core.events import Published
from maru.organizations.events import OrganizationCreated
from maru.tickets.commands import set_up_desk


def lay_out_desk(published: Published) -> None:
    """A new company finds its stages and first categories in its language."""
    event = published.event
    assert isinstance(event, OrganizationCreated)
    set_up_desk(system_actor(published.actor.organization_id), language=event.language)
