from django.db import migrations

from maru.core.tenancy.operations import Tenancy
from maru.core.tenancy.roles import CREATE_SCANNER


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("organizations", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(CREATE_SCANNER, migrations.RunSQL.noop),
        Tenancy("Event", "StoredFile", "AuditEntry"),
        migrations.RunSQL(
            """
            create function core_append_only() returns trigger language plpgsql as $$
            begin raise exception 'the audit trail can only grow'; end $$;
            create trigger append_only before update or delete on core_auditentry
              for each statement execute function core_append_only();
            """,
            "drop trigger append_only on core_auditentry; drop function core_append_only();",
        ),
    ]
