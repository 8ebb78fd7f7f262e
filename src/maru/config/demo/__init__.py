"""The demo company: AB Company with its people and some sixty requests in three languages. Loopback only."""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from maru.accounts.models import Account, Group, GroupMember, Member
from maru.accounts.roles import member_actor
from maru.config.demo import english, japanese, korean
from maru.config.demo.templates import TEMPLATES
from maru.config.demo.values import Request, Turn
from maru.core.actors import requester_actor, system_actor
from maru.core.ids import new_token
from maru.core.models import Event
from maru.core.tenancy import tenant
from maru.organizations.models import Organization, Service
from maru.tickets import commands
from maru.tickets.commands.categories import add_category
from maru.tickets.commands.templates import save_template
from maru.tickets.models import HandlingCategory, IntakeCategory, Message, Ticket
from maru.tickets.trees import HANDLING
from maru.tickets.values import Requester

SLUG = "ab"
COMPANY_CODE = "CP00000037"
PEOPLE = (
    (
        "문지현",
        "admin@ab.example",
        "ko",
        "🦊",
        {"role": Member.Role.MANAGER, "is_admin": True, "is_founder": True},
    ),
    ("장직원", "jang@ab.example", "ko", "🐻", {"role": Member.Role.AGENT}),
    ("山口 あおい", "aoi@ab.example", "ja", "🐼", {"role": Member.Role.AGENT}),
)


def main() -> int:
    """Make the demo company unless it is there; prints the sign-in data once. Returns an exit code."""
    if Organization.objects.filter(slug=SLUG).exists():
        return 0
    password = secrets.token_hex(5)
    with transaction.atomic(), translation.override("ko"):
        organization, members = _company(password)
        service_id = _service_id(organization)
        for language, requests in (("ko", korean.REQUESTS), ("ja", japanese.REQUESTS), ("en", english.REQUESTS)):
            for index, request in enumerate(sorted(requests, key=lambda r: -r.hours)):
                agent = members[2] if language == "ja" else members[index % 2]
                _tell(organization, service_id, request, language, agent)
    _print_welcome(password)
    return 0


def _company(password: str) -> tuple[Organization, list[Member]]:
    organization = Organization.objects.create(
        name="AB Company",
        name_key="ab company",
        slug=SLUG,
        homepage="https://ab.example",
        company_code=COMPANY_CODE,
        organization_key=new_token(),
        language="ko",
    )
    with tenant(organization.id):
        Service(name="헬프데스크", slug="help", languages=["ko", "ja", "en"]).save()
        house = system_actor(organization.id)
        commands.set_up_desk(house, language="ko")
        fixed = HandlingCategory.objects.get(name="조치 완료")
        for name in ("환불 처리", "오류 수정", "설정 변경"):
            add_category(house, name=name, parent_id=fixed.id, tree=HANDLING)
        for title, code, html in TEMPLATES:
            save_template(house, title=title, code=code, html=html)
        members = [_member(*person, password=password) for person in PEOPLE]
        for order, (name, seats) in enumerate((("고객지원", members), ("기술지원", members[:2]))):
            group = Group(name=name, order=order)
            group.save()
            GroupMember.bulk([GroupMember(group=group, member=member) for member in seats])
    return organization, members


def _member(name: str, email: str, language: str, avatar: str, fields: dict[str, object], *, password: str) -> Member:
    account = Account.objects.create_user(
        email, password, name=name, language=language, avatar=avatar, agreed_at=timezone.now()
    )
    member = Member(account=account, name=name, avatar=avatar, **fields)
    member.save()
    return member


def _service_id(organization: Organization) -> int:
    with tenant(organization.id):
        return int(Service.objects.get(slug="help").id)


