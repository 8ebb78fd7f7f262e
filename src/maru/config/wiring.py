"""Who listens to what, what stands in which slot: one function for each room, called once when Django is ready."""


def wire() -> None:
    """Connect the rooms of the house."""
