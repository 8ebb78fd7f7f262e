"""An account and the mails it gets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from maru.accounts.models import Account
from maru.core import mailing

PASSWORD = "correct horse 42"


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Hashing as in the house costs a third of a second each time."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@dataclass
class Mail:
    """One mail as it was handed over."""

    recipient: str
    purpose: str
    subject: str
    text: str
    language: str

    @property
    def path(self) -> str:
        """The path of the first link in it."""
        found = re.search(r"https?://[^/\s]+(/\S+)", self.text)
        assert found, self.text
        return found.group(1)


@pytest.fixture
def mails() -> Iterator[list[Mail]]:
    """What is sent during the test, through the slot that channels fill in the running house."""
    before = list(mailing._filled)
    sent: list[Mail] = []

    def take(**mail: Any) -> None:
        sent.append(Mail(mail["recipient"], mail["purpose"], mail["subject"], mail["text"], mail["language"]))

    mailing.fill_slot(take)
    yield sent
    mailing._filled[:] = before


@pytest.fixture
def account(db: None) -> Account:
    return Account.objects.create_user("kim@example.com", PASSWORD, name="김하늘", language="ko")


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"accept-language": "ko"})


@pytest.fixture
def signed_in(account: Account) -> Client:
    client = Client(headers={"accept-language": "ko"})
    answer = client.post("/sign-in", {"email": account.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client
