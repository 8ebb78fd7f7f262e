"""The organization itself: who it is, its keys, its rules."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from maru.accounts.queries import waiting_count
from maru.core.actors import Permission
from maru.core.errors import Invalid, NotFound
from maru.organizations import commands
from maru.organizations.desk import DeskRequest, SettingsItem, desk_view, has_second_factor, render_settings
from maru.organizations.forms import OrganizationForm
from maru.organizations.models import Organization
from maru.organizations.naming import homepage_key
from maru.organizations.queries import first_service
from maru.organizations.views.common import put_errors


def _facts(organization: Organization, request: DeskRequest) -> dict[str, Any]:
    service = first_service(request.actor)
    return {
        "id": organization.id,
        "domain": homepage_key(organization.homepage).split("/", 1)[0],
        "url": f"{settings.ENVIRONMENT.public_url}/{organization.slug}",
        "mail": f"{service.slug}@{organization.slug}.{settings.ENVIRONMENT.mail_domain}",
    }


@desk_view(Permission.ORGANIZATION_MANAGE)
def information(request: DeskRequest) -> HttpResponse:
    organization = request.organization
    initial = {key: getattr(organization, key) for key in ("homepage", "language", "time_zone", "colour")}
    form = OrganizationForm(request.POST or None, initial=initial, zone=organization.time_zone)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                commands.change_organization(request.actor, **form.cleaned_data)
            except Invalid as error:
                put_errors(error.fields, form)
            else:
                messages.success(request, _("Saved."))
                return redirect("organizations:information", organization.slug)
    context = {
        "form": form,
        "facts": _facts(organization, request),
        "has_second_factor": has_second_factor(request),
        "idle_choices": [(minutes, duration(minutes)) for minutes in commands.IDLE_MINUTES],
    }
    return render_settings(request, "organizations/information.html", context, section="organization", status=status)


def duration(minutes: int) -> str:
    """``30 minutes`` or ``2 hours`` in words."""
    if minutes == 60:
        return _("1 hour")
    if minutes % 60 == 0:
        return _("%(n)s hours") % {"n": minutes // 60}
    return _("%(n)s minutes") % {"n": minutes}


@require_POST
@desk_view(Permission.ORGANIZATION_MANAGE, proven=True)
def action(request: DeskRequest) -> HttpResponse:
    """``do``: rotate the organization key, require a second factor or not (``required``), lock after ``minutes``."""
    do = request.POST.get("do")
    if do == "rotate":
        commands.rotate_organization_key(request.actor)
        messages.success(request, _("There is a new organization key. The old one no longer works."))
    elif do == "factor":
        required = "required" in request.POST
        if required and not has_second_factor(request):
            messages.error(request, _("Set up a second factor for yourself first, else you would shut yourself out."))
        else:
            commands.require_second_factor(request.actor, required=required)
            messages.success(request, _("Saved."))
    elif do == "idle":
        said = request.POST.get("minutes", "")
        try:
            commands.set_idle_minutes(request.actor, minutes=int(said) if said.isdecimal() and len(said) < 5 else 0)
            messages.success(request, _("Saved."))
        except Invalid as error:
            messages.error(request, error.message)
    else:
        raise NotFound()
    return redirect("organizations:information", request.organization.slug)


def settings_items(request: DeskRequest) -> list[SettingsItem]:
    """Entries of the settings' sub-menu that this room offers."""
    slug = request.organization.slug
    title = _("Organization")
    items = []
    if request.actor.can(Permission.ORGANIZATION_MANAGE):
        url = reverse("organizations:information", args=[slug])
        items.append(SettingsItem(title, "organization", "building-2", _("Information"), url))
    manages = request.actor.can(Permission.MEMBERS_MANAGE)
    count = waiting_count(request.actor) if manages else 0
    items.append(
        SettingsItem(title, "members", "users-round", _("Members"), reverse("accounts:members", args=[slug]), count)
    )
    items.append(SettingsItem(title, "groups", "layers", _("Groups"), reverse("accounts:groups", args=[slug])))
    return items
