"""What organization admins change about their organization."""

import re
import zoneinfo

from django.utils.translation import gettext as _

from maru.accounts.models import LANGUAGES
from maru.core import audit
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.core.errors import Invalid
from maru.core.events import publish
from maru.core.ids import new_token
from maru.organizations.events import OrganizationChanged, OrganizationKeyRotated
from maru.organizations.models import Organization
from maru.organizations.naming import clean_homepage
from maru.organizations.queries import get_organization
from maru.ui.brand import is_usable

# Long enough to read a long mail, short enough that an unwatched screen is not open all day.
IDLE_MINUTES = (5, 10, 15, 20, 30, 45, 60, 90, 120, 240, 480)


@command
def change_organization(
    actor: Actor, *, homepage: str, language: str, time_zone: str, colour: str = ""
) -> Organization:
    """Set homepage, language, time zone and colour (``#rrggbb``, or empty for Maru's own).

    Raises Forbidden, Invalid (a colour on which white text stays below 4.5 : 1 among them).
    """
    actor.require(Permission.ORGANIZATION_MANAGE)
    organization = get_organization(actor)
    errors: dict[str, str] = {}
    if language not in dict(LANGUAGES):
        errors["language"] = _("Choose one of the languages.")
    if time_zone not in zoneinfo.available_timezones():
        errors["time_zone"] = _("Choose one of the time zones.")
    colour = colour.strip().lower()
    if colour and not re.fullmatch(r"#[0-9a-f]{6}", colour):
        errors["colour"] = _("Enter a colour such as #0d6170.")
    elif colour and not is_usable(colour):
        errors["colour"] = _("Text on this colour would be hard to read. Choose a darker one.")
    try:
        homepage = clean_homepage(homepage)
    except Invalid as error:
        errors |= error.fields
    if errors:
        raise Invalid(errors)
    wanted = {"homepage": homepage, "language": language, "time_zone": time_zone, "colour": colour}
    changed = {key: value for key, value in wanted.items() if getattr(organization, key) != value}
    if changed:
        for key, value in changed.items():
            setattr(organization, key, value)
        organization.save(update_fields=list(changed))
        audit.record(
            actor, "organization.changed", object_type="organization", object_id=organization.id, changed=changed
        )
        publish(actor, OrganizationChanged(organization.id))
    return organization


@command
def require_second_factor(actor: Actor, *, required: bool) -> Organization:
    """Whether members without a second factor are kept from the desk until they have one. Raises Forbidden."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    organization = get_organization(actor)
    if organization.requires_second_factor != required:
        organization.requires_second_factor = required
        organization.save(update_fields=["requires_second_factor"])
        audit.record(
            actor,
            "organization.second_factor",
            object_type="organization",
            object_id=organization.id,
            required=required,
        )
        publish(actor, OrganizationChanged(organization.id))
    return organization


@command
def set_idle_minutes(actor: Actor, *, minutes: int) -> Organization:
    """After how many minutes without a deed the desk locks. Raises Forbidden, Invalid (not one of IDLE_MINUTES)."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    if minutes not in IDLE_MINUTES:
        raise Invalid({"minutes": _("Choose one of the times.")})
    organization = get_organization(actor)
    if organization.idle_minutes != minutes:
        before, organization.idle_minutes = organization.idle_minutes, minutes
        organization.save(update_fields=["idle_minutes"])
        audit.record(
            actor,
            "organization.idle_minutes",
            object_type="organization",
            object_id=organization.id,
            changed=[before, minutes],
        )
        publish(actor, OrganizationChanged(organization.id))
    return organization


@command
def rotate_organization_key(actor: Actor) -> str:
    """A new organization key; the old one is void at once. Raises Forbidden."""
    actor.require(Permission.ORGANIZATION_MANAGE)
    organization = get_organization(actor)
    organization.organization_key = new_token()
    organization.save(update_fields=["organization_key"])
    audit.record(actor, "organization.key_rotated", object_type="organization", object_id=organization.id)
    publish(actor, OrganizationKeyRotated(organization.id))
    return organization.organization_key
