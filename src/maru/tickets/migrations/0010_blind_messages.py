from django.db import migrations, models

# The owner is bound by the policies as well, and a migration belongs to no organization.
MARK = """
alter table tickets_participant no force row level security;
alter table tickets_message no force row level security;
update tickets_message m set is_blind = true from tickets_participant p
 where p.organization_id = m.organization_id and p.ticket_id = m.ticket_id and p.role = 'blind'
   and m.kind = 'customer' and lower(m.author_address) = p.address;
alter table tickets_participant force row level security;
alter table tickets_message force row level security;
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0009_remote_pictures")]

    operations = [
        migrations.AddField("message", "is_blind", models.BooleanField(default=False, db_default=False)),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
    ]
