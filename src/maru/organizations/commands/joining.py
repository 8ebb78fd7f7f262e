"""Joining by company code, without an invitation."""

from django.db import transaction
from django.utils.translation import gettext as _

from maru.accounts.commands import create_account
from maru.accounts.events import MemberWaiting
from maru.accounts.models import Account, Member
from maru.accounts.queries import active_admins, emails_of
from maru.accounts.roles import member_actor
from maru.core import audit, limits
from maru.core.actors import Actor
from maru.core.errors import Conflict, Invalid, TooMany
from maru.core.events import publish
from maru.core.html import strip_invisible
from maru.core.tenancy import tenant
from maru.organizations import mails
from maru.organizations.models import Organization
from maru.organizations.naming import homepage_key, name_key
from maru.organizations.queries import find_by_code

NOTICES_A_DAY = 20


def find_company(*, company_code: str, company: str, homepage: str) -> Organization:
    """The organization whose code and data somebody typed; the code is case-sensitive. Raises Invalid."""
    organization = find_by_code(strip_invisible(company_code).strip())
    if organization is None:
        raise Invalid({"company_code": _("The company code is wrong.")}, code="wrong_code")
    matches = name_key(company) == organization.name_key
    if not matches or homepage_key(homepage) != homepage_key(organization.homepage):
        message = _("Company name or homepage differ from what the company has registered.")
        raise Invalid({"company": message}, code="wrong_data")
    return organization


def join_organization(
    *,
    company_code: str,
    company: str,
    homepage: str,
    account: Account | None = None,
    email: str = "",
    name: str = "",
    password: str = "",
    language: str = "",
) -> Member:
    """Make ``account``, or a new one, wait for approval. Organization admins are told by mail.

    Raises Invalid (fields ``company_code``, ``company``, ``name``, ``password``), Conflict (``account_exists``,
    ``member``, ``waiting``, ``refused``).
    """
    organization = find_company(company_code=company_code, company=company, homepage=homepage)
    with transaction.atomic():
        person = account or create_account(email=email, name=name, password=password, language=language)
        with tenant(organization.id):
            member = _wait(person)
            actor = member_actor(member)
            audit.record(actor, "member.asked_to_join", object_type="member", object_id=member.id)
            publish(actor, MemberWaiting(member.id))
            _tell_admins(actor, organization, member, person)
            return member


def _wait(person: Account) -> Member:
    member: Member | None = Member.objects.filter(account=person).first()
    if member is None:
        member = Member(account=person)
    elif member.state == Member.State.ACTIVE:
        raise Conflict(_("You are a member of this organization already."), code="member")
    elif member.state == Member.State.WAITING:
        raise Conflict(_("You have asked already. An organization admin has yet to decide."), code="waiting")
    elif member.state == Member.State.REFUSED:
        raise Conflict(_("This organization has refused you. Ask it for an invitation."), code="refused")
    member.name, member.avatar = person.shown_name, person.avatar
    member.state, member.role, member.is_admin = Member.State.WAITING, Member.Role.AGENT, False
    member.may_see_logs = member.may_export = False
    member.save()
    return member


def _tell_admins(actor: Actor, organization: Organization, member: Member, person: Account) -> None:
    try:
        limits.hit(f"joinmail:{organization.id}", limit=NOTICES_A_DAY, seconds=limits.DAY)
    except TooMany:
        # They see it in the list of members; a flood of sign-ups must not become a flood of mail.
        return
    admins = active_admins(actor)
    for account in emails_of(admins).values():
        mails.send_waiting_notice(organization, account, name=member.name, email=person.email)
