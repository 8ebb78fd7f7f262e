import django.db.models.deletion
from django.db import migrations, models

import maru.core.tenancy.models
from maru.core.tenancy.operations import Tenancy

# One query must tell of all open streams of a process, whatever their organization, whether a right has changed.
# The function answers with fingerprints, so that nothing of a member can be read through it.
MARKS = """
create policy notifications_member_marks on accounts_member for select to maru_scanner using (true);
grant select on accounts_member to maru_scanner;
create function notifications_member_marks(accounts bigint[], organizations bigint[])
  returns table (account_id bigint, organization_id bigint, mark text)
  language sql stable security definer set search_path = public, pg_temp as $$
    select m.account_id, m.organization_id, md5(concat_ws('|', m.id, m.state, m.role, m.is_admin, m.works_tickets,
      m.works_chats, m.works_phone, m.may_forward, m.may_see_logs, m.may_export))
    from unnest(accounts, organizations) as k(account_id, organization_id)
    join accounts_member m on m.account_id = k.account_id and m.organization_id = k.organization_id $$;
alter function notifications_member_marks(bigint[], bigint[]) owner to maru_scanner;
"""
NO_MARKS = """
drop function notifications_member_marks(bigint[], bigint[]);
drop policy notifications_member_marks on accounts_member;
revoke select on accounts_member from maru_scanner;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_tenancy"),
        ("notifications", "0002_tenancy"),
    ]

    operations = [
        migrations.CreateModel(
            name="NotificationChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organization_id", models.BigIntegerField(editable=False)),
                ("no_bell", models.JSONField(default=list)),
                ("no_desktop", models.JSONField(default=list)),
                ("quiet_from", models.TimeField(null=True)),
                ("quiet_until", models.TimeField(null=True)),
                (
                    "member",
                    maru.core.tenancy.models.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_choices",
                        to="accounts.member",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organization_id", "member"), name="one_notification_choice")
                ],
            },
        ),
        Tenancy("NotificationChoice"),
        migrations.RunSQL(MARKS, NO_MARKS),
    ]
