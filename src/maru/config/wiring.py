"""Who listens to what, what stands in which slot: one function for each room, called once when Django is ready."""


def wire() -> None:
    """Connect the rooms of the house."""
    wire_desk()
    wire_people()
    wire_api()
    wire_tickets()
    wire_mail()
    wire_notifications()


def wire_people() -> None:
    """Members and settings stand in the desk's menu."""
    from maru.organizations import desk
    from maru.organizations.views.information import settings_items
    from maru.organizations.views.menu import settings_nav

    desk.register_settings(settings_items)
    desk.register_nav(settings_nav)


def wire_mail() -> None:
    """What goes out by mail when something happens, and who fills the slot for everybody else's mail."""
    from maru.channels import outgoing, subscribers
    from maru.channels.views.mail import settings_items
    from maru.core.events import subscribe
    from maru.core.mailing import fill_slot
    from maru.organizations import desk
    from maru.tickets.events import ReplySent, StageChanged, TicketOpened

    fill_slot(outgoing.send_mail)
    desk.register_settings(settings_items)
    subscribe(ReplySent, subscribers.mail_reply, early=True)
    subscribe(TicketOpened, subscribers.mail_receipt, early=True)
    subscribe(StageChanged, subscribers.mail_completion, early=True)


def wire_tickets() -> None:
    """A new company finds its desk laid out; what somebody had who leaves waits for the others; tickets follow categories."""
    from maru.accounts.events import AccessRemoved, MemberRightsChanged
    from maru.core.events import subscribe
    from maru.organizations.events import OrganizationCreated
    from maru.tickets import subscribers
    from maru.tickets.events import CategoryDeleted, CategoryRenamed, PicturesAsked

    subscribe(OrganizationCreated, subscribers.lay_out_desk)
    subscribe(AccessRemoved, subscribers.release_tickets)
    subscribe(MemberRightsChanged, subscribers.release_tickets)
    subscribe(CategoryRenamed, subscribers.settle_categories)
    subscribe(CategoryDeleted, subscribers.settle_categories)
    subscribe(PicturesAsked, subscribers.fetch_asked_pictures)


def wire_api() -> None:
    """Keys of services stand in the settings."""
    from maru.api.views import settings_items
    from maru.organizations import desk

    desk.register_settings(settings_items)


def wire_desk() -> None:
    """Tickets and board stand first in the menu; the mail room shows on a ticket what it would send and has sent."""
    from maru.channels import desk as mail_room
    from maru.organizations import desk
    from maru.tickets import slots
    from maru.tickets.views.menu import board_nav, tickets_nav
    from maru.tickets.views.settings import settings_items

    desk.register_nav(tickets_nav)
    desk.register_nav(board_nav)
    desk.register_settings(settings_items)
    slots.fill_preview(mail_room.preview)
    slots.fill_deliveries(mail_room.deliveries)


def wire_notifications() -> None:
    """Who finds a message in the box when something happens; the bell and the box on every desk page."""
    from maru.accounts.events import MemberWaiting
    from maru.core.events import subscribe
    from maru.notifications import subscribers, views
    from maru.organizations import desk
    from maru.tickets import events

    subscribe(events.MembersAssigned, subscribers.note_assignment)
    subscribe(events.MemberRemoved, subscribers.note_removal)
    subscribe(events.TicketForwarded, subscribers.note_forward)
    subscribe(events.CommentAdded, subscribers.note_comment)
    subscribe(events.CustomerMessageAdded, subscribers.note_customer)
    subscribe(events.MessageHeld, subscribers.note_customer)
    subscribe(MemberWaiting, subscribers.note_approval)
    desk.register_bell(views.bell)
    desk.register_nav(views.nav)
