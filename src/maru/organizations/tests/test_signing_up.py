"""A company signs up."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from maru.accounts.models import Account, Group, Member
from maru.core.errors import Invalid
from maru.core.models import AuditEntry, Event
from maru.core.tenancy import tenant
from maru.organizations.commands import SignedUp, check_address, sign_up_company
from maru.organizations.models import Organization, Service
from maru.organizations.naming import clean_homepage, clean_slug, name_key, reserved_words, suggest_slug
from maru.organizations.tests.conftest import SIGN_UP, signed_up


@pytest.mark.row("ORG-01")
def test_signing_up_makes_everything_and_signs_in(db: None, mails: list) -> None:
    visitor = Client(headers={"accept-language": "ko"})
    answer = visitor.post("/sign-up", SIGN_UP)
    assert answer.status_code == 302
    assert answer["Location"] == "/desk/ab"
    organization = Organization.objects.get(slug="ab")
    assert organization.company_code.startswith("CP")
    assert len(organization.company_code) == 10
    assert organization.company_code[2:].isdigit()
    assert organization.homepage == "https://www.ab.example"
    with tenant(organization.id):
        member = Member.objects.get()
        assert (member.is_admin, member.is_founder, member.role, member.works_tickets) == (True, True, "manager", True)
        assert [service.slug for service in Service.objects.all()] == ["help"]
        assert Service.objects.get().name == "고객지원"
        assert [group.name for group in Group.objects.all()] == ["기본 그룹"]
        assert list(Event.objects.order_by("id").values_list("kind", flat=True))[:2] == [
            "member.joined",
            "organization.created",
        ]
        assert AuditEntry.objects.filter(action="organization.created").exists()
    account = Account.objects.get(email="founder@ab.example")
    assert account.agreed_at is not None
    assert visitor.get("/account").status_code == 200
    assert [mail.purpose for mail in mails] == ["mail_confirmation"]
    page = visitor.get("/desk/ab/members").content.decode()
    assert organization.company_code in page
    assert "/ab" in page


@pytest.mark.parametrize("missing", ["company", "slug", "email", "name", "password", "terms", "privacy"])
def test_nothing_is_half_saved_and_what_was_typed_stays(db: None, missing: str) -> None:
    answer = Client().post("/sign-up", {key: value for key, value in SIGN_UP.items() if key != missing})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert 'aria-invalid="true"' in text or 'class="err"' in text
    if missing != "company":
        assert "AB 상사" in text
    assert SIGN_UP["password"] not in text
    assert not Organization.objects.filter(slug="ab").exists()
    assert not Account.objects.filter(email="founder@ab.example").exists()


@pytest.mark.parametrize(
    "slug",
    [
        "a",
        "desk",
        "API",
        "Static",
        "help",
        "sign-in",
        "account",
        "-ab",
        "ab-",
        "a--b",
        "a_b",
        "a b",
        "é",
        "한글",
        "x" * 41,
        "..",
        "a/b",
        "ａｐｉ",
    ],
)
@pytest.mark.row("ORG-01")
def test_addresses_that_cannot_be_had(db: None, slug: str) -> None:
    with pytest.raises(Invalid) as error:
        check_address(slug)
    assert "slug" in error.value.fields


def test_every_first_part_of_our_own_addresses_is_reserved() -> None:
    for word in (
        "desk",
        "api",
        "account",
        "sign-in",
        "healthz",
        "readyz",
        "invitation",
        "join",
        "media",
        "static",
        "-",
    ):
        assert word in reserved_words()


def test_addresses_are_folded(db: None) -> None:
    assert clean_slug(" ＡＢ-Company1 ") == "ab-company1"
    assert suggest_slug("Café AB & Söhne") == "cafe-ab-so-hne" or suggest_slug("AB Company") == "ab-company"
    assert suggest_slug("한글 상사") == ""


@pytest.mark.row("ORG-01")
@pytest.mark.parametrize("name", ["AB 상사", "ab  상사", "ＡＢ 상사", "AB 상사\u200b"])
def test_names_that_look_alike_are_one(company: SignedUp, name: str) -> None:
    with pytest.raises(Invalid) as error:
        signed_up("second", name)
    assert "company" in error.value.fields
    assert not Account.objects.filter(email="founder@second.example").exists()


def test_a_taken_address_is_told_beside_the_field(company: SignedUp) -> None:
    answer = Client(headers={"accept-language": "ko"}).post(
        "/sign-up", SIGN_UP | {"company": "다른 회사", "email": "x@y.example"}
    )
    assert answer.status_code == 422
    assert "이미 사용 중인 주소" in answer.content.decode()


def test_the_live_check_of_an_address(company: SignedUp) -> None:
    visitor = Client(headers={"accept-language": "ko"})
    assert visitor.get("/sign-up/address?slug=AB").json()["ok"] is False
    assert visitor.get("/sign-up/address?slug=new-one").json() == {
        "ok": True,
        "slug": "new-one",
        "text": "사용할 수 있는 주소입니다.",
    }
    assert visitor.get("/sign-up/address?name=AB Company").json() == {"suggestion": "ab-company"}
    assert visitor.get("/sign-up/address").json() == {"suggestion": ""}


def test_an_account_may_found_a_second_company(company: SignedUp, founder_client: Client) -> None:
    data = {"company": "둘째", "slug": "second", "terms": "on", "privacy": "on"}
    assert founder_client.post("/sign-up", data)["Location"] == "/desk/second"
    assert Organization.objects.filter(slug="second").exists()
    page = founder_client.get("/desk").content.decode()
    assert "AB 상사" in page
    assert "둘째" in page


def test_somebody_elses_address_cannot_be_used(company: SignedUp) -> None:
    answer = Client().post("/sign-up", SIGN_UP | {"company": "Thief", "slug": "thief", "email": "Founder@AB.example"})
    assert answer.status_code == 422
    assert not Organization.objects.filter(slug="thief").exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("www.ab.example", "https://www.ab.example"), ("http://ab.example/x", "http://ab.example/x"), ("", "")],
)
def test_homepages(typed: str, kept: str) -> None:
    assert clean_homepage(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["javascript:alert(1)", "nonsense", "https://", 'https://a.b/"onload', "ftp://a.example", "http://u:p@a.example"],
)
def test_hostile_homepages_are_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        clean_homepage(typed)


def test_name_keys_fold_width_case_and_space() -> None:
    assert name_key(" ＡＢ　Company ") == "ab company"


@pytest.mark.row("ORG-01")
def test_two_sign_ups_with_one_address_at_once(mails: list, django_db_blocker: Any) -> None:
    """Two real connections that commit; the run's database is thrown away afterwards."""
    with django_db_blocker.unblock():
        race()


def race() -> None:
    start = threading.Barrier(2)
    results: list[str] = []

    def run(number: int) -> None:
        start.wait()
        try:
            sign_up_company(
                company=f"Race {number}",
                slug="race",
                email=f"r{number}@race.example",
                name="R",
                password="correct horse 42",
            )
            results.append("made")
        except Invalid as error:
            results.append(next(iter(error.fields)))
        finally:
            connection.close()

    runners = [threading.Thread(target=run, args=(number,)) for number in (1, 2)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    assert sorted(results) == ["made", "slug"]
    assert Organization.objects.filter(slug="race").count() == 1
    assert Account.objects.filter(email__endswith="@race.example").count() == 1
