"""What managers change about a service."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from maru.core import audit
from maru.core.actors import Actor, Permission
from maru.core.commands import command
from maru.core.errors import Invalid, NotFound
from maru.organizations.models import Service

#: Smallest and largest value of each rule: hours, hours, days, files, megabytes.
LIMITS: Mapping[str, tuple[int, int]] = {
    "answer_within_hours": (1, 720),
    "close_after_hours": (1, 8760),
    "reopen_days": (0, 3650),
    "file_limit": (0, 20),
    "file_size_mb": (1, 25),
}


@command
def change_rules(
    actor: Actor, *, service_id: int, escalates_reopened: bool, rules: Mapping[str, int | None]
) -> Service:
    """Set how a service treats its tickets; ``rules`` has every key of :data:`LIMITS`, ``None`` for what is no number.

    Dates that tickets have already are kept. Raises Invalid with the rules as fields, NotFound, Forbidden.
    """
    actor.require(Permission.SERVICE_CONFIGURE)
    service = Service.objects.filter(id=service_id).select_for_update(no_key=True).first()
    if service is None:
        raise NotFound()
    errors: dict[str, str] = {}
    changed: dict[str, int | bool] = {}
    for name, (smallest, largest) in LIMITS.items():
        value = rules[name]
        if value is None or not smallest <= value <= largest:
            errors[name] = _("A whole number from %(from)s to %(to)s, please.") % {"from": smallest, "to": largest}
        elif getattr(service, name) != value:
            changed[name] = value
    if errors:
        raise Invalid(errors)
    if service.escalates_reopened != escalates_reopened:
        changed["escalates_reopened"] = escalates_reopened
    if changed:
        for name, new in changed.items():
            setattr(service, name, new)
        service.save(update_fields=list(changed))
        audit.record(actor, "service.rules_changed", object_type="service", object_id=service.id, changed=changed)
    return service
