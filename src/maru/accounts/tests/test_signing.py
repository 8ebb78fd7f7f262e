"""Coming in, going out, forgotten passwords."""

import re
import time

import pytest
from django.test import Client

from maru.accounts import links, tasks
from maru.accounts.models import Account, SignInRecord
from maru.accounts.tests.conftest import PASSWORD, Mail


def outcomes() -> list[str]:
    return list(SignInRecord.objects.order_by("id").values_list("outcome", flat=True))


@pytest.mark.row("ACC-01")
def test_signs_in_in_any_spelling_and_speaks_the_accounts_language(account: Account, visitor: Client) -> None:
    Account.objects.filter(pk=account.pk).update(language="ja")
    answer = visitor.post("/sign-in", {"email": "  Kim@Example.COM ", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"] == "/desk"
    assert answer.cookies["maru_language"].value == "ja"
    assert outcomes() == ["in"]


@pytest.mark.row("ACC-01")
@pytest.mark.parametrize("remember", [True, False])
def test_stays_signed_in_only_when_asked(account: Account, visitor: Client, remember: bool) -> None:
    visitor.post("/sign-in", {"email": account.email, "password": PASSWORD} | ({"remember": "on"} if remember else {}))
    assert visitor.session.get_expire_at_browser_close() is not remember


def test_a_wrong_password_keeps_the_address_and_says_nothing_about_the_account(
    account: Account, visitor: Client
) -> None:
    wrong = visitor.post("/sign-in", {"email": account.email, "password": "not this one"})
    nobody = visitor.post("/sign-in", {"email": "nobody@example.com", "password": "not this one"})
    assert wrong.status_code == nobody.status_code == 422
    assert 'value="kim@example.com"' in wrong.content.decode()
    assert "not this one" not in wrong.content.decode()

    def neutral(answer: object) -> str:
        text = answer.content.decode()  # type: ignore[attr-defined]
        return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|kim@example.com|nobody@example.com', "", text)

    assert neutral(wrong) == neutral(nobody)
    assert outcomes() == ["failed", "failed"]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_never_leads_to_another_site(account: Account, visitor: Client, target: str) -> None:
    answer = visitor.post("/sign-in", {"email": account.email, "password": PASSWORD, "next": target})
    assert answer["Location"] == "/desk"


def test_goes_on_to_the_page_asked_for(account: Account, visitor: Client) -> None:
    answer = visitor.post("/sign-in", {"email": account.email, "password": PASSWORD, "next": "/account/devices"})
    assert answer["Location"] == "/account/devices"


def test_guessing_is_held_up_from_one_network_and_not_from_another(account: Account, visitor: Client) -> None:
    for _try in range(5):
        assert visitor.post("/sign-in", {"email": account.email, "password": "wrong wrong"}).status_code == 422
    held = visitor.post("/sign-in", {"email": account.email, "password": PASSWORD})
    assert held.status_code == 429
    assert "다시 시도해 주세요" in held.content.decode()
    assert outcomes()[-1] == "blocked"
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert elsewhere.post("/sign-in", {"email": account.email, "password": PASSWORD}).status_code == 302


def test_guessing_from_many_networks_is_held_up_but_not_where_one_works(account: Account, visitor: Client) -> None:
    assert visitor.post("/sign-in", {"email": account.email, "password": PASSWORD}).status_code == 302
    for number in range(100):
        guesser = Client(REMOTE_ADDR=f"198.51.{number}.7")
        assert guesser.post("/sign-in", {"email": account.email, "password": "wrong wrong"}).status_code == 422
    held = Client(REMOTE_ADDR="203.0.113.9").post("/sign-in", {"email": account.email, "password": PASSWORD})
    assert held.status_code == 429
    nobody = [Client(REMOTE_ADDR=f"198.51.{number}.8") for number in range(101)]
    statuses = [one.post("/sign-in", {"email": "no@example.com", "password": "x"}).status_code for one in nobody]
    assert statuses == [422] * 100 + [429], "an address without an account is answered alike"
    assert Client().post("/sign-in", {"email": account.email, "password": PASSWORD}).status_code == 302


def test_a_hold_ends_by_itself(account: Account, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for _try in range(5):
        visitor.post("/sign-in", {"email": account.email, "password": "wrong wrong"})
    later = time.time() + 130
    monkeypatch.setattr("maru.core.limits.time.time", lambda: later)
    assert visitor.post("/sign-in", {"email": account.email, "password": PASSWORD}).status_code == 302


def test_a_switched_off_account_stays_out(account: Account, visitor: Client) -> None:
    Account.objects.filter(pk=account.pk).update(is_active=False)
    assert visitor.post("/sign-in", {"email": account.email, "password": PASSWORD}).status_code == 422


@pytest.mark.row("ACC-01")
def test_signs_out_by_post_only(signed_in: Client) -> None:
    assert signed_in.get("/sign-out").status_code == 302
    assert signed_in.get("/account").status_code == 200
    signed_in.post("/sign-out")
    assert signed_in.get("/account").status_code == 302
    assert outcomes() == ["in", "out"]


@pytest.mark.row("ACC-01")
def test_a_forgotten_password_is_set_anew_by_mail_once(account: Account, signed_in: Client, mails: list[Mail]) -> None:
    tasks.send_reset(email=account.email, language="ko")
    assert mails[0].recipient == account.email
    path = mails[0].path
    fresh = Client()
    assert fresh.get(path).status_code == 200
    assert fresh.post(path, {"password": "short"}).status_code == 422
    assert fresh.post(path, {"password": "another horse 43"}).status_code == 302
    assert fresh.get(path).status_code == 410
    assert fresh.post(path, {"password": "yet another horse"}).status_code == 410
    assert signed_in.get("/account").status_code == 302, "the old session has ended"
    assert fresh.post("/sign-in", {"email": account.email, "password": "another horse 43"}).status_code == 302
    assert [mail.purpose for mail in mails] == ["reset", "security"]


def test_the_answer_to_a_forgotten_password_never_tells_of_an_account(
    account: Account, visitor: Client, mails: list[Mail]
) -> None:
    known = visitor.post("/forgot-password", {"email": account.email})
    unknown = visitor.post("/forgot-password", {"email": "who@example.com"})
    assert known.status_code == unknown.status_code == 200
    assert known.content.replace(b"kim@", b"who@") == unknown.content
    tasks.send_reset(email="who@example.com", language="ko")
    assert mails == []


def test_a_mailbox_is_not_flooded(account: Account, mails: list[Mail]) -> None:
    for _try in range(6):
        tasks.send_reset(email=account.email, language="ko")
    assert len(mails) == tasks.RESETS_AN_HOUR


def test_the_link_names_the_house_not_the_request(account: Account, visitor: Client, settings: object) -> None:
    visitor.post("/forgot-password", {"email": account.email}, headers={"host": "evil.example"})
    assert links.reset_link(account).startswith(settings.ENVIRONMENT.public_url)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["/reset-password/zz/abc-def", "/reset-password/-/x", "/reset-password/1z141z4/a-b"])
def test_forged_links_have_a_page_of_their_own(db: None, visitor: Client, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 410
    assert "사용할 수 없는 링크" in answer.content.decode()


def test_a_reset_link_dies_of_age(account: Account, mails: list[Mail], settings: object) -> None:
    tasks.send_reset(email=account.email, language="ko")
    settings.PASSWORD_RESET_TIMEOUT = -1  # type: ignore[attr-defined]
    assert Client().get(mails[0].path).status_code == 410


def test_pages_of_the_engine_are_not_there(db: None, visitor: Client) -> None:
    for path in ("/accounts/login/", "/login/", "/signup/", "/password/reset/", "/2fa/", "/accounts/email/"):
        assert visitor.get(path).status_code == 404


@pytest.mark.parametrize("password", ["short", "password123", "kim@example.com", "1234567890"])
def test_weak_passwords_are_refused_in_words(account: Account, password: str) -> None:
    from maru.accounts.commands import change_password
    from maru.core.errors import Invalid

    with pytest.raises(Invalid):
        change_password(account, password=password)
