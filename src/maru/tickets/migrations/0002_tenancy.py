from django.db import migrations

from maru.core.tenancy.operations import DueScan, Tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0001_initial"),
        ("accounts", "0002_tenancy"),
        ("organizations", "0002_tenancy"),
        ("customers", "0002_tenancy"),
    ]

    operations = [
        Tenancy(
            "Stage",
            "IntakeCategory",
            "Ticket",
            "Assignment",
            "Participant",
            "Message",
            "Attachment",
            "SavedView",
            "Draft",
            "Presence",
        ),
        DueScan(
            "tickets_close_due", "tickets_ticket", "close_due_at is not null and close_due_at <= now()", "close_due_at"
        ),
    ]
