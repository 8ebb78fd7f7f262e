"""Inviting by mail, and joining by company code."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from maru.accounts.commands import change_member, remove_member
from maru.accounts.commands.members import Rights
from maru.accounts.models import Account, GroupMember, Invitation, Member
from maru.accounts.roles import member_actor
from maru.accounts.tests.conftest import PASSWORD, Mail
from maru.core.actors import Actor
from maru.core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from maru.core.models import Event
from maru.core.tenancy import tenant
from maru.organizations import commands
from maru.organizations.commands import SignedUp
from maru.organizations.commands.invitations import Offer

NEW = {"email": "lee@partner.example", "name": "이직원", "password": PASSWORD, "terms": "on", "privacy": "on"}
JOIN = {"company": "AB 상사", "homepage": "www.ab.example", **NEW, "email": "park@else.example", "name": "박지원"}


@pytest.fixture
def link(founder: Actor, mails: list[Mail]) -> str:
    """The path of a fresh invitation of lee@partner.example."""
    commands.invite(founder, emails=["Lee@Partner.example"])
    return mails[-1].path


@pytest.mark.row("ACC-03")
def test_the_link_shows_company_data_and_lets_in_at_once(company: SignedUp, link: str, mails: list[Mail]) -> None:
    visitor = Client(headers={"accept-language": "ko"})
    page = visitor.get(link).content.decode()
    assert company.organization.company_code in page
    assert "AB 상사" in page
    assert 'name="company"' not in page, "company data is read-only"
    assert 'value="lee@partner.example"' in page
    answer = visitor.post(link, NEW)
    assert answer["Location"] == "/desk/ab"
    assert visitor.get("/desk/ab/members").status_code == 200
    with tenant(company.organization.id):
        member = Member.objects.get(account__email="lee@partner.example")
        assert (member.state, member.role, member.is_admin) == ("active", "agent", False)
        assert GroupMember.objects.filter(member=member).count() == 1
        assert Event.objects.filter(kind="member.joined", subject_id=member.id).exists()
    assert Account.objects.get(email="lee@partner.example").email_confirmed_at is not None


@pytest.mark.row("ACC-03")
def test_the_address_may_be_changed_and_is_then_not_confirmed(company: SignedUp, link: str) -> None:
    assert Client().post(link, NEW | {"email": "private@home.example"}).status_code == 302
    assert Account.objects.get(email="private@home.example").email_confirmed_at is None


@pytest.mark.row("ACC-03")
def test_a_link_works_once(company: SignedUp, link: str) -> None:
    assert Client().post(link, NEW).status_code == 302
    again = Client(headers={"accept-language": "ko"}).get(link)
    assert again.status_code == 410
    assert "이미 사용한 초대" in again.content.decode()
    assert Client().post(link, NEW | {"email": "second@x.example"}).status_code == 410
    assert not Account.objects.filter(email="second@x.example").exists()


@pytest.mark.row("ACC-03")
def test_a_link_expires(company: SignedUp, link: str) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = Client(headers={"accept-language": "ko"}).get(link)
    assert answer.status_code == 410
    assert "만료된 초대" in answer.content.decode()
    assert Client().post(link, NEW).status_code == 410


@pytest.mark.row("ACC-03")
def test_a_link_can_be_revoked_and_sent_again(
    company: SignedUp, founder_client: Client, link: str, mails: list[Mail]
) -> None:
    number = Invitation.objects.get().id
    assert founder_client.post(f"/desk/ab/invitations/{number}/do", {"do": "resend"}).status_code == 302
    second = mails[-1].path
    assert second != link
    old = Client(headers={"accept-language": "ko"}).get(link)
    assert old.status_code == 410
    assert "취소된 초대" in old.content.decode()
    latest = Invitation.objects.order_by("-id")[0].id
    founder_client.post(f"/desk/ab/invitations/{latest}/do", {"do": "revoke"})
    assert Client().get(second).status_code == 410


def test_a_forged_link_is_nowhere(db: None) -> None:
    assert Client().get("/invitation/guess-me-if-you-can").status_code == 404


def test_bad_input_keeps_the_invitation_open(company: SignedUp, link: str) -> None:
    for wrong in ({"name": ""}, {"password": "short"}, {"email": "x"}, {"terms": ""}, {"name": "\u200b"}):
        assert Client().post(link, {key: value for key, value in (NEW | wrong).items() if value}).status_code == 422
    assert Client().post(link, NEW).status_code == 302


@pytest.mark.row("ACC-03")
def test_somebody_with_an_account_signs_in_and_accepts(
    company: SignedUp, link: str, client_for: Callable[[Account], Client]
) -> None:
    account = Account.objects.create_user("lee@partner.example", PASSWORD, name="이직원")
    visitor = Client()
    assert f"/sign-in?next={link}" in visitor.get(link).content.decode()
    assert visitor.post(link, NEW).status_code == 422
    client = client_for(account)
    assert client.post(link).headers["Location"] == "/desk/ab"
    assert client.post(link).status_code == 410


def test_a_member_cannot_accept_twice(
    founder: Actor, company: SignedUp, founder_client: Client, mails: list[Mail]
) -> None:
    commands.invite(founder, emails=["someone@x.example"])
    assert founder_client.post(mails[-1].path).status_code == 409
    assert Invitation.objects.get().used_at is None


@pytest.mark.row("ORG-06")
def test_many_at_once_with_role_and_language(company: SignedUp, founder_client: Client, mails: list[Mail]) -> None:
    data = {"emails": "a@x.example, b@y.example\nc@z.example", "role": "none", "is_admin": "on", "language": "ja"}
    assert founder_client.post("/desk/ab/members/invite", data).status_code == 302
    assert [mail.recipient for mail in mails] == ["a@x.example", "b@y.example", "c@z.example"]
    assert mails[0].subject == "AB 상사への招待"
    visitor = Client(headers={"accept-language": "en"})
    assert "会社コード" in visitor.get(mails[0].path).content.decode()
    visitor.post(mails[0].path, NEW | {"email": "a@x.example"})
    assert visitor.get("/desk/ab")["Location"] == "/desk/ab/members", "an admin without a role sees no tickets"
    assert visitor.get("/desk/ab/organization").status_code == 200


@pytest.mark.parametrize(
    "emails", ["", "nonsense", "a@x.example nonsense", "founder@ab.example", "a@x.example " * 3000]
)
def test_bad_addresses_are_pointed_out_and_nobody_is_invited(
    company: SignedUp, founder_client: Client, emails: str, mails: list[Mail]
) -> None:
    answer = founder_client.post("/desk/ab/members/invite", {"emails": emails, "role": "agent", "language": "ko"})
    assert answer.status_code == 422
    assert mails == []
    assert not Invitation.objects.exists()


def test_one_address_is_not_flooded(founder: Actor, mails: list[Mail]) -> None:
    for _try in range(5):
        commands.invite(founder, emails=["a@x.example"])
    with pytest.raises(TooMany):
        commands.invite(founder, emails=["A+again@x.example"])


def test_only_organization_admins_invite(add: Callable[..., Member], client_for: Callable[[Account], Client]) -> None:
    agent = add("agent", role="manager")
    with pytest.raises(Forbidden):
        commands.invite(member_actor(agent), emails=["a@x.example"], offer=Offer())
    client = client_for(agent.account)
    assert client.post("/desk/ab/members/invite", {"emails": "a@x.example"}).status_code == 403
    assert 'id="invite"' not in client.get("/desk/ab/members").content.decode()


def test_invitations_of_another_organization_are_nowhere(
    founder: Actor, other: SignedUp, link: str, client_for: Callable[[Account], Client]
) -> None:
    number = Invitation.objects.get().id
    with pytest.raises(NotFound):
        commands.revoke_invitation(member_actor(other.member), invitation_id=number)
    client = client_for(other.account)
    assert client.post(f"/desk/other/invitations/{number}/do", {"do": "revoke"}).status_code == 404
    assert client.post(f"/desk/ab/invitations/{number}/do", {"do": "revoke"}).status_code == 404


@pytest.mark.row("ORG-07")
def test_joining_by_company_code_waits_for_approval(
    company: SignedUp, founder_client: Client, mails: list[Mail]
) -> None:
    visitor = Client(headers={"accept-language": "ko"})
    answer = visitor.post("/join", JOIN | {"company_code": company.organization.company_code}, follow=True)
    assert "승인" in answer.content.decode()
    waiting = visitor.get("/desk/ab")
    assert waiting.status_code == 403
    assert "승인 대기" in waiting.content.decode()
    assert visitor.get("/desk/ab/members").status_code == 403
    assert {(mail.recipient, mail.purpose) for mail in mails} == {
        ("founder@ab.example", "member_waiting"),
        ("park@else.example", "mail_confirmation"),
    }
    assert "박지원" in founder_client.get("/desk/ab/members").content.decode()
    with tenant(company.organization.id):
        member = Member.objects.get(account__email="park@else.example")
        assert Event.objects.filter(kind="member.waiting", subject_id=member.id).count() == 1
    founder_client.post(f"/desk/ab/members/{member.id}/do", {"do": "approve"})
    assert visitor.get("/desk/ab").status_code == 302
    assert mails[-1].purpose == "member_approved"


@pytest.mark.row("ORG-07")
def test_a_refused_joiner_finds_nothing(company: SignedUp, founder_client: Client) -> None:
    visitor = Client()
    data = JOIN | {"company_code": company.organization.company_code}
    visitor.post("/join", data)
    with tenant(company.organization.id):
        member = Member.objects.get(account__email="park@else.example")
    founder_client.post(f"/desk/ab/members/{member.id}/do", {"do": "refuse"})
    assert visitor.get("/desk/ab").status_code == 404
    assert visitor.post("/join", data).status_code == 422
    again = founder_client.post(f"/desk/ab/members/{member.id}/do", {"do": "approve"}, follow=True)
    assert "이미 처리된" in again.content.decode()


@pytest.mark.row("ORG-07")
def test_the_code_is_case_sensitive_and_the_data_must_match(company: SignedUp) -> None:
    code = company.organization.company_code
    visitor = Client(headers={"accept-language": "ko"})
    for wrong in (code.lower(), "CP00000000", code + "0", "x"):
        answer = visitor.post("/join", JOIN | {"company_code": wrong})
        assert answer.status_code == 422
        assert "회사코드를 잘못 입력했습니다" in answer.content.decode()
    for wrong in ({"company": "Else"}, {"homepage": "www.else.example"}, {"homepage": ""}):
        answer = visitor.post("/join", JOIN | {"company_code": code} | wrong)
        assert answer.status_code == 422
        assert "다릅니다" in answer.content.decode()
    assert not Account.objects.filter(email="park@else.example").exists()
    assert (
        visitor.post("/join", JOIN | {"company_code": f" {code} ", "homepage": "https://AB.example/"}).status_code
        == 302
    )


def test_guessing_company_codes_is_held_up(company: SignedUp) -> None:
    visitor = Client()
    statuses = [visitor.post("/join", JOIN | {"company_code": f"CP{n:08d}"}).status_code for n in range(17)]
    assert statuses[:15] == [422] * 15
    assert statuses[-1] == 429


def test_joining_twice_is_told(company: SignedUp) -> None:
    visitor = Client(headers={"accept-language": "ko"})
    data = JOIN | {"company_code": company.organization.company_code}
    visitor.post("/join", data)
    again = visitor.post("/join", data)
    assert again.status_code == 422
    assert "이미 가입을 요청" in again.content.decode()


def test_commands_name_their_errors(company: SignedUp) -> None:
    with pytest.raises(NotFound):
        commands.accept_invitation(company.account, token="none")
    with pytest.raises(Invalid):
        commands.join_organization(company_code="", company="", homepage="", account=company.account)
    with pytest.raises(Conflict):
        commands.join_organization(
            company_code=company.organization.company_code,
            company="AB 상사",
            homepage="ab.example",
            account=company.account,
        )


def test_who_comes_back_has_no_more_rights_than_offered(
    company: SignedUp, founder: Actor, link: str, mails: list[Mail]
) -> None:
    Client().post(link, NEW)
    with tenant(company.organization.id):
        member = Member.objects.get(account__email="lee@partner.example")
    change_member(founder, member_id=member.id, rights=Rights(may_export=True, may_see_logs=True))
    remove_member(founder, member_id=member.id)
    commands.invite(founder, emails=["lee@partner.example"])
    visitor = Client()
    visitor.force_login(member.account)
    visitor.post(mails[-1].path)
    with tenant(company.organization.id):
        member.refresh_from_db()
    assert (member.state, member.may_export, member.may_see_logs) == ("active", False, False)


@pytest.mark.row("ORG-07")
def test_an_office_joins_from_one_network_and_guesses_are_held_up(company: SignedUp) -> None:
    code = company.organization.company_code
    data = {"company": "AB 상사", "homepage": "ab.example", "password": PASSWORD, "terms": "on", "privacy": "on"}
    for number in range(18):
        person = {"name": f"직원 {number}", "email": f"staff{number}@else.example", "company_code": code}
        assert Client().post("/join", {**data, **person}).status_code == 302, number
    person = {"name": "추측", "email": "guess@else.example"}
    for number in range(15):
        assert Client().post("/join", {**data, **person, "company_code": f"CP{number:08d}"}).status_code == 422
    assert Client().post("/join", {**data, **person, "company_code": code}).status_code == 429
    assert Client(REMOTE_ADDR="198.51.100.7").post("/join", {**data, **person, "company_code": code}).status_code == 302
