"""Jobs that are told another organization's ids find nothing."""

import inspect
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.contrib.django.procrastinate_app import current_app

from maru.core.errors import MaruError
from tests.isolation.test_addresses import fingerprint
from tests.isolation.world import World

# What each argument of a job names, beside organization_id. A new argument must be said here.
ARGUMENTS = {
    "mailbox_id": "Mailbox",
    "member_id": "Member",
    "ticket_id": "Ticket",
    "message_id": "Message",
    "mail_id": "RawMail",
    "intake_category_id": "IntakeCategory",
    "handling_category_id": "HandlingCategory",
}
# Jobs of the whole house: they are told the time only, or an address somebody typed.
HOUSE_WIDE = {"timestamp", "context", "email", "language"}


def own_tasks() -> dict[str, Any]:
    """The jobs of the product, by name."""
    assert app is not None
    tasks = current_app.tasks
    return {name: task for name, task in tasks.items() if not name.startswith(("procrastinate.", "builtin:"))}


def test_every_job_says_whose_it_is() -> None:
    for name, task in own_tasks().items():
        named = set(inspect.signature(task.func).parameters)
        if named <= HOUSE_WIDE:
            continue
        assert "organization_id" in named, f"{name} works without an organization"
        assert named - {"organization_id"} <= set(ARGUMENTS) | HOUSE_WIDE, f"say here what {named} of {name} name"


def test_jobs_with_ids_of_others_do_nothing(worlds: tuple[World, World]) -> None:
    victim, own = worlds
    before, tried = fingerprint(victim), 0
    for task in own_tasks().values():
        named = set(inspect.signature(task.func).parameters)
        if "organization_id" not in named:
            continue
        given = {key: victim.rows[model] for key, model in ARGUMENTS.items() if key in named}
        try:
            task.func(organization_id=own.organization.id, **given)
        except MaruError:
            pass
        tried += 1
    print(f"\nisolation: {tried} jobs of {len(own_tasks())} name an organization's things")
    assert fingerprint(victim) == before
