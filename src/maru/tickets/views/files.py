"""Files on the desk: uploads of the composer, downloads of what messages carry."""

from __future__ import annotations

from typing import BinaryIO, cast

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from maru.core.actors import Permission
from maru.core.errors import Invalid
from maru.core.files import file_response, file_rules, store_file
from maru.core.limits import hit
from maru.organizations.desk import DeskRequest, desk_view
from maru.organizations.models import Service
from maru.tickets.queries.conversation import file_of
from maru.tickets.views.common import desk_reverse, reason_of


@require_POST
@desk_view(Permission.TICKET_HANDLE)
def upload(request: DeskRequest) -> HttpResponse:
    """Keep one file that a message will name: ``{id, url, name, size}``; 422 with the reason in words."""
    hit(f"upload:member:{request.member.id}", limit=300, seconds=3600)
    given = request.FILES.get("file")
    service = Service.objects.order_by("id").first()
    if given is None or service is None:
        return JsonResponse({"error": _("No file has arrived.")}, status=422)
    try:
        stored = store_file(
            request.actor, name=given.name or "file", source=cast(BinaryIO, given), allowed=file_rules(service)
        )
    except Invalid as error:
        return JsonResponse({"error": reason_of(error)}, status=422)
    url = f"{desk_reverse(request, 'file', stored.token, stored.name)}?inline=1"
    return JsonResponse({"id": stored.id, "url": url, "name": stored.name, "size": stored.size}, status=201)


@require_safe
@desk_view(Permission.TICKET_VIEW)
def download(request: DeskRequest, token: str, name: str) -> HttpResponse:
    """The file as a download; ``?inline=1`` shows a picture, drawn anew, inside a page."""
    return file_response(file_of(request.actor, token), inline=request.GET.get("inline") == "1")
