"""A company signs up."""

import zoneinfo
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from maru.accounts.commands import create_account
from maru.accounts.events import MemberJoined
from maru.accounts.models import LANGUAGES, Account, Group, GroupMember, Member
from maru.accounts.roles import member_actor
from maru.core import audit
from maru.core.errors import Invalid
from maru.core.events import publish
from maru.core.ids import new_company_code, new_token
from maru.core.tenancy import tenant
from maru.organizations.events import OrganizationCreated
from maru.organizations.models import Organization, Service
from maru.organizations.naming import clean_company_name, clean_homepage, clean_slug, name_key

FIRST_SERVICE = "help"
_CODE_TRIES = 20


@dataclass(frozen=True, slots=True)
class SignedUp:
    """What a sign-up made."""

    organization: Organization
    account: Account
    member: Member
    service: Service
    group: Group


def check_address(slug: str) -> str:
    """The address as it would be stored. Raises Invalid when it cannot be had."""
    cleaned = clean_slug(slug)
    if Organization.objects.filter(slug=cleaned).exists():
        raise Invalid({"slug": _taken_address()}, code="taken")
    return cleaned


def sign_up_company(
    *,
    company: str,
    slug: str,
    homepage: str = "",
    language: str = "ko",
    time_zone: str = "Asia/Seoul",
    account: Account | None = None,
    email: str = "",
    name: str = "",
    password: str = "",
    company_code: str = "",
) -> SignedUp:
    """Make an organization with its first service ``help``, a default group and its founder, all or nothing.

    The founder is ``account``, or a new account of ``email``, ``name`` and ``password``. ``company_code`` is for
    demonstration data; everybody else gets a random one.
    Raises Invalid (fields ``company``, ``slug``, ``homepage``, ``name``, ``password``), Conflict ``account_exists``.
    """
    if language not in dict(LANGUAGES):
        raise Invalid({"language": _("Choose one of the languages.")})
    # What the browser's cookie says is a guess to begin with, not a field somebody could mend.
    time_zone = time_zone if time_zone in zoneinfo.available_timezones() else "Asia/Seoul"
    errors: dict[str, str] = {}
    cleaned: dict[str, str] = {}
    for field, clean, given in (
        ("company", clean_company_name, company),
        ("slug", check_address, slug),
        ("homepage", clean_homepage, homepage),
    ):
        try:
            cleaned[field] = clean(given)
        except Invalid as error:
            errors |= error.fields
    if errors:
        raise Invalid(errors)
    with transaction.atomic():
        founder = account or create_account(
            email=email, name=name, password=password, language=language, time_zone=time_zone
        )
        organization = _create(
            Organization(
                name=cleaned["company"],
                name_key=name_key(cleaned["company"]),
                slug=cleaned["slug"],
                homepage=cleaned["homepage"],
                organization_key=new_token(),
                language=language,
                time_zone=time_zone,
            ),
            company_code,
        )
        with tenant(organization.id), translation.override(language):
            return _furnish(organization, founder)


def _create(organization: Organization, company_code: str) -> Organization:
    """Save under a company code nobody has; the database decides when two want one name or address at once."""
    for _try in range(_CODE_TRIES):
        organization.company_code = company_code or new_company_code()
        try:
            with transaction.atomic():
                organization.save()
                return organization
        except IntegrityError as error:
            if "slug" in str(error):
                raise Invalid({"slug": _taken_address()}, code="taken") from error
            if "name_key" in str(error):
                message = _(
                    "A company of this name has signed up already. Ask for an invitation, or join by company code."
                )
                raise Invalid({"company": message}, code="taken") from error
            if company_code:
                raise
    raise RuntimeError("no free company code found")


def _taken_address() -> str:
    return _("This address is taken. Choose another one.")


def _furnish(organization: Organization, founder: Account) -> SignedUp:
    service = Service(
        name=_("Help desk"), slug=FIRST_SERVICE, languages=[organization.language], time_zone=organization.time_zone
    )
    service.save()
    member = Member(
        account=founder,
        name=founder.shown_name,
        avatar=founder.avatar,
        role=Member.Role.MANAGER,
        is_admin=True,
        is_founder=True,
        may_see_logs=True,
        may_export=True,
    )
    member.save()
    group = Group(name=_("Default group"))
    group.save()
    GroupMember(group=group, member=member).save()
    actor = member_actor(member)
    audit.record(actor, "organization.created", object_type="organization", object_id=organization.id)
    publish(actor, MemberJoined(member.id))
    publish(actor, OrganizationCreated(organization.id, service.id, group.id, member.id, organization.language))
    return SignedUp(organization, founder, member, service, group)
