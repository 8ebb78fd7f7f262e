"""The lock holds on every way into the house: by another organization, another page, a proof for something else."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from maru.accounts import guard
from maru.accounts.models import Account, Member, SessionActivity
from maru.accounts.tests.conftest import PASSWORD
from maru.core import limits
from maru.core.tenancy import tenant
from maru.organizations.commands import SignedUp
from maru.organizations.models import Organization
from maru.organizations.tests.test_idle import SCRIPT, at_desk, later, seen

__all__ = ["at_desk"]

ClientFor = Callable[[Account], Client]
FORM = {"do": "rotate"}


@pytest.fixture
def both(company: SignedUp, other: SignedUp, at_desk: Client) -> Client:
    """Somebody at the desk of two organizations: ab locks after 5 minutes, other after 480."""
    Organization.objects.filter(slug="ab").update(idle_minutes=5)
    Organization.objects.filter(slug="other").update(idle_minutes=480)
    with tenant(other.organization.id):
        Member(account=company.account, name="김창립").save()
    assert at_desk.get("/desk/ab/members").status_code == 200
    return at_desk


def is_locked(client: Client, path: str) -> bool:
    answer = client.get(path)
    return answer.status_code == 302 and "/account/confirm" in answer["Location"]


@pytest.mark.row("ACC-11")
@pytest.mark.parametrize("way", ["/desk/other/members", "/account", "/account/security", "/sign-up", "/join", "/desk"])
def test_a_strict_desk_is_not_opened_by_looking_elsewhere(both: Client, way: str) -> None:
    later(both, minutes=6)
    both.get(way)
    assert is_locked(both, "/desk/ab/members")
    assert both.post("/desk/other/awake").json()["state"] == "locked"
    assert is_locked(both, "/desk/ab/members")


def test_the_strictest_desk_counts_until_the_next_proof(both: Client) -> None:
    later(both, minutes=4)
    assert both.get("/desk/other/members").status_code == 200
    assert both.post("/desk/other/awake").json()["left"] == 5 * 60
    assert 'data-left="300"' in both.get("/desk/other/members").content.decode()
    later(both, minutes=6)
    both.post("/account/unlock", {"password": PASSWORD})
    assert both.get("/desk/other/members").status_code == 200
    later(both, minutes=60)
    assert both.get("/desk/other/members").status_code == 200, "nobody has been at the strict desk since"


def test_a_page_that_only_asks_makes_its_limit_count(both: Client) -> None:
    both.post("/account/unlock", {"password": PASSWORD})
    before = seen(both)
    assert both.get("/desk/ab/awake").json()["state"] == "awake"
    assert seen(both) == before, "asking is no deed"
    later(both, minutes=6)
    assert is_locked(both, "/desk/other/members")


@pytest.mark.parametrize(
    "path",
    [
        "/account/security/app",
        "/account/security/app/off",
        "/account/security/codes",
        "/account/security/codes/new",
        "/account/security/codes/file",
        "/account/security/passkey",
        "/account/security/passkey/1",
        "/account/security/passkey/1/off",
        "/sign-up",
        "/join",
        "/desk?all=1",
    ],
)
def test_a_locked_session_opens_no_other_door(at_desk: Client, path: str) -> None:
    at_desk.post("/account/confirm", {"password": PASSWORD})
    later(at_desk, minutes=31)
    for answer in (at_desk.get(path), at_desk.post(path, {"do": "x"})):
        assert answer.status_code == 302
        assert "why=idle" in answer["Location"], path


def test_a_locked_session_founds_and_joins_nothing(at_desk: Client, company: SignedUp) -> None:
    later(at_desk, minutes=31)
    company_of = {
        "company": "새 회사",
        "slug": "newone",
        "homepage": "www.newone.example",
        "terms": "on",
        "privacy": "on",
    }
    assert "why=idle" in at_desk.post("/sign-up", company_of)["Location"]
    assert not Organization.objects.filter(slug="newone").exists()
    at_desk.post("/account/unlock", {"password": PASSWORD})
    at_desk.post("/sign-up", company_of)
    assert Organization.objects.filter(slug="newone").exists()


def test_a_locked_session_accepts_no_invitation(
    at_desk: Client, other: SignedUp, client_for: ClientFor, mails: list[Any]
) -> None:
    sent = {"emails": "founder@ab.example", "role": "agent", "language": "ko"}
    client_for(other.account).post("/desk/other/members/invite", sent)
    link = mails[-1].path
    later(at_desk, minutes=31)
    assert "why=idle" in at_desk.post(link)["Location"]
    with tenant(other.organization.id):
        assert Member.objects.count() == 1
    at_desk.post("/account/unlock", {"password": PASSWORD})
    at_desk.post(link)
    with tenant(other.organization.id):
        assert Member.objects.count() == 2


def kept_address(client: Client, path: str, data: dict[str, str]) -> str:
    """Send something that needs a proof; where it goes on afterwards."""
    asked = client.post(path, data, headers={"Referer": "http://testserver/desk/ab/organization"})["Location"]
    return unquote(asked.partition("next=")[2].partition("&")[0])


@pytest.mark.row("ACC-11")
def test_no_kept_form_comes_out_without_a_proof(at_desk: Client) -> None:
    later(at_desk, minutes=11, proof_only=True)
    on = kept_address(at_desk, "/desk/ab/organization/do", FORM)
    assert at_desk.get(on)["Location"] == "/desk"
    at_desk.post(f"/account/confirm?next={on}", {"password": "wrong wrong"})
    assert at_desk.get(on)["Location"] == "/desk"
    at_desk.post(f"/account/confirm?next={on}", {"password": PASSWORD})
    assert "rotate" in at_desk.get(on).content.decode()


def test_an_abandoned_form_is_not_sent_by_a_later_proof(at_desk: Client) -> None:
    later(at_desk, minutes=11, proof_only=True)
    on = kept_address(at_desk, "/desk/ab/organization/do", FORM)
    later(at_desk, minutes=31)
    # The very page it was sent from, locked meanwhile, is opened again.
    asked = at_desk.get("/desk/ab/organization")["Location"]
    assert at_desk.post(asked, {"password": PASSWORD})["Location"] == "/desk/ab/organization"
    assert at_desk.get(on)["Location"] == "/desk"
    for name in ("", "x", "../", "%00", signing.dumps("x")):
        assert at_desk.get("/account/confirm/go-on", {"form": name})["Location"] == "/desk", name


@pytest.mark.parametrize("field", ["password", "current", "secret", "client_secret", "refresh_token", "credential"])
def test_no_secret_is_kept_and_that_is_said(at_desk: Client, field: str) -> None:
    later(at_desk, minutes=11, proof_only=True)
    asked = at_desk.post("/desk/ab/settings/mail/new", {"host": "imap.example", field: "hidden words"})["Location"]
    assert "maru_kept" not in at_desk.session
    assert "go-on" not in asked
    assert "비밀 값이 있어" in at_desk.get(asked).content.decode()


def test_what_is_too_long_is_not_kept_and_that_is_said(at_desk: Client) -> None:
    later(at_desk, minutes=31)
    asked = at_desk.post("/desk/ab/groups/new", {"name": "a" * (2 * 1024 * 1024 + 1)})
    page = at_desk.get(asked["Location"]).content.decode()
    assert "너무 길어" in page
    assert "파일이 함께" not in page
    assert "maru_kept" not in at_desk.session


@pytest.mark.row("ACC-11")
def test_strangers_hold_up_no_session_that_is_signed_in(at_desk: Client, company: SignedUp) -> None:
    key = limits.private_key("signin:all", company.account.email)
    for limit, seconds in guard.EVERYWHERE_STEPS:
        for _guess in range(limit):
            limits.note(key, seconds)
    stranger = Client(headers={"accept-language": "ko"}, REMOTE_ADDR="203.0.113.9")
    guess = {"email": company.account.email, "password": PASSWORD}
    assert stranger.post("/sign-in", guess, REMOTE_ADDR="203.0.113.9").status_code == 429
    later(at_desk, minutes=31)
    far = {"REMOTE_ADDR": "198.51.100.7"}
    assert at_desk.post("/account/unlock", {"password": PASSWORD}, **far).json() == {"state": "awake"}
    later(at_desk, minutes=31)
    asked = at_desk.get("/desk/ab/members")["Location"]
    assert at_desk.post(asked, {"password": PASSWORD}, **far)["Location"] == "/desk/ab/members"
    for _guess in range(5):
        at_desk.post("/account/unlock", {"password": "wrong"}, **far)
    assert at_desk.post("/account/unlock", {"password": PASSWORD}, **far).status_code == 429


def test_the_row_of_a_session_is_written_after_the_page(at_desk: Client) -> None:
    later(at_desk, minutes=1)
    with CaptureQueriesContext(connection) as queries:
        at_desk.get("/desk/ab/members")
    told = [query["sql"] for query in queries]
    touched = [at for at, sql in enumerate(told) if "update accounts_sessionactivity" in sql]
    ended = [at for at, sql in enumerate(told) if re.match("RELEASE SAVEPOINT|COMMIT", sql)]
    assert len(touched) == 1
    assert touched[0] > ended[-1], "nobody waits for the row while a page is made"
    with CaptureQueriesContext(connection) as again:
        at_desk.get("/desk/ab/members")
    assert len(again) == len(queries) - 1, "a page soon after writes and asks nothing more"


def test_signing_in_as_somebody_else_begins_a_new_session(company: SignedUp, other: SignedUp) -> None:
    client = Client()
    client.force_login(company.account)
    first = client.session.session_key
    client.force_login(other.account)
    assert client.session.session_key not in (None, first)
    assert SessionActivity.objects.filter(session_key=client.session.session_key).exists()
    assert client.get("/desk/other/members").status_code == 200


@pytest.mark.row("ACC-04")
@pytest.mark.parametrize(
    "path",
    [
        "/desk/ab/settings/mail/1/do",
        "/desk/ab/invitations/1/do",
        "/desk/ab/settings/rules",
        "/desk/ab/settings/api/1/revoke",
    ],
)
@pytest.mark.parametrize("do", ["remove", "resend"])
def test_small_buttons_with_great_effect_ask_first(at_desk: Client, path: str, do: str) -> None:
    later(at_desk, minutes=11, proof_only=True)
    script = at_desk.post(path, {"do": do}, headers=SCRIPT)
    assert (script.status_code, script["Maru-Session"]) == (401, "confirm")
