"""Talking to the person at the terminal."""

from __future__ import annotations

import sys


class CommandProblem(Exception):
    """A command cannot do what was asked; the text says why and what to do."""


def say(text: str) -> None:
    """Print to stdout at once, also when it is a pipe."""
    print(text, flush=True)


def complain(text: str) -> None:
    """Print to stderr under our name."""
    print(f"maru: {text}", file=sys.stderr, flush=True)
