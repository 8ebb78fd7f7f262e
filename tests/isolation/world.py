"""Two organizations with one row or more in every table that belongs to an organization."""

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

from maru.accounts.models import Group, GroupMember, Invitation, Member
from maru.api.keys import create_key
from maru.core.actors import system_actor
from maru.core.files import file_rules, store_file
from maru.core.tenancy import TenantForeignKey, TenantModel, tenant, tenant_models
from maru.helpcenter.models import Submission
from maru.notifications.models import Note
from maru.organizations.models import Organization, Service
from maru.testing.makers import make_member, make_organization
from maru.tickets import commands
from maru.tickets.links import sign_link
from maru.tickets.models import RemotePicture
from maru.tickets.values import Requester

if TYPE_CHECKING:
    Field = models.Field[Any, Any]
else:
    Field = models.Field

CANARY = "카나리아"
"""Stands in every text of a world; must never be seen from the other."""


class World:
    """An organization with everything in it. ``rows`` maps the name of a model to the id of one of its rows."""

    def __init__(self, slug: str) -> None:
        self.organization: Organization = make_organization(slug, f"{slug} {CANARY}")
        self.founder: Member = make_member(
            self.organization, f"founder-{slug}", role="manager", is_admin=True, is_founder=True
        )
        self.agent: Member = make_member(self.organization, f"agent-{slug}")
        self.rows: dict[str, int] = {}
        actor = system_actor(self.organization.id)
        with tenant(self.organization.id):
            service = Service.objects.get(slug="help")
            group = Group(name=f"group {CANARY}")
            group.save()
            GroupMember(group=group, member=self.agent).save()
            file = store_file(actor, name="x.txt", source=f"file {CANARY}".encode(), allowed=file_rules(service))
            self.file_token = file.token
            self.ticket = commands.open_ticket(
                actor,
                service_id=service.id,
                title=f"환불 {CANARY}",
                text=f"{CANARY} 누전차단기 ORD-{slug}-20261122",
                requester=Requester(f"요청 {CANARY}", f"asker@{slug}.example", "010-7777-8888", CANARY),
                channel="web",
                assignee_ids=[self.founder.id, self.agent.id],
                group_id=group.id,
                file_ids=[file.id],
            )
            commands.comment(actor, ticket_id=self.ticket.id, text=f"comment {CANARY}")
            self.key, self.secret = create_key(actor, service_id=service.id, name="program")
            for model in tenant_models():
                self.rows[model.__name__] = self._row(model)
            picture = RemotePicture.objects.get(id=self.rows["RemotePicture"])
            picture.state, picture.content = RemotePicture.State.READY, b"RIFF" + CANARY.encode()
            picture.expires_at = timezone.now() + timedelta(days=1)
            picture.save()
            self.picture_token = picture.token
            # Only who a note is for may open it.
            self.rows["Note"] = Note.objects.filter(recipient=self.founder).values_list("id", flat=True)[0]
            self.nonce = str(Submission.objects.values_list("nonce", flat=True)[0])
        self.link_proof = sign_link(slug, self.ticket.number, f"asker@{slug}.example")
        self.invitation_id = Invitation.objects.create(
            organization_id=self.organization.id,
            email=f"invited@{slug}.example",
            token_hash=secrets.token_hex(32),
            invited_by_id=self.founder.id,
            expires_at=timezone.now() + timedelta(days=7),
        ).id

    def _row(self, model: type[TenantModel]) -> int:
        known = model.objects.order_by("id").values_list("id", flat=True).first()
        if known is None:
            row = model(**{field.name: value for field, value in _values(model)})
            row.save()
            known = row.id  # type: ignore[attr-defined]
        return int(known)


def _values(model: type[TenantModel]) -> list[tuple[Field, Any]]:
    """A value for each field that needs one."""
    found = []
    for field in model._meta.local_fields:
        if field.primary_key or field.name == "organization_id" or field.has_default() or field.has_db_default():
            continue
        if field.null and not isinstance(field, TenantForeignKey):
            continue
        if isinstance(field, TenantForeignKey):
            target = None if field.remote_field.model is model else field.remote_field.model.objects.first()
            assert target is not None or field.null, f"{model.__name__}.{field.name} needs a row first"
            found.append((field, target))
        else:
            found.append((field, _plain(field)))
    return found


def _plain(field: Field) -> Any:
    if field.choices:
        return next(iter(field.flatchoices))[0]
    kinds: tuple[tuple[type[Field], Any], ...] = (
        (models.EmailField, f"{secrets.token_hex(4)}@iso.example"),
        (models.DateTimeField, timezone.now()),
        (models.IntegerField, 1),
        (models.FloatField, 1.0),
        (models.BooleanField, False),
        (models.JSONField, {}),
        (models.BinaryField, b"x"),
    )
    for kind, value in kinds:
        if isinstance(field, kind):
            return value
    return secrets.token_hex(20)[: field.max_length or 40]
