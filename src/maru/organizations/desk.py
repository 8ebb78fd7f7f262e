"""The staff side of an organization: who stands at the desk, and the frame of its pages."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from maru.accounts.models import Account, Member
from maru.accounts.roles import member_actor
from maru.core.actors import Actor, Permission
from maru.core.errors import NotFound
from maru.core.tenancy import tenant
from maru.organizations.models import Organization

P = ParamSpec("P")


class DeskRequest(HttpRequest):
    """A request that has passed :func:`desk_view`: somebody known, inside one organization."""

    organization: Organization
    member: Member
    actor: Actor
    user: Account  # type: ignore[assignment]


DeskView = Callable[Concatenate[DeskRequest, P], HttpResponse]


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


NavSource = Callable[[DeskRequest], NavItem | None]
_nav_sources: list[NavSource] = []


def register_nav(source: NavSource) -> None:
    """Add an entry to the desk's menu; order of registration is the order shown (``maru.config.wiring``)."""
    if source not in _nav_sources:
        _nav_sources.append(source)


def desk_view(*required: Permission) -> Callable[[DeskView[P]], Callable[Concatenate[HttpRequest, str, P], HttpResponse]]:
    """Let only active members of the organization named by ``slug`` in, with every permission of ``required``.

    Not signed in: to the sign-in page. No member, or another organization: 404 as if it did not exist. Waiting for
    approval: a page that says so. The view runs in one transaction inside the organization.
    """

    def wrap(view: DeskView[P]) -> Callable[Concatenate[HttpRequest, str, P], HttpResponse]:
        @functools.wraps(view)
        def enter(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect(f"{settings.LOGIN_URL}?next={request.get_full_path()}")
            organization = Organization.objects.filter(slug=slug).first()
            if organization is None:
                raise NotFound()
            with tenant(organization.id):
                member = Member.objects.filter(account_id=request.user.pk).first()
                if member is None or member.state in (Member.State.REMOVED, Member.State.REFUSED):
                    raise NotFound()
                if member.state == Member.State.WAITING:
                    return render(request, "organizations/waiting.html", {"organization": organization}, status=403)
                if organization.requires_second_factor and not _has_second_factor(request):
                    return redirect(f"{reverse('mfa_index')}?required=1")
                desk = cast(DeskRequest, request)
                desk.organization, desk.member, desk.actor = organization, member, member_actor(member)
                for permission in required:
                    desk.actor.require(permission)
                return view(desk, *args, **kwargs)

        return enter

    return wrap


def _has_second_factor(request: HttpRequest) -> bool:
    from allauth.mfa.utils import is_mfa_enabled

    return bool(is_mfa_enabled(request.user))


def render_desk(
    request: DeskRequest, template: str, context: Mapping[str, Any] | None = None, *, section: str = "", status: int = 200
) -> HttpResponse:
    """A full page of the desk: adds the menu, the company code and the public address to ``context``."""
    return render(request, template, {**desk_context(request, section), **(context or {})}, status=status)


def desk_context(request: DeskRequest, section: str = "") -> dict[str, Any]:
    """What ``ui/desk.html`` needs."""
    nav = [item for source in _nav_sources if (item := source(request)) is not None]
    organization = request.organization
    return {
        "organization": organization,
        "member": request.member,
        "actor": request.actor,
        "section": section,
        "nav": nav,
        "company_code": organization.company_code,
        "intake_url": f"{settings.ENVIRONMENT.public_url}/{organization.slug}",
    }
