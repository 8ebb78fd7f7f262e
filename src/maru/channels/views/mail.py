"""Settings of mail: own addresses, outside mailboxes, mail that became no ticket."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from maru.channels import commands, queries
from maru.channels.outgoing import service_address
from maru.channels.reasons import reason_words
from maru.channels.tasks import check_mailbox
from maru.core.actors import Permission
from maru.core.errors import Invalid, NotFound
from maru.core.numbers import whole
from maru.inboxes import commands as inboxes
from maru.inboxes.commands import MailboxData
from maru.inboxes.models import Mailbox
from maru.inboxes.queries import get_mailbox_for, mailboxes_for
from maru.organizations.desk import DeskRequest, SettingsItem, desk_view, render_settings
from maru.organizations.models import Service
from maru.ui.render import is_htmx, render_block

_FIELDS = ("address", "host", "port", "security", "auth", "user_name", "client_id", "folder")


def settings_items(request: DeskRequest) -> list[SettingsItem]:
    """The entry of the settings' sub-menu."""
    if not request.actor.can(Permission.SERVICE_CONFIGURE):
        return []
    slug = request.organization.slug
    title = _("Channels")
    return [
        SettingsItem(title, "mail", "mail", _("Mail"), reverse("channels:mail", args=[slug])),
        SettingsItem(
            title,
            "incoming",
            "shield-alert",
            _("Unprocessed mail"),
            reverse("channels:incoming", args=[slug]),
            queries.quarantined_count(request.actor),
        ),
    ]


@require_GET
@desk_view(Permission.SERVICE_CONFIGURE)
def mail(request: DeskRequest) -> HttpResponse:
    """Own addresses and outside mailboxes with how they are doing."""
    services = Service.objects.order_by("id")
    context = {
        "addresses": [(service.name, service_address(request.organization, service)) for service in services],
        "mailboxes": mailboxes_for(request.actor),
    }
    if is_htmx(request):
        return render_block(
            request, "channels/mail.html", "mailboxes", {**context, "organization": request.organization}
        )
    return render_settings(request, "channels/mail.html", context, section="mail")


def _values(request: DeskRequest, mailbox: Mailbox | None) -> dict[str, Any]:
    if request.method == "POST":
        return {name: request.POST.get(name, "") for name in (*_FIELDS, "service")}
    if mailbox is not None:
        return {name: getattr(mailbox, name) for name in _FIELDS} | {"service": mailbox.service_id}
    return {"port": 993, "security": "tls", "auth": "password", "folder": "INBOX"}


def _data(request: DeskRequest) -> MailboxData:
    port, service_id = whole(request.POST.get("port")), whole(request.POST.get("service"))
    if port is None:
        raise Invalid({"port": _("A port is a number between 1 and 65535.")})
    if service_id is None:
        raise Invalid({"service": _("Please choose a service from the list.")})
    text = {name: request.POST.get(name, "")[:300] for name in _FIELDS if name != "port"}
    return MailboxData(
        service_id=service_id,
        port=port,
        secret=request.POST.get("secret", "")[:4000],
        client_secret=request.POST.get("client_secret", "")[:1000],
        **text,
    )


@desk_view(Permission.SERVICE_CONFIGURE, proven=True)
def mailbox(request: DeskRequest, mailbox_id: int | None = None) -> HttpResponse:
    """Connect an outside mailbox, or change one."""
    known = get_mailbox_for(request.actor, mailbox_id) if mailbox_id else None
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            saved = inboxes.save_mailbox(request.actor, data=_data(request), mailbox_id=mailbox_id)
            _check(request, saved)
            messages.success(request, _("Saved. The connection is being tried now."))
            return redirect("channels:mail", request.organization.slug)
        except Invalid as problem:
            errors = problem.fields
    context = {
        "mailbox": known,
        "values": _values(request, known),
        "errors": errors,
        "services": [(service.id, service.name) for service in Service.objects.order_by("id")],
        "securities": [("tls", "TLS"), ("starttls", "STARTTLS"), ("none", _("No encryption"))],
        "kinds": [("password", _("Password")), ("google", "Google OAuth2"), ("microsoft", "Microsoft OAuth2")],
    }
    return render_settings(request, "channels/mailbox.html", context, section="mail", status=422 if errors else 200)


def _check(request: DeskRequest, target: Mailbox) -> None:
    Mailbox.objects.filter(id=target.id).update(last_error="", last_success_at=None)
    check_mailbox.defer(organization_id=request.organization.id, mailbox_id=target.id)


@require_POST
@desk_view(Permission.SERVICE_CONFIGURE, proven=True)
def mailbox_action(request: DeskRequest, mailbox_id: int) -> HttpResponse:
    """``do``: test, pause, resume or remove."""
    target = get_mailbox_for(request.actor, mailbox_id)
    do = request.POST.get("do")
    if do == "test":
        _check(request, target)
    elif do in ("pause", "resume"):
        inboxes.pause_mailbox(request.actor, mailbox_id=target.id, is_active=do == "resume")
    elif do == "remove":
        inboxes.remove_mailbox(request.actor, mailbox_id=target.id)
        messages.success(request, _("The mailbox is no longer connected. Its tickets stay."))
    else:
        raise NotFound()
    return redirect("channels:mail", request.organization.slug)


@require_GET
@desk_view(Permission.SERVICE_CONFIGURE)
def incoming(request: DeskRequest) -> HttpResponse:
    """Mail that became no ticket, with the reason."""
    rows, cursor = queries.unfinished_mail_for(request.actor, whole(request.GET.get("before")))
    context = {"rows": rows, "cursor": cursor, "reason_words": reason_words}
    return render_settings(request, "channels/incoming.html", context, section="incoming")


@require_POST
@desk_view(Permission.SERVICE_CONFIGURE)
def retry(request: DeskRequest, mail_id: int) -> HttpResponse:
    """Read one mail again."""
    commands.retry_mail(request.actor, mail_id=mail_id)
    messages.success(request, _("The mail is being read again."))
    return redirect("channels:incoming", request.organization.slug)


@require_GET
@desk_view(Permission.SERVICE_CONFIGURE)
def raw(request: DeskRequest, mail_id: int) -> HttpResponse:
    """The mail as it came, byte for byte, as a download."""
    found = queries.get_raw_mail_for(request.actor, mail_id)
    response = HttpResponse(bytes(found.raw), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="mail-{found.id}.eml"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
