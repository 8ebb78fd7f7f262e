"""Who listens to what, what stands in which slot: one function for each room, called once when Django is ready."""


def wire() -> None:
    """Connect the rooms of the house."""
    wire_people()


def wire_people() -> None:
    """Members and settings stand in the desk's menu."""
    from maru.organizations import desk
    from maru.organizations.views.information import settings_items
    from maru.organizations.views.menu import settings_nav

    desk.register_settings(settings_items)
    desk.register_nav(settings_nav)
