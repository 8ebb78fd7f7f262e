"""The staff side of an organization: who stands at the desk, and the frame of its pages."""

import functools
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from maru.accounts import activity, proof
from maru.accounts.models import Account, Member
from maru.accounts.roles import member_actor, role_label
from maru.core.actors import Actor, Permission
from maru.core.errors import NotFound
from maru.core.events import newest_number
from maru.core.tenancy import tenant
from maru.organizations.models import Organization

P = ParamSpec("P")
SAFE = ("GET", "HEAD", "OPTIONS")


class DeskRequest(HttpRequest):
    """A request that has passed :func:`desk_view`: somebody known, inside one organization."""

    organization: Organization
    member: Member
    actor: Actor
    event_number: int
    idle_minutes: int
    user: Account  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class AfterCommit:
    """The answer of a view that has changed something: made in a transaction of its own, once the change is committed.

    Nobody waits for a page to be rendered to get at the rows that were changed.
    """

    render: Callable[[], HttpResponse]


DeskView = Callable[Concatenate[DeskRequest, P], HttpResponse | AfterCommit]


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the desk's menu. ``count`` is shown as a bubble when above zero."""

    section: str
    icon: str
    label: str
    url: str
    count: int = 0
    current: bool = False
    mobile: bool = True
    key: str = ""


@dataclass(frozen=True, slots=True)
class SettingsItem:
    """A page of the settings. ``group`` is the heading it stands under, ``section`` what marks it as current."""

    group: str
    section: str
    icon: str
    label: str
    url: str
    count: int = 0
    current: bool = False


@dataclass(frozen=True, slots=True)
class Bell:
    """The bell of the desk: unread messages, the page of the message box, the address of its small list."""

    count: int
    url: str
    panel_url: str = ""


NavSource = Callable[[DeskRequest], NavItem | None]
SettingsSource = Callable[[DeskRequest], list[SettingsItem]]
BellSource = Callable[[DeskRequest], Bell | None]
_nav_sources: list[NavSource] = []
_settings_sources: list[SettingsSource] = []
_bell_sources: list[BellSource] = []


def register_nav(source: NavSource) -> None:
    """Add an entry to the desk's menu; order of registration is the order shown (``maru.config.wiring``)."""
    if source not in _nav_sources:
        _nav_sources.append(source)


def register_settings(source: SettingsSource) -> None:
    """Add pages to the settings' sub-menu; order of registration is the order shown (``maru.config.wiring``)."""
    if source not in _settings_sources:
        _settings_sources.append(source)


def register_bell(source: BellSource) -> None:
    """Say where the bell gets its number from (``maru.config.wiring``)."""
    if source not in _bell_sources:
        _bell_sources.append(source)


def desk_view(
    *required: Permission,
    proven: bool = False,
) -> Callable[[DeskView[P]], Callable[Concatenate[HttpRequest, str, P], HttpResponse]]:
    """Let only active members of the organization named by ``slug`` in, with every permission of ``required``.

    Not signed in: to the sign-in page. No member, or another organization: 404 as if it did not exist. Waiting for
    approval: a page that says so. Idle longer than the organization allows: who are you, then on. With ``proven`` who
    sends something must have proven within ten minutes who he is. The view runs in one transaction inside the
    organization; what it wants rendered after that has committed it returns as :class:`AfterCommit`.
    """

    def wrap(view: DeskView[P]) -> Callable[Concatenate[HttpRequest, str, P], HttpResponse]:
        @functools.wraps(view)
        def enter(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return proof.signed_out_answer(request)
            organization, ages = find_here(request, slug)
            with _noting(request, organization, ages) as entered, tenant(organization.id):
                if refusal := _refusal(request, organization, ages):
                    return refusal
                desk = cast(DeskRequest, request)
                for permission in required:
                    desk.actor.require(permission)
                if proven and request.method not in SAFE and not ages.is_fresh:
                    return proof.confirm_first(request)
                entered.append(desk.member)
                _activate_time_zone(desk.user.time_zone)
                # Before the page reads anything: what happens from here on reaches it by its event stream.
                desk.event_number = newest_number()
                answer = view(desk, *args, **kwargs)
            if isinstance(answer, AfterCommit):
                with tenant(organization.id):
                    return answer.render()
            return answer

        return cast(Callable[Concatenate[HttpRequest, str, P], HttpResponse], enter)

    return wrap


@contextmanager
def _noting(request: HttpRequest, organization: Organization, ages: activity.Ages) -> Iterator[list[Member]]:
    """Note at the end that somebody was at this desk, if he was let in (his membership stands in the list).

    Only once the transaction of the page is over, however it ended: the row is the same for every page of a browser, and
    a slow page would hold up the others.
    """
    entered: list[Member] = []
    try:
        yield entered
    finally:
        if entered:
            activity.touch(request, ages, organization.idle_minutes, deed=activity.is_deed(request))


def _refusal(request: HttpRequest, organization: Organization, ages: activity.Ages) -> HttpResponse | None:
    """The answer for who may not enter; ``None`` for who may, whose desk is put together then. Raises NotFound."""
    member = Member.objects.filter(account_id=request.user.pk).first()
    if member is None or member.state in (Member.State.REMOVED, Member.State.REFUSED):
        raise NotFound()
    if member.state == Member.State.WAITING:
        return render(request, "organizations/waiting.html", {"organization": organization}, status=403)
    if not ages.left(organization.idle_minutes):
        return proof.locked_answer(request)
    if organization.requires_second_factor and not has_second_factor(request):
        return redirect(f"{reverse('accounts:security')}?required={organization.slug}")
    desk = cast(DeskRequest, request)
    desk.organization, desk.member, desk.actor = organization, member, member_actor(member)
    desk.idle_minutes = ages.limit(organization.idle_minutes)
    return None


def find_here(request: HttpRequest, slug: str) -> tuple[Organization, activity.Ages]:
    """The organization at this address and how old the session is, in one query. Raises NotFound."""
    found = Organization.objects.filter(slug=slug).annotate(ages=activity.ages_column(request)).first()
    if found is None:
        raise NotFound()
    return found, activity.read_ages(found.ages)


def has_second_factor(request: HttpRequest) -> bool:
    """Whether the signed-in account has set up a second factor (recovery codes alone do not count)."""
    from allauth.mfa.models import Authenticator
    from allauth.mfa.utils import is_mfa_enabled

    return bool(is_mfa_enabled(request.user, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]))


