"""Before the desk: the landing page, signing up a company, joining one."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from maru.accounts.guard import wait_text
from maru.accounts.models import Account
from maru.accounts.views.common import awake_if_signed_in
from maru.accounts.views.signing import enter
from maru.core import limits
from maru.core.errors import Conflict, Invalid, TooMany
from maru.core.ids import read_ticket_number
from maru.core.network import network_of_request
from maru.organizations import commands
from maru.organizations.forms import CompanyForm, ConsentForm, JoinForm, PersonForm
from maru.organizations.models import Organization
from maru.organizations.naming import suggest_slug
from maru.organizations.views.common import all_valid, ask_to_confirm, page_language, put_errors, signed_in


@require_http_methods(["GET", "HEAD"])
def landing(request: HttpRequest) -> HttpResponse:
    """What Maru is, and the ways in."""
    context = {"account": signed_in(request), "host": settings.ENVIRONMENT.public_url.split("://", 1)[-1]}
    return render(request, "organizations/landing.html", context)


@require_http_methods(["GET", "HEAD"])
def find(request: HttpRequest) -> HttpResponse:
    """From a company's address or name to its page; ticket numbers are looked up on the company's own page."""
    typed = request.GET.get("q", "").strip()
    try:
        limits.hit(f"find:ip:{network_of_request(request)}", limit=60, seconds=600)
    except TooMany as error:
        messages.error(request, wait_text(error))
        return redirect("organizations:landing")
    slug = typed.rstrip("/").rsplit("/", 1)[-1].casefold()
    if Organization.objects.filter(slug=slug).exists():
        return redirect(f"/{slug}")
    if read_ticket_number(typed):
        messages.info(request, _("Enter the ticket number on the page of the company you wrote to."))
    else:
        messages.error(
            request, _("There is no company at this address. You find it on the company's site or in its mails.")
        )
    return redirect("organizations:landing")


def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "organizations/terms.html")


def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "organizations/privacy.html")


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@awake_if_signed_in
def sign_up(request: HttpRequest) -> HttpResponse:
    """A company signs up; whoever is signed in already founds another one with the same account."""
    account = signed_in(request)
    data = request.POST or None
    company = CompanyForm(data)
    person = None if account else PersonForm(data)
    consent = ConsentForm(data)
    status = 200
    if request.method == "POST":
        status = 422
        forms = [form for form in (company, person, consent) if form is not None]
        if all_valid(forms):
            try:
                return _found(request, company, person, account)
            except Invalid as error:
                put_errors(error.fields, company, person, consent)
            except TooMany as error:
                company.add_error(None, wait_text(error))
                status = 429
            except Conflict:
                assert person is not None
                person.add_error(
                    "email", _("This address has an account. Sign in with it first, then sign up the company.")
                )
    context = {
        "company": company,
        "person": person,
        "consent": consent,
        "account": account,
        "prefix": f"{settings.ENVIRONMENT.public_url.split('://', 1)[-1]}/",
    }
    return render(request, "organizations/sign_up.html", context, status=status)


def _found(
    request: HttpRequest, company: CompanyForm, person: PersonForm | None, account: Account | None
) -> HttpResponse:
    limits.hit(f"signup:ip:{network_of_request(request)}", limit=20, seconds=3600)
    who = person.cleaned_data if person else {}
    made = commands.sign_up_company(
        **company.cleaned_data,
        language=page_language(),
        time_zone=account.time_zone if account else request.COOKIES.get("time_zone", "") or "Asia/Seoul",
        account=account,
        **who,
    )
    desk = reverse("organizations:desk", args=[made.organization.slug])
    messages.success(request, _("Welcome! Your desk is ready."))
    if account:
        return redirect(desk)
    ask_to_confirm(made.account)
    return enter(request, made.account, remember=True, then=desk)


@require_GET
def address_check(request: HttpRequest) -> HttpResponse:
    """Whether an address can be had, as a small piece of page for the form; ``name`` asks for a suggestion."""
    try:
        limits.hit(f"slug:ip:{network_of_request(request)}", limit=240, seconds=600)
        slug = request.GET.get("slug", "")
        if not slug:
            slug = suggest_slug(request.GET.get("name", ""))
            return JsonResponse({"suggestion": slug})
        cleaned = commands.check_address(slug)
    except Invalid as error:
        return JsonResponse({"ok": False, "text": error.message})
    except TooMany as error:
        return JsonResponse({"ok": False, "text": wait_text(error)}, status=429)
    return JsonResponse({"ok": True, "slug": cleaned, "text": _("This address is free.")})


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@awake_if_signed_in
def join(request: HttpRequest) -> HttpResponse:
    """Join by company code and the company's data; an organization admin has to approve."""
    account = signed_in(request)
    data = request.POST or None
    company = JoinForm(data)
    person = None if account else PersonForm(data)
    consent = ConsentForm(data)
    status = 200
    if request.method == "POST":
        status = 422
        forms = [form for form in (company, person, consent) if form is not None]
        if all_valid(forms):
            try:
                return _ask_in(request, company, person, account)
            except Invalid as error:
                put_errors(error.fields, company, person, consent)
            except TooMany as error:
                company.add_error(None, wait_text(error))
                status = 429
            except Conflict as error:
                if error.code == "account_exists" and person is not None:
                    person.add_error("email", _("This address has an account. Sign in with it first, then join."))
                else:
                    company.add_error(None, error.message)
    context = {"company": company, "person": person, "consent": consent, "account": account}
    return render(request, "organizations/join.html", context, status=status)


def _ask_in(
    request: HttpRequest, company: JoinForm, person: PersonForm | None, account: Account | None
) -> HttpResponse:
    # An office is one network: only wrong codes and data are counted as guesses.
    guesses, joined = (f"join:{what}:{network_of_request(request)}" for what in ("wrong", "ip"))
    limits.refuse_when_over(guesses, limit=15, seconds=3600)
    limits.hit(joined, limit=200, seconds=3600)
    who = person.cleaned_data if person else {}
    try:
        member = commands.join_organization(**company.cleaned_data, account=account, language=page_language(), **who)
    except Invalid as error:
        if error.code in ("wrong_code", "wrong_data"):
            limits.note(guesses, 3600)
        raise
    chooser = reverse("organizations:chooser")
    if account:
        return redirect(chooser)
    ask_to_confirm(member.account)
    return enter(request, member.account, remember=True, then=chooser)
