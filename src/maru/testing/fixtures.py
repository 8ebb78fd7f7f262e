"""Fixtures every test may use: an organization with people and tickets, browsers signed in, a whole running house."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from maru.testing.house import House


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """The database is there already (``maru.testing.plugin``); nothing is to be created or destroyed."""


@pytest.fixture
def organization(db: None) -> Any:
    """An organization ``ab`` with stages, categories and a service ``help``."""
    from maru.testing.makers import make_organization

    return make_organization("ab", "AB Company")


@pytest.fixture
def other_organization(db: None) -> Any:
    """Another tenant, for everything that must not be found."""
    from maru.testing.makers import make_organization

    return make_organization("other", "Other Company")


@pytest.fixture
def service(organization: Any) -> Any:
    """The service ``ab/help``."""
    from maru.core.tenancy import tenant
    from maru.organizations.models import Service

    with tenant(organization.id):
        return Service.objects.get(slug="help")


@pytest.fixture
def make_member(organization: Any) -> Callable[..., Any]:
    """``make_member("name", role="agent", organization=…)`` makes an account and its membership."""
    from maru.testing import makers

    def make(name: str = "agent", **fields: Any) -> Any:
        return makers.make_member(fields.pop("organization", organization), name, **fields)

    return make


@pytest.fixture
def admin(make_member: Callable[..., Any]) -> Any:
    """The founder: organization admin and manager."""
    return make_member("admin", role="manager", is_admin=True, is_founder=True)


@pytest.fixture
def agent(make_member: Callable[..., Any]) -> Any:
    """A plain agent."""
    return make_member("agent")


@pytest.fixture
def make_ticket(organization: Any) -> Callable[..., Any]:
    """``make_ticket(title=…, email=…)`` opens a ticket as a requester would."""
    from maru.testing import makers

    def make(**fields: Any) -> Any:
        return makers.make_ticket(fields.pop("organization", organization), **fields)

    return make


@pytest.fixture
def client_of() -> Callable[..., Any]:
    """``client_of(member)`` is a Django test client signed in as that member."""
    from django.test import Client

    def sign_in(member: Any) -> Client:
        client = Client(headers={"accept-language": "ko"})
        client.force_login(member.account)
        return client

    return sign_in


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A whole running Maru with its own database, shared by the stories of one run."""
    with House(tmp_path_factory.mktemp("house")) as running:
        yield running


@pytest.fixture(scope="session")
def demo_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running Maru with the demo company and the Postbox."""
    with House(tmp_path_factory.mktemp("demo"), demo=True) as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    from maru.testing.browsing import chromium

    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Any, house: House) -> Iterator[Any]:
    """A fresh page in its own context, Korean, desktop size; the test fails on any console error."""
    from maru.testing.browsing import watched_page

    with watched_page(browser, house.url) as fresh:
        yield fresh
