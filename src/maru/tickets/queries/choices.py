"""Lists for select boxes, in the viewer's words."""

from collections.abc import Iterable
from typing import Any

from maru.tickets.models import Channel, Priority, Status
from maru.tickets.queries.directory import CategoryInfo, Directory, status_name
from maru.ui.atoms import channel_label, priority_label, status_label

Choice = tuple[Any, str]


def choices(names: Directory) -> dict[str, list[Choice]]:
    """Lists for select boxes: value and label."""
    return {
        "statuses": [(status.value, status_label(status_name(status))) for status in Status],
        "priorities": [(priority.value, priority_label(priority.name.lower())) for priority in reversed(Priority)],
        "channels": [(kind.value, channel_label("agent" if kind is Channel.STAFF else kind.value)) for kind in Channel],
        "stages": [(stage.id, stage.name) for stage in names.stages.values()],
        "groups": [(group.id, group.name) for group in names.groups.values()],
        "agents": [(person.id, person.name) for person in names.agents],
        "categories": _indented(names.categories.values()),
        "handlings": _indented(names.handlings.values()),
        "services": [(service.id, service.name) for service in names.services.values()],
    }


def _indented(categories: Iterable[CategoryInfo]) -> list[Choice]:
    return [(category.id, "　" * (category.depth - 1) + category.name) for category in categories]
