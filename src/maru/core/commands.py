"""The one door for writes."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.db import transaction

from maru.core.actors import Actor
from maru.core.tenancy import current_organization_id, tenant

P = ParamSpec("P")
R = TypeVar("R")


def command(function: Callable[Concatenate[Actor, P], R]) -> Callable[Concatenate[Actor, P], R]:
    """Run ``function(actor, ...)`` in one transaction inside the actor's organization.

    Inside a request that already works in this organization it becomes a savepoint, so that a failed command
    leaves nothing behind while the request can still answer with its form.
    """

    @functools.wraps(function)
    def run(actor: Actor, *args: P.args, **kwargs: P.kwargs) -> R:
        if current_organization_id() == actor.organization_id:
            with transaction.atomic():
                return function(actor, *args, **kwargs)
        with tenant(actor.organization_id):
            return function(actor, *args, **kwargs)

    return cast(Callable[Concatenate[Actor, P], R], run)
