"""Opening a locked desk again, and going on with what was being done."""

from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from maru.accounts import activity, guard, proof
from maru.accounts.models import Account
from maru.core.errors import TooMany


@never_cache
@login_required
@require_safe
def go_on(request: HttpRequest) -> HttpResponse:
    """The form that waited for a proof, on its way again: by itself, or by its button where no scripts run."""
    kept = proof.take_kept(request)
    if kept is None:
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/go_on.html", {"kept": kept})


@never_cache
@login_required
@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """For a tab that was opened only to sign in: the work waits in another one."""
    return render(request, "accounts/back.html")


@sensitive_post_parameters("password")
@require_POST
def unlock(request: HttpRequest) -> HttpResponse:
    """Open the lock from the page that is locked, with ``password``; answers JSON (401, 422 and 429 with ``detail``)."""
    account = request.user
    if not isinstance(account, Account):
        return proof.signed_out_answer(request)
    try:
        guard.check(request, account.email)
    except TooMany as error:
        answer = _problem(429, guard.wait_text(error))
        answer["Retry-After"] = str(error.retry_after)
        return answer
    if not account.check_password(request.POST.get("password", "")[:256]):
        guard.note_failure(request, account.email, account)
        return _problem(422, _("This is not your password."))
    reauthenticate_by_password(request)
    activity.prove(request.session.session_key or "")
    return JsonResponse({"state": "awake"})


def _problem(status: int, detail: str) -> HttpResponse:
    return JsonResponse({"status": status, "detail": detail}, status=status, content_type="application/problem+json")
