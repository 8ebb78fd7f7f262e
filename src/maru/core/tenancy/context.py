"""Entering an organization for the length of one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

_current: ContextVar[int | None] = ContextVar("maru_organization", default=None)


def current_organization_id() -> int | None:
    """The organization this code works in, or ``None`` outside any."""
    return _current.get()


def _set(setting: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config(%s, %s, true)", [setting, value])


@contextmanager
def tenant(organization_id: int) -> Iterator[None]:
    """Work inside one organization: opens a transaction (or savepoint) and tells the database whose it is.

    Nested use with another organization is refused: data of two tenants never meets in one transaction.
    """
    before = _current.get()
    if before is not None and before != organization_id:
        raise RuntimeError(f"transaction belongs to organization {before}, not {organization_id}")
    if before == organization_id:
        with transaction.atomic():
            yield
        return
    nested = connection.in_atomic_block
    with transaction.atomic():
        _set("maru.organization_id", str(organization_id))
        token = _current.set(organization_id)
        try:
            yield
        finally:
            _current.reset(token)
            # Within a larger transaction SET LOCAL would outlive this block; else it ends with the commit.
            if nested and not connection.needs_rollback:
                _set("maru.organization_id", "")


@contextmanager
def acting_account(account_id: int) -> Iterator[None]:
    """Let one account read its own memberships across organizations (policy ``own`` on ``accounts_member``)."""
    nested = connection.in_atomic_block
    with transaction.atomic():
        _set("maru.account_id", str(account_id))
        try:
            yield
        finally:
            if nested and not connection.needs_rollback:
                _set("maru.account_id", "")
