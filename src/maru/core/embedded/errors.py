"""What can go wrong with the database, in words for the person who runs Maru."""

from __future__ import annotations


class DatabaseProblem(Exception):
    """Something about the database needs a person: ``what`` is wrong and, where known, how to ``fix`` it."""

    def __init__(self, what: str, fix: str = "") -> None:
        super().__init__(f"{what} {fix}".strip())
        self.what = what
        self.fix = fix


class FolderInUse(DatabaseProblem):
    """Another Maru works on this data folder."""


class NotRunning(DatabaseProblem):
    """The embedded database was expected to run and does not."""


class DifferentMajorVersion(DatabaseProblem):
    """The data folder was written by another major version of PostgreSQL."""
