"""Second factors, recovery codes, sessions."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from maru.accounts.models import Account
from maru.accounts.tests.conftest import PASSWORD, Mail


def code_of(secret: str) -> str:
    """What the app would show now."""
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def confirm(client: Client) -> None:
    client.post("/account/confirm", {"password": PASSWORD})


@pytest.fixture
def secret(signed_in: Client, mails: list[Mail]) -> str:
    """An account with the app set up; its secret."""
    confirm(signed_in)
    page = signed_in.get("/account/security/app").content.decode()
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert found
    secret = found.group(1).replace(" ", "")
    answer = signed_in.post("/account/security/app", {"code": code_of(secret)})
    assert answer["Location"] == "/account/security/codes"
    return secret


def half_signed_in(account: Account) -> Client:
    client = Client(headers={"accept-language": "ko"})
    answer = client.post("/sign-in", {"email": account.email, "password": PASSWORD})
    assert answer["Location"] == "/sign-in/second-step"
    assert client.get("/account").status_code == 302, "the password alone does not let in"
    return client


def test_setting_up_asks_for_the_password_once_more(signed_in: Client) -> None:
    assert "/account/confirm" in signed_in.get("/account/security/app")["Location"]
    assert signed_in.post("/account/confirm", {"password": "wrong wrong"}).status_code == 200
    assert "/account/confirm" in signed_in.get("/account/security/app")["Location"]


@pytest.mark.row("ACC-11")
def test_a_code_of_the_app_is_the_second_step(account: Account, secret: str) -> None:
    client = half_signed_in(account)
    assert "올바르지 않거나" in client.post("/sign-in/second-step", {"code": "000000"}).content.decode()
    answer = client.post("/sign-in/second-step", {"code": code_of(secret)})
    assert answer["Location"] == "/desk"
    assert client.get("/account").status_code == 200


def test_a_code_never_works_twice(account: Account, secret: str) -> None:
    code = code_of(secret)
    assert half_signed_in(account).post("/sign-in/second-step", {"code": code}).status_code == 302
    assert half_signed_in(account).post("/sign-in/second-step", {"code": code}).status_code == 200


def test_guessing_codes_is_held_up(account: Account, secret: str) -> None:
    client = half_signed_in(account)
    for guess in range(5):
        client.post("/sign-in/second-step", {"code": f"{guess:06d}"})
    client.post("/sign-in/second-step", {"code": code_of(secret)})
    assert client.get("/account").status_code == 302


def test_guessing_codes_from_many_networks_is_held_up(account: Account, secret: str) -> None:
    for guess in range(20):
        client = Client(REMOTE_ADDR=f"198.51.{guess}.7")
        client.post("/sign-in", {"email": account.email, "password": PASSWORD})
        client.post("/sign-in/second-step", {"code": f"{guess:06d}"})
    client = half_signed_in(account)
    page = client.post("/sign-in/second-step", {"code": code_of(secret)}).content.decode()
    assert "다시 시도해 주세요" in page
    assert client.get("/account").status_code == 302


@pytest.mark.row("ACC-11")
def test_recovery_codes_work_once_each(account: Account, signed_in: Client, secret: str) -> None:
    codes = re.findall(r"<code>(\d{8})</code>", signed_in.get("/account/security/codes").content.decode())
    assert len(codes) == 10
    assert codes[0] in signed_in.get("/account/security/codes/file").content.decode()
    assert half_signed_in(account).post("/sign-in/second-step", {"code": codes[0]}).status_code == 302
    assert half_signed_in(account).post("/sign-in/second-step", {"code": codes[0]}).status_code == 200
    assert "9" in signed_in.get("/account/security").content.decode()


def test_new_recovery_codes_void_the_old_ones(signed_in: Client, secret: str) -> None:
    before = re.findall(r"<code>(\d{8})</code>", signed_in.get("/account/security/codes").content.decode())
    assert signed_in.post("/account/security/codes/new").status_code == 302
    after = re.findall(r"<code>(\d{8})</code>", signed_in.get("/account/security/codes").content.decode())
    assert not set(before) & set(after)


def test_the_secret_is_not_stored_in_the_clear(secret: str) -> None:
    row = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(row.data)


@pytest.mark.row("ACC-11")
def test_the_app_can_be_removed_and_the_owner_is_told(
    account: Account, signed_in: Client, secret: str, mails: list[Mail]
) -> None:
    assert signed_in.post("/account/security/app/off").status_code == 302
    assert not Authenticator.objects.filter(user=account).exists()
    assert "삭제되었습니다" in mails[-1].text
    answer = Client().post("/sign-in", {"email": account.email, "password": PASSWORD})
    assert answer["Location"] == "/desk"


def test_the_second_step_needs_a_first(db: None, visitor: Client) -> None:
    assert visitor.get("/sign-in/second-step")["Location"] == "/sign-in"


def test_passkeys_of_others_cannot_be_touched(account: Account, signed_in: Client, mails: list[Mail]) -> None:
    stranger = Account.objects.create_user("lee@example.com", PASSWORD, name="Lee")
    key = Authenticator.objects.create(
        user=stranger, type=Authenticator.Type.WEBAUTHN, data={"name": "x", "credential": {}}
    )
    confirm(signed_in)
    assert signed_in.get(f"/account/security/passkey/{key.pk}").status_code == 404
    assert signed_in.post(f"/account/security/passkey/{key.pk}/off").status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


@pytest.mark.parametrize("credential", ["", "nonsense", "{}", "[]", '{"id": 1}', '{"response": {"userHandle": "MQ"}}'])
def test_hostile_passkey_answers_lead_back_to_sign_in(account: Account, visitor: Client, credential: str) -> None:
    visitor.get("/sign-in/passkey", headers={"accept": "application/json"})
    answer = visitor.post("/sign-in/passkey", {"credential": credential})
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in"


@pytest.mark.row("ACC-11")
def test_sessions_are_listed_and_ended_from_afar(account: Account, signed_in: Client) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) AppleWebKit Version/19.0 Safari/604.1"
    phone = Client(headers={"user-agent": agent})
    phone.post("/sign-in", {"email": account.email, "password": PASSWORD})
    page = signed_in.get("/account/devices").content.decode()
    assert "Safari · iPhone" in page
    number = re.search(r'name="session" value="(\d+)"', page)
    assert number
    assert signed_in.post("/account/devices", {"session": number.group(1)}).status_code == 302
    assert phone.get("/account").status_code == 302
    assert signed_in.get("/account").status_code == 200


def test_sessions_of_others_cannot_be_ended(account: Account, signed_in: Client) -> None:
    from allauth.usersessions.models import UserSession

    Account.objects.create_user("lee@example.com", PASSWORD, name="Lee")
    stranger = Client()
    stranger.post("/sign-in", {"email": "lee@example.com", "password": PASSWORD})
    number = UserSession.objects.get(user__email="lee@example.com").pk
    assert signed_in.post("/account/devices", {"session": str(number)}).status_code == 404
    assert stranger.get("/account").status_code == 200


def test_all_others_end_at_once(account: Account, signed_in: Client) -> None:
    others = [Client() for _n in range(3)]
    for other in others:
        other.post("/sign-in", {"email": account.email, "password": PASSWORD})
    signed_in.post("/account/devices", {"others": "1"})
    assert [other.get("/account").status_code for other in others] == [302, 302, 302]
    assert signed_in.get("/account").status_code == 200
