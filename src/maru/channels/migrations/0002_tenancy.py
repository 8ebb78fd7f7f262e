from django.db import migrations

from maru.core.tenancy.operations import DueScan, Tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("channels", "0001_initial"),
        ("tickets", "0002_tenancy"),
        ("inboxes", "0002_tenancy"),
    ]

    operations = [
        Tenancy("RawMail", "OutgoingMail"),
        DueScan("channels_raw_due", "channels_rawmail", "state = 'received' and due_at <= now()", "due_at, id"),
        DueScan(
            "channels_outgoing_due",
            "channels_outgoingmail",
            "state in ('queued', 'deferred') and due_at <= now() and (lease_until is null or lease_until < now())",
            "due_at, id",
        ),
    ]
