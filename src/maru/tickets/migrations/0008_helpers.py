from django.db import migrations, models

# The owner is bound by the policies as well, and a migration belongs to no organization: so it enters one after the
# other. Taking the policies off instead would lock all tickets against everybody for as long as it takes.
MARK = """
do $$ declare each bigint; begin
  for each in select id from organizations_organization order by id loop
    perform set_config('maru.organization_id', each::text, true);
    update tickets_assignment a set is_helper = true from tickets_ticket t
     where a.organization_id = each and t.organization_id = each and t.id = a.ticket_id
       and t.assignee_id is distinct from a.member_id;
  end loop;
  perform set_config('maru.organization_id', '', true);
end $$
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
