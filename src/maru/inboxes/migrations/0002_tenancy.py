from django.db import migrations

from maru.core.tenancy.operations import DueScan, Tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("inboxes", "0001_initial"),
        ("organizations", "0002_tenancy"),
    ]

    operations = [
        Tenancy("Mailbox"),
        DueScan("inboxes_active", "inboxes_mailbox", "is_active", "id"),
    ]
