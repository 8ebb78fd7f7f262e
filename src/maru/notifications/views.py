"""The message box, the bell, the choices, and who is present on a ticket."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from maru.core.actors import Permission
from maru.core.errors import Invalid
from maru.core.numbers import whole
from maru.notifications import commands, presence, queries
from maru.notifications.forms import ChoiceForm, rows
from maru.notifications.models import NotificationChoice
from maru.organizations.desk import Bell, DeskRequest, NavItem, desk_view, render_desk


def bell(request: DeskRequest) -> Bell:
    """The bell of every desk page."""
    slug = request.organization.slug
    return Bell(
        _unread(request), reverse("notifications:box", args=[slug]), reverse("notifications:newest", args=[slug])
    )


def nav(request: DeskRequest) -> NavItem | None:
    """The message box in the menu of who works at the desk; who only manages the organization reaches it by the bell."""
    if not request.actor.can(Permission.TICKET_VIEW):
        return None
    url = reverse("notifications:box", args=[request.organization.slug])
    return NavItem("messages", "mail", _("Message box"), url, _unread(request), key="m")


def _unread(request: DeskRequest) -> int:
    """Asked once for a page, which shows it in several places."""
    known: int | None = getattr(request, "_unread_notes", None)
    if known is None:
        known = queries.unread_count(request.actor, most=100)
        request._unread_notes = known  # type: ignore[attr-defined]
    return known


@require_safe
@desk_view()
def box(request: DeskRequest) -> HttpResponse:
    """Received and sent messages."""
    is_sent = request.GET.get("tab") == "sent"
    page = (queries.sent if is_sent else queries.received)(request.actor, before=whole(request.GET.get("before")))
    context = {
        "page": page,
        "is_sent": is_sent,
        "before": whole(request.GET.get("before")),
        "unread": queries.unread_count(request.actor),
    }
    return render_desk(request, "notifications/box.html", context, section="messages")


@require_safe
@desk_view()
def newest(request: DeskRequest) -> HttpResponse:
    """The newest received messages, for the bell's list and for desktop notifications."""
    choice = queries.choices_of(request.actor)
    is_quiet = queries.is_quiet(choice, timezone.localtime().time())
    entries = [
        (line, _place(request, line.number), is_quiet or line.kind in choice.no_desktop)
        for line in queries.received(request.actor, limit=queries.NEWEST).lines
    ]
    context = {"entries": entries, "organization": request.organization, "unread": _unread(request)}
    return render(request, "notifications/newest.html", context)


def _place(request: DeskRequest, number: str) -> str:
    """Where a message leads: its ticket, else the members that wait, else the box."""
    name, *rest = ("tickets:detail", number) if number else ("accounts:members",)
    try:
        return reverse(name, args=[request.organization.slug, *rest])
    except NoReverseMatch:
        return reverse("notifications:box", args=[request.organization.slug])


@require_POST
@desk_view()
def open_note(request: DeskRequest, note_id: int) -> HttpResponse:
    """Read a message and go where it leads. A form and no link: a GET changes nothing."""
    note = commands.mark_read(request.actor, note_id=note_id)
    return redirect(_place(request, queries.line_of(note).number))


@require_POST
@desk_view()
def read_all(request: DeskRequest) -> HttpResponse:
    commands.mark_all_read(request.actor)
    return redirect("notifications:box", request.organization.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view()
def choices(request: DeskRequest) -> HttpResponse:
    """How the member wants to hear of what."""
    if request.method != "POST":
        return _choices_page(request, queries.choices_of(request.actor), {})
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        return _choices_page(request, _typed(request), {name: said[0] for name, said in form.errors.items()})
    try:
        commands.choose(
            request.actor,
            no_bell=form.off("bell", with_approval=request.member.is_admin),
            no_desktop=form.off("desktop", with_approval=request.member.is_admin),
            quiet_from=form.cleaned_data["quiet_from"],
            quiet_until=form.cleaned_data["quiet_until"],
        )
    except Invalid as error:
        return _choices_page(request, _typed(request), error.fields)
    messages.success(request, _("Saved."))
    return redirect("notifications:choices", request.organization.slug)


def _typed(request: DeskRequest) -> NotificationChoice:
    """What stood in the form, so that nothing has to be chosen again."""
    on = {medium: request.POST.getlist(medium) for medium in ("bell", "desktop")}
    off = {medium: [row.kind for row in rows(NotificationChoice(), with_approval=True)] for medium in on}
    return NotificationChoice(
        no_bell=[kind for kind in off["bell"] if kind not in on["bell"]],
        no_desktop=[kind for kind in off["desktop"] if kind not in on["desktop"]],
    )


def _choices_page(request: DeskRequest, choice: NotificationChoice, errors: Any) -> HttpResponse:
    quiet = {
        name: request.POST.get(name, "")[:20]
        if errors
        else f"{value:%H:%M}"
        if (value := getattr(choice, name))
        else ""
        for name in ("quiet_from", "quiet_until")
    }
    context = {
        "rows": list(rows(choice, with_approval=request.member.is_admin)),
        "quiet": quiet,
        "errors": errors,
        "time_zone": request.user.time_zone,
    }
    return render_desk(
        request, "notifications/choices.html", context, section="messages", status=422 if errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@desk_view(Permission.TICKET_VIEW)
def present(request: DeskRequest, number: str) -> HttpResponse:
    """Who else looks at a ticket. POST says that I do (``typing`` 0 or 1), or that I leave (``gone`` 1)."""
    if request.method != "POST":
        return _viewers(presence.viewers_of(request.actor, number=number))
    if request.POST.get("gone") == "1":
        presence.leave(request.actor, number=number)
        return _viewers([])
    return _viewers(presence.look(request.actor, number=number, is_typing=request.POST.get("typing") == "1"))


def _viewers(viewers: list[presence.Viewer]) -> HttpResponse:
    return JsonResponse({"viewers": [viewer.as_json() for viewer in viewers]})
