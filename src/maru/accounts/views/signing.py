"""Coming in, going out, and the way back in for those who forgot their password."""

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.flows.logout import logout
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from maru.accounts import commands, guard, links, mails, tasks
from maru.accounts.adapter import passkeys_possible
from maru.accounts.forms import ForgotForm, NewPasswordForm, SignInForm
from maru.accounts.models import Account
from maru.accounts.queries import find_account
from maru.core import limits
from maru.core.errors import Conflict, Invalid, TooMany
from maru.core.network import network_of_request


def safe_next(request: HttpRequest, otherwise: str = "") -> str:
    """Where to go afterwards: ``next`` of the request when it is a page of this house."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return otherwise


def enter(request: HttpRequest, account: Account, *, remember: bool, then: str = "") -> HttpResponse:
    """Begin a session for somebody whose password was right; a second factor may come between."""
    request.session.set_expiry(settings.SESSION_COOKIE_AGE if remember else 0)
    account.backend = settings.AUTHENTICATION_BACKENDS[0]  # type: ignore[attr-defined]
    login = Login(user=account, email=account.email, redirect_url=then or settings.LOGIN_REDIRECT_URL)
    return perform_password_login(request, {"email": account.email}, login)


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    then = safe_next(request)
    if request.user.is_authenticated:
        return redirect(then or settings.LOGIN_REDIRECT_URL)
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return _try(request, form, then)
            except TooMany as error:
                form.add_error(None, guard.wait_text(error))
                status = 429
            except Invalid as error:
                form.add_error(None, error.message)
    context = {"form": form, "next": then, "passkeys": passkeys_possible(request)}
    return render(request, "accounts/sign_in.html", context, status=status)


def _try(request: HttpRequest, form: SignInForm, then: str) -> HttpResponse:
    email = form.cleaned_data["email"]
    guard.check(request, email)
    account = authenticate(request, username=email, password=form.cleaned_data["password"])
    if not isinstance(account, Account):
        guard.note_failure(request, email, find_account(email))
        raise Invalid(_("The mail address or the password is not right."))
    return enter(request, account, remember=form.cleaned_data["remember"], then=then)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session on POST only; a mere link must not sign anybody out."""
    if request.method != "POST":
        return redirect("organizations:landing")
    logout(request)
    messages.success(request, _("You have signed out."))
    return redirect(safe_next(request) or reverse("organizations:landing"))


@never_cache
def inactive(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/inactive.html", status=403)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """Ask for a way to a new password. The answer never tells whether there is such an account."""
    form = ForgotForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                limits.hit(f"forgot:ip:{network_of_request(request)}", limit=20, seconds=3600)
            except TooMany as error:
                form.add_error(None, guard.wait_text(error))
                return render(request, "accounts/forgot.html", {"form": form}, status=429)
            tasks.send_reset.defer(email=form.cleaned_data["email"], language=get_language() or "en")
            return render(request, "accounts/forgot_done.html", {"email": form.cleaned_data["email"]})
    return render(request, "accounts/forgot.html", {"form": form}, status=status)


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Set a new password by a mailed link; every session of the account ends."""
    account = links.read_reset(uid, token)
    if account is None:
        return render(request, "accounts/reset_expired.html", status=410)
    form = NewPasswordForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                commands.change_password(account, password=form.cleaned_data["password"])
            except Invalid as error:
                form.add_error("password", error.message)
            else:
                commands.confirm_email(account)
                mails.send_security_notice(account, "password")
                if request.user.is_authenticated:
                    logout(request, show_message=False)
                messages.success(request, _("Your new password is set. Sign in with it."))
                return redirect("accounts:sign_in")
    context: dict[str, Any] = {"form": form, "email": account.email}
    return render(request, "accounts/reset.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail(request: HttpRequest, token: str) -> HttpResponse:
    """Follow a link sent to an address: shows what will happen, does it on POST (mail scanners follow links too)."""
    found = links.read_mail(token)
    if found is None:
        return render(request, "accounts/mail_expired.html", status=410)
    account, email = found
    if request.method == "POST":
        try:
            if email == account.email:
                commands.confirm_email(account)
            else:
                commands.change_email(account, email=email)
        except Conflict as error:
            return render(request, "accounts/mail_expired.html", {"text": error.message}, status=409)
        messages.success(request, _("Your mail address is confirmed."))
        return redirect(reverse("accounts:profile") if request.user.is_authenticated else reverse("accounts:sign_in"))
    return render(request, "accounts/mail.html", {"email": email, "is_new": email != account.email})
