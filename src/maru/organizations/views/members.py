"""Members of an organization: who is in, who waits, who is invited."""

import re
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from maru.accounts import commands as people
from maru.accounts.commands.members import Rights
from maru.accounts.models import Member
from maru.accounts.queries import emails_of, get_member_for, groups_of, members_of, seats
from maru.accounts.roles import base_role_label, role_label
from maru.core.actors import Permission
from maru.core.errors import Conflict, Invalid, NotFound, TooMany
from maru.organizations import commands, mails
from maru.organizations.commands.invitations import Offer
from maru.organizations.desk import DeskRequest, desk_view, render_settings
from maru.organizations.forms import InviteForm, role_choices
from maru.organizations.queries import invitation_state, pending_invitations
from maru.organizations.views.common import put_errors

FLAGS = ("is_admin", "works_tickets", "works_chats", "works_phone", "may_forward", "may_see_logs", "may_export")


def _page(request: DeskRequest, form: InviteForm | None = None, status: int = 200) -> HttpResponse:
    actor = request.actor
    members = members_of(actor)
    accounts = emails_of(members)
    manages = actor.can(Permission.MEMBERS_MANAGE)
    groups = {group.id: group.name for group in groups_of(actor)}
    of_member: dict[int, list[str]] = {}
    for group_id, member_ids in seats(actor).items():
        for member_id in member_ids:
            of_member.setdefault(member_id, []).append(groups[group_id])
    rows: list[dict[str, Any]] = [
        {
            "member": member,
            "account": accounts[member.account_id],
            "role": role_label(member),
            "groups": of_member.get(member.id, []),
            "is_me": member.id == request.member.id,
        }
        for member in members
    ]
    invitations = pending_invitations(actor) if manages else []
    context = {
        "rows": [row for row in rows if row["member"].state == Member.State.ACTIVE],
        "waiting": [row for row in rows if row["member"].state == Member.State.WAITING],
        "invitations": [
            {"row": row, "state": invitation_state(row), "role": base_role_label(row.role)} for row in invitations
        ],
        "form": form or InviteForm(initial={"language": request.organization.language}),
        "manages": manages,
    }
    return render_settings(request, "organizations/members.html", context, section="members", status=status)


@require_safe
@desk_view()
def members(request: DeskRequest) -> HttpResponse:
    return _page(request)


@require_POST
@desk_view(Permission.MEMBERS_MANAGE, proven=True)
def invite(request: DeskRequest) -> HttpResponse:
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    data = form.cleaned_data
    offer = Offer(role=data["role"], is_admin=data["is_admin"], language=data["language"])
    try:
        sent = commands.invite(request.actor, emails=re.split(r"[\s,;]+", data["emails"]), offer=offer)
    except Invalid as error:
        put_errors(error.fields, form)
        return _page(request, form, 422)
    except TooMany:
        form.add_error("emails", _("You have sent all invitations for today. Please continue tomorrow."))
        return _page(request, form, 429)
    names = ", ".join(invitation.email for invitation in sent[:3]) + ("…" if len(sent) > 3 else "")
    messages.success(request, _("Invitation sent: %(names)s") % {"names": names})
    return redirect("accounts:members", request.organization.slug)


@require_POST
@desk_view(Permission.MEMBERS_MANAGE, proven=True)
def invitation_action(request: DeskRequest, invitation_id: int) -> HttpResponse:
    """``do``: resend or revoke."""
    try:
        if request.POST.get("do") == "resend":
            commands.resend_invitation(request.actor, invitation_id=invitation_id)
            messages.success(request, _("Sent again. The earlier link no longer works."))
        elif request.POST.get("do") == "revoke":
            commands.revoke_invitation(request.actor, invitation_id=invitation_id)
            messages.success(request, _("The invitation is revoked."))
        else:
            raise NotFound()
    except (Conflict, TooMany) as error:
        messages.error(request, error.message)
    return redirect("accounts:members", request.organization.slug)


@require_POST
@desk_view(Permission.MEMBERS_MANAGE, proven=True)
def member_action(request: DeskRequest, member_id: int) -> HttpResponse:
    """``do``: approve, refuse or remove."""
    do = request.POST.get("do")
    member = get_member_for(request.actor, member_id)
    try:
        if do == "approve":
            people.approve_member(request.actor, member_id=member_id)
            mails.send_approved(request.organization, member.account)
            messages.success(request, _("%(name)s is a member now.") % {"name": member.name})
        elif do == "refuse":
            people.refuse_member(request.actor, member_id=member_id)
            messages.success(request, _("%(name)s was refused.") % {"name": member.name})
        elif do == "remove":
            people.remove_member(request.actor, member_id=member_id)
            messages.success(request, _("%(name)s was removed.") % {"name": member.name})
        else:
            raise NotFound()
    except Conflict as error:
        messages.error(request, error.message)
    return redirect("accounts:members", request.organization.slug)


@desk_view(Permission.MEMBERS_MANAGE, proven=True)
def member(request: DeskRequest, member_id: int) -> HttpResponse:
    """Role and rights of one member."""
    found = get_member_for(request.actor, member_id)
    error = ""
    if request.method == "POST":
        rights = Rights(role=request.POST.get("role", ""), **{flag: flag in request.POST for flag in FLAGS})
        try:
            people.change_member(request.actor, member_id=member_id, rights=rights)
        except (Invalid, Conflict) as problem:
            error = problem.message
            # Shown again as chosen; nothing of it is saved.
            for flag in FLAGS:
                setattr(found, flag, getattr(rights, flag))
            found.role = rights.role or found.role
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:members", request.organization.slug)
    context = {
        "found": found,
        "account": found.account,
        "roles": role_choices(),
        "error": error,
        "is_me": found.id == request.member.id,
    }
    status = 422 if error else 200
    return render_settings(request, "organizations/member.html", context, section="members", status=status)
