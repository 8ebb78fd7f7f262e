from django.db import migrations, models

# The owner is bound by the policies as well, and a migration belongs to no organization.
MARK = """
alter table tickets_assignment no force row level security;
alter table tickets_ticket no force row level security;
update tickets_assignment a set is_helper = true from tickets_ticket t
 where t.organization_id = a.organization_id and t.id = a.ticket_id and t.assignee_id is distinct from a.member_id;
alter table tickets_assignment force row level security;
alter table tickets_ticket force row level security;
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0007_answer_templates")]

    operations = [
        migrations.AddField("assignment", "is_helper", models.BooleanField(default=False, db_default=False)),
        migrations.RunSQL(MARK, migrations.RunSQL.noop),
        migrations.AddIndex(
            "assignment",
            models.Index(
                fields=["organization_id", "member", "-ticket"],
                condition=models.Q(is_helper=True),
                name="assignment_helper",
            ),
        ),
    ]
