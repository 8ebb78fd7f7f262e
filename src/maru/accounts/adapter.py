"""How the sign-in engine (django-allauth) fits the house: our words, our mails, our limits."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from maru.accounts import guard, mails, secrets
from maru.accounts.models import Account
from maru.core.errors import TooMany
from maru.core.network import client_ip


class AccountAdapter(DefaultAccountAdapter):
    """Sign-up happens through companies and invitations only; the engine's own pages and mails are never used."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Only what a person needs to hear; the engine's templates stay unused."""
        words = {
            "mfa/messages/totp_activated.txt": _("The authenticator app is set up."),
            "mfa/messages/totp_deactivated.txt": _("The authenticator app was removed."),
            "mfa/messages/webauthn_added.txt": _("The passkey was added."),
            "mfa/messages/webauthn_removed.txt": _("The passkey was removed."),
        }
        text = message or words.get(message_template or "", "")
        if text:
            messages.add_message(request, level, text, extra_tags=extra_tags)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """All mails about accounts are ours (:mod:`maru.accounts.mails`); what the engine would send is not sent."""

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        what = template_prefix.rsplit("/", 1)[-1]
        if isinstance(user, Account) and template_prefix.startswith("mfa/"):
            mails.send_security_notice(user, what)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if isinstance(user, Account):
            keep_language(request, response, user)
        return response

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        request = context.request
        assert isinstance(user, Account)
        try:
            guard.check(request, user.email)
        except TooMany as error:
            raise self.validation_error("too_many_login_attempts") from error
        if user.check_password(password):
            return True
        guard.note_failure(request, user.email, user)
        return False


class MfaAdapter(DefaultMFAAdapter):
    """Second factors: sealed secrets, and passkeys bound to the address the operator has set."""

    def encrypt(self, text: str) -> str:
        return secrets.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.unseal(encrypted_text)

    def _get_site_name(self) -> str:
        return "Maru"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": passkey_host(context.request), "name": "Maru"}

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Any) -> str:
        device = guard.device_name(context.request.headers.get("User-Agent", ""))
        return device if " · " in device else _("Passkey")


def passkey_host(request: HttpRequest) -> str:
    """The domain passkeys belong to: the public address; on this machine alone whatever name the browser used."""
    if settings.ENVIRONMENT.loopback:
        return request.get_host().partition(":")[0]
    return urlsplit(settings.ENVIRONMENT.public_url).hostname or ""


def passkeys_possible(request: HttpRequest) -> bool:
    """Browsers bind passkeys to a domain name, never to a bare address such as 127.0.0.1."""
    host = passkey_host(request)
    return not host.replace(".", "").isdigit() and ":" not in host and not host.startswith("[")


def keep_language(request: HttpRequest, response: HttpResponse, account: Account) -> None:
    """From sign-in on pages speak the language of the account."""
    if account.language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            account.language,
            max_age=365 * 24 * 3600,
            samesite="Lax",
            secure=request.is_secure(),
        )
