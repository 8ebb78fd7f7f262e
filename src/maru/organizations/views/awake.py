"""What a page of the desk asks to know how long it may stay open."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from maru.accounts import activity
from maru.accounts.models import Member
from maru.core.errors import NotFound
from maru.core.tenancy import tenant
from maru.organizations.desk import find_here


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def awake(request: HttpRequest, slug: str) -> HttpResponse:
    """``state`` (awake, locked, out), seconds ``left``, and whose session it is; POST says that somebody is there.

    Stands outside ``desk_view``: it has to answer just when the desk is locked. Tells nothing but the session's own.
    """
    token = get_token(request)
    if not request.user.is_authenticated:
        return JsonResponse({"state": "out", "left": 0, "account": None, "csrf": token})
    organization, ages = find_here(request, slug)
    with tenant(organization.id):
        if not Member.objects.filter(account_id=request.user.pk, state=Member.State.ACTIVE).exists():
            raise NotFound()
    left = ages.left(organization.idle_minutes)
    if left:
        is_there = request.method == "POST"
        # A page that only asks still stands open: its limit counts from now on.
        activity.touch(request, ages, organization.idle_minutes, deed=is_there)
        if is_there:
            left = replace(ages, seen=0).left(organization.idle_minutes)
    state = "awake" if left else "locked"
    return JsonResponse({"state": state, "left": left, "account": request.user.pk, "csrf": token})
