"""Choosing an organization, and the way to one's first page in it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from maru.accounts.models import Member
from maru.accounts.views.common import awake_account
from maru.core.actors import Permission
from maru.organizations.desk import DeskRequest, desk_url, desk_view
from maru.organizations.queries import places_of
from maru.organizations.views.common import signed_in


@awake_account
@require_safe
def chooser(request: HttpRequest) -> HttpResponse:
    """Where this account belongs; with one place only, straight there."""
    account = signed_in(request)
    assert account is not None
    places = places_of(account)
    active = [place for place in places if place.member.state == Member.State.ACTIVE]
    waiting = [place for place in places if place.member.state == Member.State.WAITING]
    if len(active) == 1 and not waiting and "all" not in request.GET:
        return redirect("organizations:desk", active[0].organization.slug)
    context = {"active": active, "waiting": waiting, "account": account}
    return render(request, "organizations/chooser.html", context)


@desk_view()
def desk(request: DeskRequest) -> HttpResponse:
    """To the tickets; those who only manage the organization go to its members."""
    slug = request.organization.slug
    if request.actor.can(Permission.TICKET_VIEW) and (tickets := desk_url("tickets:list", slug)):
        return redirect(tickets)
    if request.actor.can(Permission.MEMBERS_MANAGE):
        return redirect("accounts:members", slug)
    return redirect(reverse("organizations:information", args=[slug]))
