from django.db import migrations

from maru.core.tenancy.operations import Tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("core", "0002_tenancy"),
    ]

    operations = [
        Tenancy("Member", "Group", "GroupMember"),
        migrations.RunSQL(
            # A person may see where he belongs before any organization is chosen.
            """
            create policy own on accounts_member for select
              using (account_id = nullif(current_setting('maru.account_id', true), '')::bigint);
            """,
            "drop policy own on accounts_member",
        ),
    ]
