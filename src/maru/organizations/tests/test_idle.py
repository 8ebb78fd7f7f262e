"""A desk that nobody watches locks; a proof opens it where it was; dangerous deeds ask for a fresh proof."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from maru.accounts import activity
from maru.accounts.models import Account, Member, SessionActivity
from maru.accounts.tasks import forget_sessions
from maru.accounts.tests.conftest import PASSWORD
from maru.core.actors import Actor
from maru.core.errors import Forbidden, Invalid
from maru.core.models import AuditEntry
from maru.core.tenancy import tenant
from maru.organizations import commands
from maru.organizations.commands import SignedUp
from maru.organizations.models import Organization

ClientFor = Callable[[Account], Client]
SCRIPT = {"HX-Request": "true"}


def later(client: Client, *, minutes: float = 0, proof_only: bool = False) -> None:
    """Let time pass for this session."""
    row = SessionActivity.objects.get(session_key=client.session.session_key)
    row.proven_at -= timedelta(minutes=minutes)
    if not proof_only:
        row.seen_at -= timedelta(minutes=minutes)
    row.save()


def seen(client: Client) -> Any:
    return SessionActivity.objects.get(session_key=client.session.session_key).seen_at


@pytest.fixture
def at_desk(company: SignedUp, client_for: ClientFor) -> Client:
    return client_for(company.member.account)


@pytest.mark.row("ACC-11")
def test_an_idle_desk_asks_who_is_there_and_goes_on(at_desk: Client) -> None:
    assert at_desk.get("/desk/ab/members").status_code == 200
    later(at_desk, minutes=31)
    answer = at_desk.get("/desk/ab/members?x=1")
    assert answer["Location"] == "/account/confirm?next=/desk/ab/members%3Fx%3D1&why=idle"
    page = at_desk.get(answer["Location"]).content.decode()
    assert "한동안 사용하지 않아" in page
    assert "founder@ab.example" in page
    assert at_desk.get("/desk/ab/members").status_code == 302, "looking at the question opens nothing"
    assert at_desk.post(answer["Location"], {"password": "wrong wrong"}).status_code == 200
    assert at_desk.get("/desk/ab/members").status_code == 302
    answer = at_desk.post(answer["Location"], {"password": PASSWORD})
    assert answer["Location"] == "/desk/ab/members?x=1"
    assert at_desk.get("/desk/ab/members?x=1").status_code == 200


def test_my_account_locks_with_the_desk(at_desk: Client) -> None:
    at_desk.get("/desk/ab/members")
    later(at_desk, minutes=31)
    for path in ("/account", "/account/security", "/account/devices"):
        assert "/account/confirm" in at_desk.get(path)["Location"], path
    assert "/account/confirm" in at_desk.post("/account/devices", {"others": "1"})["Location"]


def test_what_a_page_fetches_by_itself_is_no_deed(at_desk: Client) -> None:
    at_desk.get("/desk/ab/members")
    later(at_desk, minutes=20)
    before = seen(at_desk)
    at_desk.get("/desk/ab/members", headers={"X-Live": "1"})
    at_desk.get("/desk/ab/members", headers={"Sec-Fetch-Dest": "image"})
    at_desk.get("/desk/ab/awake")
    assert seen(at_desk) == before
    at_desk.get("/desk/ab/members", headers={"Sec-Fetch-Dest": "document"})
    assert seen(at_desk) > before


def test_a_person_typing_is_not_idle(at_desk: Client) -> None:
    for _minute in range(3):
        later(at_desk, minutes=20)
        assert at_desk.post("/desk/ab/awake").json()["state"] == "awake"
    assert at_desk.get("/desk/ab/members").status_code == 200


def test_nobody_wakes_a_locked_desk_but_by_a_proof(at_desk: Client) -> None:
    at_desk.get("/desk/ab/members")
    later(at_desk, minutes=31)
    told = at_desk.post("/desk/ab/awake").json()
    assert (told["state"], told["left"]) == ("locked", 0)
    answer = at_desk.get("/desk/ab/members", headers=SCRIPT)
    assert (answer.status_code, answer["Maru-Session"]) == (401, "locked")
    assert at_desk.post("/account/unlock", {"password": "wrong"}).status_code == 422
    assert at_desk.post("/desk/ab/awake").json()["state"] == "locked"
    assert at_desk.post("/account/unlock", {"password": PASSWORD}).json() == {"state": "awake"}
    assert at_desk.get("/desk/ab/members").status_code == 200


def test_guessing_at_the_lock_is_held_up(at_desk: Client) -> None:
    later(at_desk, minutes=31)
    for _guess in range(5):
        at_desk.post("/account/unlock", {"password": "wrong"})
    answer = at_desk.post("/account/unlock", {"password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_whoever_works_all_day_is_asked_after_twelve_hours(at_desk: Client) -> None:
    later(at_desk, minutes=12 * 60 + 1, proof_only=True)
    assert "why=idle" in at_desk.get("/desk/ab/members")["Location"]


def test_a_session_nothing_is_known_of_is_locked(at_desk: Client) -> None:
    SessionActivity.objects.all().delete()
    assert "/account/confirm" in at_desk.get("/desk/ab/members")["Location"]


def test_signed_out_scripts_hear_401_and_the_page_is_told(company: SignedUp) -> None:
    answer = Client().get("/desk/ab/members", headers=SCRIPT)
    assert (answer.status_code, answer["Maru-Session"]) == (401, "out")
    assert Client().get("/desk/ab/awake").json()["state"] == "out"
    assert Client().get("/desk/none/awake").json()["state"] == "out", "tells no stranger which desks there are"


def test_other_tenants_learn_nothing_from_awake(company: SignedUp, other: SignedUp, client_for: ClientFor) -> None:
    stranger = client_for(other.member.account)
    there, missing = stranger.get("/desk/ab/awake"), stranger.get("/desk/none/awake")
    assert there.status_code == missing.status_code == 404
    assert there.content.replace(b"/ab/", b"/none/") == missing.content


def kept_form(client: Client, location: str) -> tuple[str, dict[str, str]]:
    """The form that goes on after the proof: where it goes, what it holds."""
    answer = client.post(location, {"password": PASSWORD})
    assert re.fullmatch(r"/account/confirm/go-on\?form=\w{16}", answer["Location"])
    page = client.get(answer["Location"]).content.decode()
    form = re.search(r'<form method="post" action="([^"]+)" data-go-on>(.*?)</form>', page, re.S)
    assert form
    fields = re.findall(r'<input type="hidden" name="(?!csrf)([^"]+)" value="([^"]*)">', form[2], re.S)
    return form[1], dict(fields)


@pytest.mark.row("ACC-04", "ACC-11")
def test_changing_rights_asks_for_a_proof_and_goes_on(
    at_desk: Client, add: Callable[..., Member], company: SignedUp
) -> None:
    lee = add("lee", role="agent")
    path = f"/desk/ab/members/{lee.id}"
    later(at_desk, minutes=11, proof_only=True)
    answer = at_desk.post(path, {"role": "manager", "is_admin": "on"}, headers={"Referer": f"http://testserver{path}"})
    assert re.fullmatch(r"/account/confirm\?next=/account/confirm/go-on%3Fform%3D\w{16}", answer["Location"])
    with tenant(company.organization.id):
        assert Member.objects.get(id=lee.id).role == "agent"
    assert PASSWORD not in str(Session.objects.get(session_key=at_desk.session.session_key).get_decoded())
    assert kept_form(at_desk, answer["Location"]) == (path, {"role": "manager", "is_admin": "on"})
    assert at_desk.get(unquote(answer["Location"].partition("next=")[2]))["Location"] == "/desk", "it is kept once"
    at_desk.post(path, {"role": "manager", "is_admin": "on"})
    with tenant(company.organization.id):
        changed = Member.objects.get(id=lee.id)
    assert (changed.role, changed.is_admin) == ("manager", True)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/desk/ab/organization/do", {"do": "rotate"}),
        ("/desk/ab/organization/do", {"do": "factor"}),
        ("/desk/ab/organization/do", {"do": "idle", "minutes": "480"}),
        ("/desk/ab/members/invite", {"emails": "x@y.example", "role": "agent", "language": "ko", "is_admin": "on"}),
        ("/desk/ab/settings/api", {"name": "key"}),
    ],
)
def test_what_gives_the_house_away_asks_first(
    at_desk: Client, company: SignedUp, path: str, data: dict[str, str]
) -> None:
    before = Organization.objects.values().get(slug="ab")
    later(at_desk, minutes=11, proof_only=True)
    assert at_desk.post(path, data)["Location"].startswith("/account/confirm?")
    assert Organization.objects.values().get(slug="ab") == before
    script = at_desk.post(path, data, headers=SCRIPT)
    assert (script.status_code, script["Maru-Session"]) == (401, "confirm")
    assert script["Maru-Confirm"].startswith("/account/confirm?")


def test_a_kept_form_waits_for_its_own_proof_and_account_only(
    at_desk: Client, add: Callable[..., Member], client_for: ClientFor
) -> None:
    later(at_desk, minutes=11, proof_only=True)
    at_desk.post("/desk/ab/organization/do", {"do": "rotate"}, headers={"Referer": "http://testserver/desk/ab/x"})
    answer = at_desk.post("/account/confirm?next=/account/security", {"password": PASSWORD})
    assert answer["Location"] == "/account/security", "a proof for something else sends nothing"
    later(at_desk, minutes=11)
    at_desk.post("/desk/ab/organization/do", {"do": "rotate"}, headers={"Referer": "https://evil.example/x"})
    other = add("lee", role="agent")
    session = at_desk.session
    session["_auth_user_id"] = str(other.account_id)
    session["_auth_user_hash"] = other.account.get_session_auth_hash()
    session.save()
    assert at_desk.get("/account/confirm/go-on")["Location"] == "/desk"


def test_a_strange_referer_leads_nowhere_else(at_desk: Client) -> None:
    later(at_desk, minutes=11, proof_only=True)
    for referer in (
        "https://evil.example/x",
        "http://testserver.evil.example/",
        "javascript:alert(1)",
        "//evil.example",
    ):
        answer = at_desk.post("/desk/ab/organization/do", {"do": "rotate", "secret": "x"}, headers={"Referer": referer})
        assert answer["Location"] == "/account/confirm?next=/desk", referer


def test_hostile_words_come_back_as_they_were(at_desk: Client) -> None:
    later(at_desk, minutes=31)
    words = '"><script>alert(1)</script>\u202e\u200b🦊\n' + "줄\n" * 10_000
    answer = at_desk.post("/desk/ab/groups/new", {"name": words})
    _path, fields = kept_form(at_desk, answer["Location"])
    assert "<script>" not in fields["name"]
    assert "&lt;script&gt;" in fields["name"]
    assert fields["name"].count("줄") == 10_000


def test_files_are_not_kept_and_that_is_said(at_desk: Client) -> None:
    later(at_desk, minutes=31)
    picture = SimpleUploadedFile("a.png", b"x", "image/png")
    answer = at_desk.post("/account/avatar", {"picture": picture})
    assert "보관하지 못했습니다" in at_desk.get(answer["Location"]).content.decode()
    assert at_desk.post(answer["Location"], {"password": PASSWORD})["Location"] != "/account/confirm/go-on"


def test_passwords_are_never_kept(at_desk: Client) -> None:
    later(at_desk, minutes=31)
    at_desk.post("/account/password", {"current": PASSWORD, "password": "another horse 43"})
    assert "maru_kept" not in at_desk.session


@pytest.mark.row("ACC-11")
def test_an_admin_sets_the_time_within_bounds(founder: Actor, at_desk: Client) -> None:
    at_desk.post("/desk/ab/organization/do", {"do": "idle", "minutes": "5"})
    assert Organization.objects.get(slug="ab").idle_minutes == 5
    for wrong in ("0", "-5", "7", "100000", "٥", "x", ""):
        at_desk.post("/desk/ab/organization/do", {"do": "idle", "minutes": wrong})
    assert Organization.objects.get(slug="ab").idle_minutes == 5
    with pytest.raises(Invalid):
        commands.set_idle_minutes(founder, minutes=10**9)
    later(at_desk, minutes=6)
    assert "why=idle" in at_desk.get("/desk/ab/members")["Location"]
    with tenant(founder.organization_id):
        assert AuditEntry.objects.filter(action="organization.idle_minutes").count() == 1


def test_agents_set_no_time(add: Callable[..., Member], client_for: ClientFor) -> None:
    from maru.accounts.roles import member_actor

    agent = add("lee", role="agent")
    assert client_for(agent.account).post("/desk/ab/organization/do", {"do": "idle", "minutes": "5"}).status_code == 403
    with pytest.raises(Forbidden):
        commands.set_idle_minutes(member_actor(agent), minutes=5)


def test_old_sessions_and_their_notes_go(at_desk: Client) -> None:
    Session.objects.all().update(expire_date=timezone.now() - timedelta(days=1))
    later(at_desk, minutes=32 * 24 * 60)
    forget_sessions(0)
    assert not Session.objects.exists()
    assert not SessionActivity.objects.exists()


def test_the_shortest_of_both_ages_counts() -> None:
    assert activity.Ages(0, 0).left(30) == 1800
    assert activity.Ages(1790, 1790).left(30) == 10
    assert activity.Ages(0, 12 * 3600 - 5).left(480) == 5
    assert activity.Ages(9999, 0).left(30) == 0
    assert activity.NEVER.left(480) == 0
    assert not activity.NEVER.is_fresh