def _activate_time_zone(name: str) -> None:
    try:
        timezone.activate(zoneinfo.ZoneInfo(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return


def render_desk(
    request: DeskRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    section: str = "",
    status: int = 200,
) -> HttpResponse:
    """A full page of the desk: adds the menu, the company code and the public address to ``context``."""
    return render(request, template, {**desk_context(request, section), **(context or {})}, status=status)


def render_settings(
    request: DeskRequest, template: str, context: Mapping[str, Any] | None = None, *, section: str, status: int = 200
) -> HttpResponse:
    """A page of the settings (extends ``ui/settings.html``): :func:`render_desk` with the settings' sub-menu."""
    values = {**desk_context(request, "settings"), "subnav": subnav(request, section), **(context or {})}
    return render(request, template, values, status=status)


def subnav(request: DeskRequest, section: str) -> list[dict[str, Any]]:
    """Groups of settings pages this member may open, ``section`` marked as the one shown."""
    groups: dict[str, list[SettingsItem]] = {}
    for source in _settings_sources:
        for item in source(request):
            groups.setdefault(item.group, []).append(replace(item, current=item.section == section))
    return [{"title": title, "items": items} for title, items in groups.items()]


def desk_url(name: str, slug: str) -> str:
    """Address of a desk page of any room; empty when that room is not mounted (each room can be tested alone)."""
    try:
        return reverse(name, args=[slug])
    except NoReverseMatch:
        return ""


def desk_context(request: DeskRequest, section: str = "") -> dict[str, Any]:
    """What ``ui/desk.html`` needs."""
    organization, member = request.organization, request.member
    slug = organization.slug
    items = [item for source in _nav_sources if (item := source(request)) is not None]
    nav = [item if item.current else replace(item, current=item.section == section) for item in items]
    intake_url = f"{settings.ENVIRONMENT.public_url}/{slug}"
    bell = next((bell for source in _bell_sources if (bell := source(request)) is not None), None)
    return {
        "area": "agent",
        "organization": organization,
        "member": member,
        "actor": request.actor,
        "section": section,
        "nav": nav,
        "bell": bell,
        "company_code": organization.company_code,
        "intake_url": intake_url,
        "idle": {
            "url": reverse("organizations:awake", args=[slug]),
            "left": request.idle_minutes * 60,
            "account": request.user.pk,
        },
        "live_url": f"/desk/{slug}/live",
        "live_after": request.event_number,
        "desk": {
            "name": organization.name,
            "code": organization.company_code,
            "intake_url": intake_url,
            "intake": intake_url.split("://", 1)[-1],
            "home_url": nav[0].url if nav else reverse("organizations:chooser"),
            "tickets_url": desk_url("tickets:list", slug),
            "board_url": desk_url("tickets:board", slug),
            "new_url": desk_url("tickets:new", slug),
            "search_url": desk_url("tickets:search", slug),
            "found_url": desk_url("tickets:palette", slug),
            "messages_url": desk_url("notifications:box", slug),
        },
        "me": {
            "name": member.name,
            "email": request.user.email,
            "picture": member.avatar,
            "unlock_url": reverse("accounts:unlock"),
            "confirm_url": f"{reverse('account_reauthenticate')}?{urlencode({'next': reverse('accounts:back'), 'why': 'idle'})}",
            "again_url": f"{reverse('accounts:sign_in')}?{urlencode({'next': reverse('accounts:back')})}",
            "role": role_label(member),
            "account_url": reverse("accounts:profile"),
            "logout_url": reverse("accounts:sign_out"),
            "organizations_url": reverse("organizations:chooser"),
        },
    }
