"""Chores of the programming interface."""

from django.db import connection
from procrastinate.contrib.django import app

from maru.core.tenancy import tenant
from maru.organizations.models import Organization

KEPT_HOURS = 24


@app.periodic(cron="41 * * * *")
@app.task(queue="chores", queueing_lock="forget_calls", name="api.forget_calls")
def forget_calls(timestamp: int) -> None:
    """Throw away the remembered answers of calls older than a day."""
    for organization_id in Organization.objects.values_list("id", flat=True):
        with tenant(organization_id), connection.cursor() as cursor:
            cursor.execute(
                "delete from api_idempotentcall where organization_id = %s and created_at < now() - %s * interval '1 h'",
                [organization_id, KEPT_HOURS],
            )
