"""Groups, to which tickets are forwarded."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from maru.accounts import commands as people
from maru.accounts.models import Member
from maru.accounts.queries import get_group_for, groups_of, members_of, seats
from maru.core.actors import Permission
from maru.core.errors import Invalid, NotFound
from maru.core.numbers import whole
from maru.organizations.desk import DeskRequest, desk_view, render_settings


def _page(request: DeskRequest, error: str = "", group_id: int = 0) -> HttpResponse:
    """All groups. ``error`` stands beside the name of ``group_id`` (0: of the new one), with what was typed."""
    members = {member.id: member for member in members_of(request.actor) if member.state == Member.State.ACTIVE}
    seated = seats(request.actor)
    groups = [
        {"group": group, "members": [members[who] for who in seated.get(group.id, []) if who in members]}
        for group in groups_of(request.actor)
    ]
    context = {
        "groups": groups,
        "agents": [member for member in members.values() if member.role != Member.Role.NONE],
        "manages": request.actor.can(Permission.MEMBERS_MANAGE),
        "error": error,
        "wrong": group_id if error else -1,
        "typed": request.POST.get("name", ""),
        "chosen": _chosen(request),
    }
    return render_settings(
        request, "organizations/groups.html", context, section="groups", status=422 if error else 200
    )


def _chosen(request: DeskRequest) -> list[int]:
    return [member for value in request.POST.getlist("members") if (member := whole(value))]


@require_safe
@desk_view()
def groups(request: DeskRequest) -> HttpResponse:
    return _page(request)


@require_POST
@desk_view(Permission.MEMBERS_MANAGE)
def create(request: DeskRequest) -> HttpResponse:
    try:
        people.create_group(request.actor, name=request.POST.get("name", ""))
    except Invalid as error:
        return _page(request, error.message)
    messages.success(request, _("Saved."))
    return redirect("accounts:groups", request.organization.slug)


@require_POST
@desk_view(Permission.MEMBERS_MANAGE)
def change(request: DeskRequest, group_id: int) -> HttpResponse:
    """``do``: save (``name``, ``members``) or delete."""
    group = get_group_for(request.actor, group_id)
    do = request.POST.get("do")
    if do == "delete":
        people.delete_group(request.actor, group_id=group.id)
        messages.success(request, _("The group is deleted."))
    elif do == "save":
        try:
            people.rename_group(request.actor, group_id=group.id, name=request.POST.get("name", ""))
        except Invalid as error:
            return _page(request, error.message, group.id)
        people.set_group_members(request.actor, group_id=group.id, member_ids=_chosen(request))
        messages.success(request, _("Saved."))
    else:
        raise NotFound()
    return redirect("accounts:groups", request.organization.slug)
