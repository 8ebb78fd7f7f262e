"""The audit trail: who did or saw what. Rows can be added, never changed."""

from typing import Any

from maru.core.actors import Actor
from maru.core.models import AuditEntry


def record(
    actor: Actor, action: str, *, object_type: str = "", object_id: int | None = None, ip: str = "", **details: Any
) -> AuditEntry:
    """Add one row inside the running transaction of the actor's organization.

    ``action`` is a stable machine word such as ``member.role_changed``; ``details`` must be plain JSON values and must
    never hold a secret.
    """
    row = AuditEntry(
        actor_kind=actor.kind.value,
        actor_id=actor.member_id or actor.customer_id,
        actor_name=actor.name[:200],
        ip=ip or None,
        action=action,
        object_type=object_type,
        object_id=object_id,
        details=details,
    )
    row.save()
    return row
