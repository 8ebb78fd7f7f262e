"""Settings: the rules by which a service treats its tickets."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from maru.core.actors import Permission
from maru.core.errors import Invalid
from maru.core.numbers import whole
from maru.organizations.commands.services import LIMITS, change_rules
from maru.organizations.desk import DeskRequest, desk_view, render_settings
from maru.organizations.models import Service
from maru.tickets.views.common import desk_reverse, tell


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Permission.SERVICE_CONFIGURE, proven=True)
def rules(request: DeskRequest) -> HttpResponse:
    """One form for each service. What cannot be accepted is told beside its field; what was typed stays."""
    errors: dict[str, str] = {}
    service_id = whole(request.POST.get("service")) or 0
    if request.method == "POST":
        given = {name: whole(request.POST.get(name, "").strip()) for name in LIMITS}
        try:
            change_rules(
                request.actor,
                service_id=service_id,
                escalates_reopened=request.POST.get("escalates_reopened") == "1",
                rules=given,
            )
        except Invalid as error:
            errors = error.fields
        else:
            tell(request, _("Saved."))
            return redirect(desk_reverse(request, "rules"))
    context = {
        "services": [_shown(request, service, service_id, errors) for service in Service.objects.order_by("id")],
        "limits": LIMITS,
    }
    status = 422 if errors else 200
    return render_settings(request, "tickets/settings/rules.html", context, section="rules", status=status)


def _shown(request: DeskRequest, service: Service, refused_id: int, errors: dict[str, str]) -> dict[str, Any]:
    refused = bool(errors) and service.id == refused_id
    values = {name: request.POST.get(name, "") if refused else getattr(service, name) for name in LIMITS}
    escalates = request.POST.get("escalates_reopened") == "1" if refused else service.escalates_reopened
    return {"service": service, "values": values, "escalates": escalates, "errors": errors if refused else {}}
