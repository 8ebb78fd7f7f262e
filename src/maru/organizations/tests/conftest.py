"""A company that has signed up, people in it, and the mails they get."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from maru.accounts.models import Account, Member
from maru.accounts.roles import member_actor
from maru.accounts.tests.conftest import PASSWORD, mails, quick_passwords  # noqa: F401
from maru.core.actors import Actor
from maru.core.tenancy import tenant
from maru.organizations.commands import SignedUp, sign_up_company

SIGN_UP = {
    "company": "AB 상사",
    "homepage": "www.ab.example",
    "slug": "ab",
    "email": "founder@ab.example",
    "name": "김창립",
    "password": PASSWORD,
    "terms": "on",
    "privacy": "on",
}


def signed_up(slug: str = "ab", company: str = "AB 상사") -> SignedUp:
    return sign_up_company(
        company=company,
        slug=slug,
        homepage=f"www.{slug}.example",
        email=f"founder@{slug}.example",
        name="김창립",
        password=PASSWORD,
    )


@pytest.fixture
def company(db: None, mails: Any) -> SignedUp:  # noqa: F811
    """``ab`` with its founder."""
    return signed_up()


@pytest.fixture
def other(company: SignedUp) -> SignedUp:
    """Another tenant."""
    return signed_up("other", "Other Company")


@pytest.fixture
def founder(company: SignedUp) -> Actor:
    return member_actor(company.member)


@pytest.fixture
def add(company: SignedUp) -> Callable[..., Member]:
    """``add("lee", role="agent")`` makes an account and its membership of ``ab``."""

    def make(name: str, **fields: Any) -> Member:
        account = Account.objects.create_user(f"{name}@ab.example", PASSWORD, name=name, language="ko")
        with tenant(company.organization.id):
            member = Member(account=account, name=name, **fields)
            member.save()
        return member

    return make


@pytest.fixture
def client_for() -> Callable[[Account], Client]:
    def sign_in(account: Account) -> Client:
        client = Client(headers={"accept-language": "ko"})
        client.force_login(account)
        return client

    return sign_in


@pytest.fixture
def founder_client(company: SignedUp, client_for: Callable[[Account], Client]) -> Client:
    return client_for(company.account)
