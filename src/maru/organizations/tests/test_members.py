"""Roles, removal, groups, the organization's settings, and what other tenants see of them."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from maru.accounts import commands as people
from maru.accounts.commands.members import Rights
from maru.accounts.models import Account, Group, GroupMember, Member
from maru.accounts.roles import member_actor
from maru.core.actors import Actor
from maru.core.errors import Conflict, Forbidden, Invalid, NotFound
from maru.core.models import AuditEntry
from maru.core.tenancy import tenant
from maru.organizations import commands
from maru.organizations.commands import SignedUp
from maru.organizations.models import Organization

ADMIN_PAGES = ("/desk/ab/members", "/desk/ab/groups", "/desk/ab/organization")


def fresh(member: Member) -> Member:
    with tenant(member.organization_id):
        found: Member = Member.objects.get(id=member.id)
        return found


@pytest.mark.row("ACC-04")
def test_an_admin_without_a_role_manages_the_organization_only(
    add: Callable[..., Member], client_for: Callable[[Account], Client]
) -> None:
    client = client_for(add("admin", role="none", is_admin=True).account)
    for page in ADMIN_PAGES:
        assert client.get(page).status_code == 200
    assert client.get("/desk/ab")["Location"] == "/desk/ab/members"
    menu = client.get("/desk/ab/members").content.decode().partition('<nav class="rail"')[2].partition("</nav>")[0]
    assert re.findall(r'class="nav" href="([^"]+)"', menu) == ["/desk/ab/members"]
    assert client.get("/desk/ab/tickets").status_code == 403


@pytest.mark.row("ACC-04")
def test_an_agent_sees_members_but_changes_nothing(
    company: SignedUp, add: Callable[..., Member], client_for: Callable[[Account], Client]
) -> None:
    agent = add("agent")
    client = client_for(agent.account)
    assert client.get("/desk/ab/members").status_code == 200
    assert client.get("/desk/ab/organization").status_code == 403
    assert client.get(f"/desk/ab/members/{agent.id}").status_code == 403
    assert client.post(f"/desk/ab/members/{company.member.id}/do", {"do": "remove"}).status_code == 403
    assert client.post("/desk/ab/groups/new", {"name": "x"}).status_code == 403
    assert client.post("/desk/ab/organization/do", {"do": "rotate"}).status_code == 403


@pytest.mark.row("ACC-04", "ORG-06")
def test_roles_and_flags_are_set_and_kept_in_the_audit_trail(
    founder: Actor, founder_client: Client, add: Callable[..., Member]
) -> None:
    agent = add("agent")
    data = {"role": "manager", "is_admin": "on", "works_phone": "on", "may_export": "on"}
    assert founder_client.post(f"/desk/ab/members/{agent.id}", data).status_code == 302
    changed = fresh(agent)
    assert (changed.role, changed.is_admin, changed.may_export, changed.may_forward) == ("manager", True, True, False)
    assert changed.works_tickets, "phone implies ticket"
    with tenant(founder.organization_id):
        entry = AuditEntry.objects.get(action="member.rights_changed")
        assert entry.actor_name == "김창립"
        assert entry.details["changed"]["role"] == ["agent", "manager"]


@pytest.mark.row("ACC-04")
def test_the_founder_is_fixed(company: SignedUp, add: Callable[..., Member]) -> None:
    second = member_actor(add("second", is_admin=True))
    with pytest.raises(Conflict):
        people.change_member(second, member_id=company.member.id, rights=Rights(is_admin=False))
    with pytest.raises(Conflict):
        people.remove_member(second, member_id=company.member.id)
    people.change_member(second, member_id=company.member.id, rights=Rights(role="none"))
    assert fresh(company.member).is_admin


@pytest.mark.row("ORG-06")
def test_the_last_admin_stays(company: SignedUp, founder: Actor, add: Callable[..., Member]) -> None:
    second = add("second", is_admin=True)
    with tenant(company.organization.id):
        Member.objects.filter(id=company.member.id).update(is_admin=False, is_founder=False)
    with pytest.raises(Conflict) as error:
        people.change_member(member_actor(second), member_id=second.id, rights=Rights(is_admin=False))
    assert error.value.code == "last_admin"
    with pytest.raises(Conflict):
        people.remove_member(member_actor(second), member_id=second.id)


def test_a_removed_member_loses_access_at_once(
    founder_client: Client, add: Callable[..., Member], client_for: Callable[[Account], Client]
) -> None:
    agent = add("agent")
    client = client_for(agent.account)
    assert client.get("/desk/ab/members").status_code == 200
    founder_client.post(f"/desk/ab/members/{agent.id}/do", {"do": "remove"})
    assert client.get("/desk/ab/members").status_code == 404
    assert client.get("/desk/ab").status_code == 404
    assert "AB 상사" not in client.get("/desk").content.decode()
    with tenant(agent.organization_id):
        assert not GroupMember.objects.filter(member_id=agent.id).exists()
    assert founder_client.post(f"/desk/ab/members/{agent.id}/do", {"do": "remove"}).status_code == 404, "once only"


@pytest.mark.parametrize("rights", [Rights(role="king"), Rights(role="")])
def test_unknown_roles_are_refused(founder: Actor, add: Callable[..., Member], rights: Rights) -> None:
    with pytest.raises(Invalid):
        people.change_member(founder, member_id=add("agent").id, rights=rights)


@pytest.mark.row("ORG-08")
def test_another_organization_does_not_exist(
    company: SignedUp, other: SignedUp, add: Callable[..., Member], client_for: Callable[[Account], Client]
) -> None:
    agent = add("agent")
    client = client_for(other.account)
    missing = client.get("/desk/nowhere/members")
    for page in (*ADMIN_PAGES, "/desk/ab", f"/desk/ab/members/{agent.id}", "/desk/ab/groups"):
        answer = client.get(page)
        assert answer.status_code == 404
        assert answer.content.replace(page.encode(), b"") == missing.content.replace(b"/desk/nowhere/members", b"")
    assert client.get(f"/desk/other/members/{agent.id}").status_code == 404
    assert client.post(f"/desk/other/members/{agent.id}/do", {"do": "remove"}).status_code == 404
    stranger = member_actor(other.member)
    for act in (people.remove_member, people.approve_member, people.refuse_member):
        with pytest.raises(NotFound):
            act(stranger, member_id=agent.id)
    assert fresh(agent).state == "active"


@pytest.mark.row("ORG-08")
def test_somebody_of_two_organizations_works_in_each_apart(
    company: SignedUp, other: SignedUp, founder_client: Client
) -> None:
    with tenant(other.organization.id):
        Member(account=company.account, name="김창립", role="agent").save()
    assert founder_client.get("/desk/other/members").status_code == 200
    assert founder_client.get("/desk/other/organization").status_code == 403
    assert founder_client.get("/desk/ab/organization").status_code == 200


@pytest.mark.row("ORG-09")
def test_public_pages_and_the_desk_share_a_browser(founder_client: Client) -> None:
    assert founder_client.get("/desk/ab/members").status_code == 200
    assert founder_client.get("/").status_code == 200
    assert founder_client.get("/ab").status_code == 200
    assert founder_client.get("/desk/ab/members").status_code == 200


@pytest.mark.row("ACC-02")
def test_name_and_avatar_are_copied_to_every_organization(
    company: SignedUp, other: SignedUp, founder_client: Client
) -> None:
    with tenant(other.organization.id):
        second = Member(account=company.account, name="김창립")
        second.save()
    data = {"name": "김창립", "nickname": "창립이", "language": "ko", "time_zone": "Asia/Seoul"}
    founder_client.post("/account", data)
    founder_client.post("/account/avatar", {"avatar": "🦊"})
    for member in (company.member, second):
        assert (fresh(member).name, fresh(member).avatar) == ("창립이", "🦊")


def test_groups_are_made_renamed_filled_and_deleted(
    founder: Actor, founder_client: Client, add: Callable[..., Member]
) -> None:
    agent, idle = add("agent"), add("idle", role="none")
    assert founder_client.post("/desk/ab/groups/new", {"name": "  환불\u200b팀 "}).status_code == 302
    with tenant(founder.organization_id):
        group = Group.objects.get(name="환불팀")
    assert founder_client.post("/desk/ab/groups/new", {"name": "환불팀"}).status_code == 422
    assert founder_client.post("/desk/ab/groups/new", {"name": " "}).status_code == 422
    assert founder_client.post("/desk/ab/groups/new", {"name": "x" * 81}).status_code == 422
    data = {"do": "save", "name": "교환팀", "members": [str(agent.id), str(idle.id), "999999", "x"]}
    founder_client.post(f"/desk/ab/groups/{group.id}", data)
    with tenant(founder.organization_id):
        assert Group.objects.get(id=group.id).name == "교환팀"
        assert list(GroupMember.objects.filter(group=group).values_list("member_id", flat=True)) == [agent.id]
    founder_client.post(f"/desk/ab/groups/{group.id}", {"do": "delete"})
    assert founder_client.post(f"/desk/ab/groups/{group.id}", {"do": "delete"}).status_code == 404


def test_groups_of_others_are_nowhere(founder: Actor, other: SignedUp) -> None:
    stranger = member_actor(other.member)
    with tenant(founder.organization_id):
        group = Group.objects.get()
    with pytest.raises(NotFound):
        people.rename_group(stranger, group_id=group.id, name="mine")
    with pytest.raises(NotFound):
        people.set_group_members(stranger, group_id=group.id, member_ids=[])
    with pytest.raises(Forbidden):
        people.create_group(Actor(founder.kind, founder.organization_id), name="x")


@pytest.mark.row("ORG-02")
def test_the_organization_shows_who_it_is(company: SignedUp, founder_client: Client) -> None:
    page = founder_client.get("/desk/ab/organization").content.decode()
    organization = company.organization
    for fact in (organization.name, organization.company_code, organization.organization_key, "ab.example", "help@ab."):
        assert fact in page


@pytest.mark.row("ORG-02")
def test_the_key_is_rotated(company: SignedUp, founder_client: Client) -> None:
    founder_client.post("/desk/ab/organization/do", {"do": "rotate"})
    key = Organization.objects.get(slug="ab").organization_key
    assert key != company.organization.organization_key
    with tenant(company.organization.id):
        entry = AuditEntry.objects.get(action="organization.key_rotated")
        assert key not in str(entry.details)


SETTINGS = {"homepage": "ab.example", "language": "ja", "time_zone": "Asia/Tokyo", "colour": "#7a1f5c"}


def test_settings_are_saved(founder_client: Client) -> None:
    assert founder_client.post("/desk/ab/organization", SETTINGS).status_code == 302
    organization = Organization.objects.get(slug="ab")
    assert (organization.language, organization.time_zone, organization.colour) == ("ja", "Asia/Tokyo", "#7a1f5c")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("colour", "#ffff00"),
        ("colour", "#8fd0d8"),
        ("colour", "red"),
        ("colour", "#12345"),
        ("language", "xx"),
        ("time_zone", "x"),
        ("homepage", "nonsense"),
    ],
)
def test_bad_settings_are_shown_beside_the_field(founder_client: Client, field: str, value: str) -> None:
    answer = founder_client.post("/desk/ab/organization", SETTINGS | {field: value})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Organization.objects.get(slug="ab").colour == ""


@pytest.mark.row("ACC-11")
def test_an_organization_may_require_a_second_factor(
    company: SignedUp,
    founder: Actor,
    founder_client: Client,
    add: Callable[..., Member],
    client_for: Callable[[Account], Client],
) -> None:
    from allauth.mfa.models import Authenticator

    refused = founder_client.post("/desk/ab/organization/do", {"do": "factor", "required": "on"}, follow=True)
    assert "먼저 본인의 2단계 인증" in refused.content.decode()
    Authenticator.objects.create(user=company.account, type=Authenticator.Type.TOTP, data={"secret": "x"})
    founder_client.post("/desk/ab/organization/do", {"do": "factor", "required": "on"})
    assert Organization.objects.get(slug="ab").requires_second_factor
    client = client_for(add("agent").account)
    answer = client.get("/desk/ab/members")
    assert answer["Location"] == "/account/security?required=ab"
    assert "2단계 인증을 요구합니다" in client.get(answer["Location"]).content.decode()
    assert founder_client.get("/desk/ab/members").status_code == 200


def test_signed_out_people_are_led_to_sign_in_and_back(company: SignedUp) -> None:
    answer = Client().get("/desk/ab/members?x=1&y=2")
    assert answer["Location"] == "/sign-in?next=/desk/ab/members%3Fx%3D1%26y%3D2"


@pytest.mark.parametrize("path", ["/", "/terms", "/privacy", "/sign-up", "/join", "/sign-in", "/forgot-password"])
@pytest.mark.parametrize("language", ["ko", "ja", "en"])
def test_public_pages_speak_three_languages(db: None, path: str, language: str) -> None:
    answer = Client(headers={"accept-language": language}).get(path)
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.content.decode()


def test_finding_a_company_page(company: SignedUp) -> None:
    visitor = Client()
    assert visitor.get("/find", {"q": "AB"})["Location"] == "/ab"
    assert visitor.get("/find", {"q": "http://127.0.0.1:8000/ab/"})["Location"] == "/ab"
    assert visitor.get("/find", {"q": "nobody"})["Location"] == "/"
    assert visitor.get("/find", {"q": "//evil.example"})["Location"] == "/"
    assert commands.check_address("free-one") == "free-one"
