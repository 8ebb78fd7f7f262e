"""What the ticket room does when something happens downstairs."""

from maru.accounts.models import Member
from maru.accounts.roles import permissions_of
from maru.core.actors import Permission, system_actor
from maru.core.events import Published
from maru.organizations.events import OrganizationCreated
from maru.tickets import tasks
from maru.tickets.commands import set_up_desk
from maru.tickets.events import CategoryDeleted, CategoryRenamed, PicturesAsked


def lay_out_desk(published: Published) -> None:
    """A new company finds its stages and first categories in its language."""
    event = published.event
    assert isinstance(event, OrganizationCreated)
    set_up_desk(system_actor(published.actor.organization_id), language=event.language)


def release_tickets(published: Published) -> None:
    """What somebody had who works here no more waits for the others again."""
    member = Member.objects.filter(id=published.event.subject_id).first()
    if member is not None and Permission.TICKET_HANDLE not in permissions_of(member):
        tasks.release_member.defer(organization_id=member.organization_id, member_id=member.id)


def settle_categories(published: Published) -> None:
    """However many tickets have a category, whoever renames or deletes it does not wait for them."""
    event, organization_id = published.event, published.actor.organization_id
    assert isinstance(event, CategoryRenamed | CategoryDeleted)
    tasks.settle_later(event.tree, organization_id, event.subject_id)


def fetch_asked_pictures(published: Published) -> None:
    """One message at a time for each organization: slow servers of its correspondents hold up itself alone."""
    event, organization_id = published.event, published.actor.organization_id
    assert isinstance(event, PicturesAsked)
    job = tasks.fetch_pictures.configure(lock=f"pictures:{organization_id}")
    job.defer(organization_id=organization_id, message_id=event.message_id)
