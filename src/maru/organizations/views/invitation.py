"""Following an invitation."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from maru.accounts.guard import wait_text
from maru.accounts.models import Account, Invitation
from maru.accounts.queries import find_account
from maru.accounts.views.common import awake_if_signed_in
from maru.accounts.views.signing import enter
from maru.core import limits
from maru.core.errors import Conflict, Invalid, NotFound, TooMany
from maru.core.network import network_of_request
from maru.organizations import commands
from maru.organizations.forms import ConsentForm, PersonForm
from maru.organizations.models import Organization
from maru.organizations.queries import find_invitation, invitation_state
from maru.organizations.views.common import all_valid, page_language, put_errors, signed_in


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@awake_if_signed_in
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Company data read-only; name, password and consents to fill in; at once inside afterwards."""
    try:
        limits.hit(f"invitation:ip:{network_of_request(request)}", limit=120, seconds=600)
    except TooMany as error:
        return _closed(request, None, "", wait_text(error), 429)
    found = find_invitation(token)
    if found is None:
        raise NotFound()
    _speak(request, found)
    organization = Organization.objects.get(id=found.organization_id)
    state = invitation_state(found)
    if state != "open":
        return _closed(request, organization, state, "", 410)
    account = signed_in(request)
    try:
        if account is not None:
            return _as_account(request, found, organization, account, token)
        return _as_stranger(request, found, organization, token)
    except Conflict as error:
        return _closed(request, organization, error.code, error.message, 409)


def _speak(request: HttpRequest, found: Invitation) -> None:
    """The language of the invitation, until the visitor has chosen one himself."""
    if found.language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
        translation.activate(found.language)


def _closed(
    request: HttpRequest, organization: Organization | None, state: str, text: str, status: int
) -> HttpResponse:
    context = {"organization": organization, "state": state, "text": text}
    return render(request, "organizations/invitation_closed.html", context, status=status)


def _as_account(
    request: HttpRequest, found: Invitation, organization: Organization, account: Account, token: str
) -> HttpResponse:
    if request.method == "POST":
        commands.accept_invitation(account, token=token)
        messages.success(request, _("Welcome to %(company)s!") % {"company": organization.name})
        return redirect("organizations:desk", organization.slug)
    context = {"organization": organization, "account": account, "invitation": found}
    return render(request, "organizations/invitation_accept.html", context)


def _as_stranger(request: HttpRequest, found: Invitation, organization: Organization, token: str) -> HttpResponse:
    person = PersonForm(request.POST or None, initial={"email": found.email})
    consent = ConsentForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if all_valid([person, consent]):
            try:
                return _register(request, person, organization, token)
            except Invalid as error:
                put_errors(error.fields, person, consent)
            except Conflict as error:
                if error.code != "account_exists":
                    raise
                person.add_error("email", _("This address has an account. Sign in with it to accept the invitation."))
    context = {
        "organization": organization,
        "person": person,
        "consent": consent,
        "has_account": find_account(found.email) is not None,
        "sign_in_url": f"{reverse('accounts:sign_in')}?next={request.path}",
    }
    return render(request, "organizations/invitation.html", context, status=status)


def _register(request: HttpRequest, person: forms.Form, organization: Organization, token: str) -> HttpResponse:
    member = commands.register_invited(token=token, language=page_language(), **person.cleaned_data)
    messages.success(request, _("Welcome to %(company)s!") % {"company": organization.name})
    desk = reverse("organizations:desk", args=[organization.slug])
    return enter(request, member.account, remember=True, then=desk)
