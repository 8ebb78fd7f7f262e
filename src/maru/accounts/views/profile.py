"""My account: who I am, how I sign in, where I am signed in."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from maru.accounts import activity, commands, guard, mails
from maru.accounts.adapter import keep_language
from maru.accounts.commands.profile import PICTURE_FOLDER
from maru.accounts.forms import ChangeMailForm, ChangePasswordForm, ProfileForm
from maru.accounts.models import Account
from maru.accounts.queries import find_account, last_sign_ins
from maru.accounts.views.common import awake_account
from maru.core import limits
from maru.core.errors import Invalid, NotFound, TooMany

YEAR = 31_536_000


def owner(request: HttpRequest) -> Account:
    """The signed-in account (the views below ask for sign-in first)."""
    assert isinstance(request.user, Account)
    return request.user


def tabs(current: str) -> list[dict[str, Any]]:
    """The pages of "my account"."""
    pages = (
        ("profile", "accounts:profile", "circle-user-round", _("Profile")),
        ("security", "accounts:security", "shield-check", _("Sign-in and security")),
        ("sessions", "accounts:sessions", "monitor-smartphone", _("Devices")),
    )
    return [
        {"label": label, "icon": icon, "url": reverse(url), "current": key == current}
        for key, url, icon, label in pages
    ]


def profile_initial(account: Account) -> dict[str, str]:
    return {
        "name": account.name,
        "nickname": account.nickname,
        "language": account.language or get_language() or "en",
        "time_zone": account.time_zone,
    }


@awake_account
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    account = owner(request)
    form = ProfileForm(request.POST or None, initial=profile_initial(account), zone=account.time_zone)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                commands.change_profile(account, **form.cleaned_data)
            except Invalid as error:
                for field, text in error.fields.items():
                    form.add_error(field or None, text)
            else:
                messages.success(request, _("Saved."))
                response = redirect("accounts:profile")
                keep_language(request, response, account)
                response.set_cookie(
                    "time_zone", account.time_zone, max_age=YEAR, samesite="Lax", secure=request.is_secure()
                )
                return response
    context = {"form": form, "tabs": tabs("profile"), "account": account}
    return render(request, "accounts/profile.html", context, status=status)


@awake_account
@require_POST
def avatar(request: HttpRequest) -> HttpResponse:
    """Choose an emoji (``avatar``), initials (empty), or give a ``picture``."""
    account = owner(request)
    try:
        if picture := request.FILES.get("picture"):
            limits.hit(f"avatar:{account.pk}", limit=20, seconds=3600)
            commands.store_picture(account, source=picture, size=picture.size or 0)
        else:
            commands.choose_avatar(account, emoji=request.POST.get("avatar", ""))
    except (Invalid, TooMany) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Your new picture is shown everywhere now."))
    return redirect("accounts:profile")


@require_GET
def picture(request: HttpRequest, token: str) -> HttpResponse | FileResponse:
    """An avatar's picture; its name cannot be guessed and its bytes never change."""
    name = f"{PICTURE_FOLDER}/{token}.webp"
    if not default_storage.exists(name):
        raise NotFound()
    response = FileResponse(default_storage.open(name), content_type="image/webp")
    response["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@sensitive_post_parameters("current")
@awake_account
@require_POST
def change_mail(request: HttpRequest) -> HttpResponse:
    """Begin to change the mail address: a link goes to the new one, word to the old one."""
    account = owner(request)
    form = ChangeMailForm(request.POST)
    if form.is_valid() and _knows_password(request, form):
        email = form.cleaned_data["email"]
        if email == account.email:
            form.add_error("email", _("This is your address already."))
        else:
            limits.hit(f"mailchange:{account.pk}", limit=5, seconds=limits.DAY)
            # To a stranger's ears the answer is the same whether or not the address is taken.
            if find_account(email) is None:
                mails.send_mail_change(account, email, get_language() or "en")
            messages.success(request, _("We have sent a link to %(email)s. Follow it within a day.") % {"email": email})
            return redirect("accounts:security")
    return security_page(request, mail_form=form, status=422)


@awake_account
@require_POST
def confirm_mail(request: HttpRequest) -> HttpResponse:
    """Send the link again that confirms the account's own address."""
    account = owner(request)
    if account.email_confirmed_at is None:
        limits.hit(f"mailconfirm:{account.pk}", limit=3, seconds=limits.DAY)
        mails.send_mail_confirmation(account, get_language() or "en")
    messages.success(request, _("We have sent a link to %(email)s. Follow it within a day.") % {"email": account.email})
    return redirect("accounts:security")


@sensitive_post_parameters("current", "password")
@awake_account
@require_POST
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password; every other session ends."""
    account = owner(request)
    form = ChangePasswordForm(request.POST)
    if form.is_valid() and _knows_password(request, form):
        try:
            commands.change_password(account, password=form.cleaned_data["password"])
        except Invalid as error:
            form.add_error("password", error.message)
        else:
            update_session_auth_hash(request, account)
            UserSession.objects.create_from_request(request)
            activity.prove(request.session.session_key or "")
            mails.send_security_notice(account, "password")
            messages.success(request, _("Your password is changed. All other devices are signed out."))
            return redirect("accounts:security")
    return security_page(request, password_form=form, status=422)


def _knows_password(request: HttpRequest, form: Any) -> bool:
    account = owner(request)
    try:
        guard.check(request, account.email)
    except TooMany as error:
        form.add_error("current", guard.wait_text(error))
        return False
    if account.check_password(form.cleaned_data["current"]):
        return True
    guard.note_failure(request, account.email, account)
    form.add_error("current", _("This is not your password."))
    return False


def security_page(
    request: HttpRequest, *, mail_form: Any = None, password_form: Any = None, status: int = 200
) -> HttpResponse:
    """Everything about signing in on one page."""
    from maru.accounts.views.second_factor import factors

    account = owner(request)
    context = {
        "tabs": tabs("security"),
        "account": account,
        "mail_form": mail_form or ChangeMailForm(),
        "password_form": password_form or ChangePasswordForm(auto_id="pw_%s"),
        "required": request.GET.get("required", ""),
        **factors(request),
    }
    return render(request, "accounts/security.html", context, status=status)


@awake_account
@require_http_methods(["GET", "HEAD"])
def security(request: HttpRequest) -> HttpResponse:
    return security_page(request)


@awake_account
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Where this account is signed in; POST ends one session (``session``) or all others (``others``)."""
    account = owner(request)
    if request.method == "POST":
        return _end_sessions(request, account)
    rows = [
        {
            "id": row.pk,
            "device": guard.device_name(row.user_agent),
            "ip": row.ip,
            "since": row.created_at,
            "current": row.is_current(),
        }
        for row in UserSession.objects.purge_and_list(account)
    ]
    rows.sort(key=lambda row: (not row["current"], -row["since"].timestamp()))
    context = {"tabs": tabs("sessions"), "account": account, "sessions": rows, "records": last_sign_ins(account, 15)}
    return render(request, "accounts/sessions.html", context)


def _end_sessions(request: HttpRequest, account: Account) -> HttpResponse:
    found = [row for row in UserSession.objects.filter(user=account) if not row.is_current()]
    if "others" not in request.POST:
        found = [row for row in found if str(row.pk) == request.POST.get("session")]
        if not found:
            raise NotFound()
    for row in found:
        row.end()
    messages.success(request, _("Signed out there."))
    return redirect("accounts:sessions")