def _tell(organization: Organization, service_id: int, request: Request, language: str, agent: Member) -> None:
    actor = member_actor(agent)
    with tenant(organization.id), translation.override(language):
        categories = list(IntakeCategory.objects.order_by("order"))
        ticket = commands.open_ticket(
            actor if request.channel == "staff" else requester_actor(organization.id, request.name),
            service_id=service_id,
            title=request.title,
            text=request.text,
            requester=Requester(request.name, request.email, "", request.company),
            channel=request.channel,
            category_id=categories[request.category].id,
            priority=request.priority,
            language=language,
            wants_receipt=request.hours < 2,
        )
        if request.taken:
            group_id = agent.seats.order_by("id").values_list("group_id", flat=True).first()
            commands.take(actor, ticket_id=ticket.id, group_id=group_id)
        for turn in request.turns:
            _turn(organization, ticket, request, turn, agent)
        if request.turns and request.turns[-1].outcome == "resolve":
            handlings = HandlingCategory.objects.filter(parent=None).order_by("order")
            commands.set_category(
                actor, ticket_id=ticket.id, category_id=handlings[request.category % 2].id, tree=HANDLING
            )
        _make_older(ticket, request.hours)


def _turn(organization: Organization, ticket: Ticket, request: Request, turn: Turn, agent: Member) -> None:
    actor = member_actor(agent)
    if turn.who == "agent":
        commands.reply(actor, ticket_id=ticket.id, text=turn.text, outcome=turn.outcome)
    elif turn.who == "note":
        commands.comment(actor, ticket_id=ticket.id, text=turn.text)
    else:
        commands.add_customer_message(
            requester_actor(organization.id, request.name),
            ticket_id=ticket.id,
            text=turn.text,
            author_name=request.name,
            author_address=request.email,
            channel=request.channel,
        )


_DATES = (
    "created_at",
    "updated_at",
    "last_customer_at",
    "last_agent_at",
    "first_answered_at",
    "resolved_at",
    "closed_at",
    "answer_due_at",
)


def _make_older(ticket: Ticket, hours: float) -> None:
    """Spread what was just said over the time since the request came."""
    start = timezone.now() - timedelta(hours=hours)
    messages = list(Message.objects.filter(ticket=ticket).order_by("id"))
    step = timedelta(hours=hours) / (len(messages) + 1)
    moments = {message.id: start + step * place for place, message in enumerate(messages)}
    for message_id, moment in moments.items():
        Message.objects.filter(id=message_id).update(created_at=moment)
    row = Ticket.objects.get(id=ticket.id)
    newest = max(moments.values())
    shift = timezone.now() - newest
    changes = {name: getattr(row, name) - shift for name in _DATES if getattr(row, name) is not None}
    changes["created_at"] = start
    if row.answer_due_at is not None:
        changes["answer_due_at"] = row.last_customer_at - shift + timedelta(hours=8)
    if row.close_due_at is not None and row.resolved_at is not None:
        changes["close_due_at"] = timezone.now() + timedelta(hours=max(1.0, 72 - hours))
    Ticket.objects.filter(id=ticket.id).update(**changes, board_rank=start.timestamp())
    events = Event.objects.filter(subject_type="ticket", subject_id=ticket.id).order_by("id")
    for place, event in enumerate(events):
        Event.objects.filter(id=event.id).update(created_at=min(start + step * place, newest))


def _print_welcome(password: str) -> None:
    url = settings.ENVIRONMENT.public_url
    lines = [
        "",
        "  AB Company is open.",
        f"    Public page   {url}/{SLUG}    company code {COMPANY_CODE}",
        f"    Desk          {url}/desk/{SLUG}",
        *(f"    Sign in       {email:<18} {password}" for _name, email, *_rest in PEOPLE),
        f"    Postbox       {url}/postbox",
        f"    Write to      help@{SLUG}.{settings.ENVIRONMENT.mail_domain} (SMTP port {settings.ENVIRONMENT.smtp_port})",
        "  The passwords are shown this once.",
        "",
    ]
    print("\n".join(lines), flush=True)
