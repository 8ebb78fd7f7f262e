"""The page where managers make and revoke keys."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from maru.api import keys as commands
from maru.api.forms import KeyForm
from maru.core.actors import Permission
from maru.core.errors import Invalid
from maru.organizations.desk import DeskRequest, SettingsItem, desk_view, render_settings
from maru.organizations.models import Service

SECTION = "api"


@desk_view(Permission.SERVICE_CONFIGURE, proven=True)
def keys(request: DeskRequest) -> HttpResponse:
    """The keys, and the form for a new one. The key itself stands in the answer to that form and nowhere else."""
    services = list(Service.objects.filter(state=Service.State.ACTIVE).order_by("id").values_list("id", "name"))
    form = KeyForm(request.POST or None, services=services)
    secret, status = "", 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _key, secret = commands.create_key(
                    request.actor,
                    service_id=form.cleaned_data["service"],
                    name=form.cleaned_data["name"],
                    allowed_ips=form.cleaned_data["allowed_ips"],
                )
            except Invalid as error:
                for field, text in error.fields.items():
                    form.add_error(field if field in form.fields else None, text)
            else:
                form, status = KeyForm(services=services), 201
    context = {
        "form": form,
        "secret": secret,
        "keys": commands.keys_of(request.actor),
        "services": dict(Service.objects.values_list("id", "name")),
        "document_url": reverse("api:document"),
    }
    return render_settings(request, "api/keys.html", context, section=SECTION, status=status)


@require_POST
@desk_view(Permission.SERVICE_CONFIGURE, proven=True)
def revoke(request: DeskRequest, key_id: int) -> HttpResponse:
    """End a key at once."""
    key = commands.revoke_key(request.actor, key_id=key_id)
    messages.success(request, _("The key “%(name)s” no longer works.") % {"name": key.name})
    return redirect("api:keys", request.organization.slug)


def settings_items(request: DeskRequest) -> list[SettingsItem]:
    """The entry in the settings' sub-menu."""
    if not request.actor.can(Permission.SERVICE_CONFIGURE):
        return []
    url = reverse("api:keys", args=[request.organization.slug])
    return [SettingsItem(group=_("Service"), section=SECTION, icon="key-round", label=_("API"), url=url)]
