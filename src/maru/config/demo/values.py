"""The shape of a demo request."""

from dataclasses import dataclass
from typing import Literal

Speaker = Literal["agent", "customer", "note"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One more entry of the conversation. ``outcome`` (open, hold, resolve) is for answers only."""

    who: Speaker
    text: str
    outcome: str = "open"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: ``category`` is the position in the default categories, ``hours`` how long ago it came."""

    title: str
    text: str
    name: str
    email: str
    company: str
    category: int
    priority: int
    hours: float
    channel: str = "email"
    turns: tuple[Turn, ...] = ()
    taken: bool = False


def answer(text: str, outcome: str = "open") -> Turn:
    """What an agent wrote to the customer."""
    return Turn("agent", text, outcome)


def more(text: str) -> Turn:
    """What the customer wrote next."""
    return Turn("customer", text)


def note(text: str) -> Turn:
    """What only staff see."""
    return Turn("note", text)
