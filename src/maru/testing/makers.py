"""Making things for tests through the same commands that people use."""

from typing import Any

from maru.accounts.models import Account, Member
from maru.core.actors import requester_actor, system_actor
from maru.core.ids import new_company_code, new_token
from maru.core.tenancy import tenant
from maru.organizations.models import Organization, Service
from maru.tickets.commands import open_ticket, set_up_desk
from maru.tickets.models import Ticket
from maru.tickets.values import Requester

PASSWORD = "correct horse 42"


def make_organization(slug: str, name: str, language: str = "ko") -> Organization:
    """An organization ready to work in."""
    organization = Organization.objects.create(
        name=name,
        name_key=name.casefold(),
        slug=slug,
        company_code=new_company_code(),
        organization_key=new_token(),
        language=language,
    )
    with tenant(organization.id):
        Service(name="Help", slug="help", languages=["ko", "ja", "en"]).save()
    set_up_desk(system_actor(organization.id), language=language)
    return organization


def make_member(
    organization: Organization, name: str, *, email: str = "", language: str = "ko", **fields: Any
) -> Member:
    """An account with the password :data:`PASSWORD` and its membership."""
    account = Account.objects.create_user(
        email or f"{name}@{organization.slug}.example", PASSWORD, name=name, language=language
    )
    with tenant(organization.id):
        member = Member(account=account, name=name, **fields)
        member.save()
    return member


def make_ticket(organization: Organization, **fields: Any) -> Ticket:
    """A ticket opened by a requester on the web form."""
    requester = Requester(
        name=fields.pop("name", "김서연"), email=fields.pop("email", ""), phone=fields.pop("phone", "")
    )
    with tenant(organization.id):
        service = Service.objects.get(slug="help")
    return open_ticket(
        fields.pop("actor", None) or requester_actor(organization.id, requester.name),
        service_id=service.id,
        title=fields.pop("title", "환불해주세요"),
        text=fields.pop("text", "결제를 취소하고 환불해주세요."),
        requester=requester,
        channel=fields.pop("channel", "web"),
        **fields,
    )
