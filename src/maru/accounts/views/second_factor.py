"""Second factors: the engine's views behind our own addresses, forms and pages."""

from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.account.views import ReauthenticateView
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as CodeReauthenticateForm
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as CodeReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import DownloadRecoveryCodesView, GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.views import (
    AddWebAuthnView,
    EditWebAuthnView,
    LoginWebAuthnView,
    ReauthenticateWebAuthnView,
    RemoveWebAuthnView,
)
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from maru.accounts import activity, guard, proof
from maru.accounts.adapter import passkeys_possible
from maru.accounts.models import Account
from maru.core import limits
from maru.core.errors import TooMany
from maru.core.html import one_line

# A code of the app is good for its own half minute and the ones beside it; within that time it must not work twice.
CODE_LIFE = 120


def factors(request: HttpRequest) -> dict[str, Any]:
    """What the security page shows about second factors."""
    found = list(Authenticator.objects.filter(user_id=request.user.pk).order_by("id"))
    codes = next((row for row in found if row.type == Authenticator.Type.RECOVERY_CODES), None)
    return {
        "totp": next((row for row in found if row.type == Authenticator.Type.TOTP), None),
        "passkeys": [
            {"id": row.pk, "name": row.wrap().name, "created_at": row.created_at, "last_used_at": row.last_used_at}
            for row in found
            if row.type == Authenticator.Type.WEBAUTHN
        ],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "has_factor": is_mfa_enabled(request.user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]),
        "passkeys_possible": passkeys_possible(request),
    }


class OneUse(forms.Form):
    """For forms that ask for a code: slowed down in the database, and no code of the app is taken twice."""

    user: Account

    def clean_code(self) -> str:
        from allauth.core import context

        request = context.request
        try:
            guard.check(request, self.user.email)
            guard.check_codes(self.user)
        except TooMany as error:
            raise forms.ValidationError(guard.wait_text(error)) from error
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except forms.ValidationError as error:
            guard.note_failure(request, self.user.email, self.user)
            guard.note_wrong_code(self.user)
            raise forms.ValidationError(_("This code is not right, or too old.")) from error
        digits = "".join(code.split())
        if not limits.first_in(limits.private_key("code", f"{self.user.pk} {digits}"), CODE_LIFE):
            raise forms.ValidationError(_("This code was used already. Wait for the next one."))
        return code


class CodeForm(OneUse, AuthenticateForm):
    """Second step of signing in."""


class CodeAgainForm(OneUse, CodeReauthenticateForm):
    """Proving once more who one is."""


class Wary(forms.Form):
    """For forms with a passkey's answer: whatever a stranger puts in there, it is a wrong answer and no more.

    The libraries below stumble over hostile answers in many ways (missing keys, odd types, bad signatures).
    """

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError:
            raise
        except Exception as error:
            raise forms.ValidationError(_("That passkey did not work. Try again.")) from error


class PasskeyStepForm(Wary, AuthenticateWebAuthnForm):
    """A passkey as the second step."""


class PasskeyAgainForm(Wary, ReauthenticateWebAuthnForm):
    """A passkey as proof of who one is."""


class PasskeySignInForm(Wary, LoginWebAuthnForm):
    """A passkey alone."""


class PasskeyOnForm(AddWebAuthnForm):
    """A new passkey."""

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            raise
        except Exception as error:
            raise forms.ValidationError(_("The device did not make a passkey. Try again.")) from error
        cleaned["name"] = one_line(cleaned.get("name", ""), 60) or _("Passkey")
        return cleaned


class SecondStep(AuthenticateView):
    template_name = "accounts/second_step.html"
    form_class = CodeForm
    webauthn_form_class = PasskeyStepForm

    def get_form_class(self) -> type[forms.Form]:
        return self.form_class

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        types = set(Authenticator.objects.filter(user_id=self.stage.login.user.pk).values_list("type", flat=True))
        context["has_app"] = Authenticator.Type.TOTP in types
        context["has_passkey"] = Authenticator.Type.WEBAUTHN in types and passkeys_possible(self.request)
        return context


class Confirm:
    """What the three ways to prove oneself once more share: note the proof, then go on with what was being done."""

    request: HttpRequest

    def form_valid(self, form: forms.Form) -> HttpResponse:
        # First of all: the engine itself may take up again a page that was left for this proof.
        activity.prove(self.request.session.session_key or "")
        proof.release(self.request)
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        idle = self.request.GET.get("why") == "idle"
        return context | {"account": self.request.user, "is_idle": idle}


class ConfirmPassword(Confirm, ReauthenticateView):
    template_name = "accounts/confirm.html"
    form_class = ReauthenticateForm


class ConfirmCode(Confirm, CodeReauthenticateView):
    template_name = "accounts/confirm.html"
    form_class = CodeAgainForm

    def get_form_class(self) -> type[forms.Form]:
        return self.form_class


class ConfirmPasskey(Confirm, ReauthenticateWebAuthnView):
    template_name = "accounts/confirm.html"
    form_class = PasskeyAgainForm

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        messages.error(self.request, _("That passkey did not work. Try again."))
        return redirect(self.request.get_full_path())


class AppOn(ActivateTOTPView):
    template_name = "accounts/app_on.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        secret: str = context["form"].secret
        context["secret"] = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        return context


class AppOff(DeactivateTOTPView):
    template_name = "accounts/app_off.html"


class Codes(ViewRecoveryCodesView):
    template_name = "accounts/codes.html"


class NewCodes(GenerateRecoveryCodesView):
    template_name = "accounts/codes_new.html"


class CodesFile(DownloadRecoveryCodesView):
    template_name = "accounts/codes.txt"

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        lines = [_("Recovery codes for Maru. Each works once."), "", *context["unused_codes"], ""]
        response = HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="maru-recovery-codes.txt"'
        return response


class PasskeyOn(AddWebAuthnView):
    template_name = "accounts/passkey_on.html"
    form_class = PasskeyOnForm


class PasskeyName(EditWebAuthnView):
    template_name = "accounts/passkey_name.html"
    success_url = reverse_lazy("accounts:security")

    def get_form(self, form_class: Any = None) -> forms.Form:
        form: forms.Form = super().get_form(form_class)
        form.fields["name"].label = _("Name of the passkey")
        form.fields["name"].max_length = 60  # type: ignore[attr-defined]
        return form

    def form_valid(self, form: forms.Form) -> HttpResponse:
        form.cleaned_data["name"] = one_line(form.cleaned_data["name"], 60) or _("Passkey")
        response: HttpResponse = super().form_valid(form)
        return response


class PasskeyOff(RemoveWebAuthnView):
    template_name = "accounts/passkey_off.html"
    success_url = reverse_lazy("accounts:security")


class PasskeySignIn(LoginWebAuthnView):
    """Signing in with a passkey alone: GET hands out the challenge as JSON, POST brings the answer."""

    form_class = PasskeySignInForm

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        guard.note_failure(self.request, "")
        messages.error(self.request, _("That passkey did not work. Sign in with your password, or try again."))
        return redirect("accounts:sign_in")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            guard.check(request, "")
        except TooMany as error:
            messages.error(request, guard.wait_text(error))
            return redirect("accounts:sign_in")
        request.session.set_expiry(0)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response
