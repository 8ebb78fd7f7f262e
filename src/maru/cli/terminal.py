"""Talking to the person at the terminal."""

from __future__ import annotations

import sys


class CommandProblem(Exception):
    """A command cannot do what was asked: ``what`` hinders and, where known, how to ``fix`` it."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what = what
        self.fix = fix


def say(text: str) -> None:
    """Print to stdout at once, also when it is a pipe."""
    print(text, flush=True)


def complain(text: str) -> None:
    """Print to stderr under our name."""
    print(f"maru: {text}", file=sys.stderr, flush=True)
