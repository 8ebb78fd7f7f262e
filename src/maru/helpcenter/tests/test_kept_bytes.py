"""Bytes and rows of a file live and die together, with real commits."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from maru.core.actors import requester_actor
from maru.core.files import any_file, delete_file, store_file
from maru.core.files.store import path_of
from maru.core.tenancy import tenant
from maru.testing.makers import make_organization


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Real commits in this run's own database; what they leave behind has names of its own."""
    with django_db_blocker.unblock():
        yield


@pytest.mark.usefixtures("committed")
def test_bytes_go_only_when_the_row_has_gone() -> None:
    organization = make_organization("files", "Files")
    stored = store_file(requester_actor(organization.id, ""), name="a.txt", source=b"x", allowed=any_file())
    path = path_of(organization.id, stored.key)
    with tenant(organization.id):
        try:
            with transaction.atomic():
                delete_file(stored)
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    assert path.exists()
    with tenant(organization.id):
        delete_file(stored)
    assert not path.exists()
