import django.db.models.functions.datetime
from django.db import migrations, models

import maru.core.tenancy.models
from maru.core.tenancy.operations import DueScan, Tenancy


class Migration(migrations.Migration):
    dependencies = [("tickets", "0008_helpers")]

    operations = [
        migrations.AlterField(
            model_name="participant",
            name="role",
            field=models.CharField(
                choices=[("requester", "Requester"), ("copy", "Copy"), ("blind", "Blind")],
                default="requester",
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="RemotePicture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organization_id", models.BigIntegerField(editable=False)),
                ("position", models.SmallIntegerField()),
                ("address_digest", models.CharField(max_length=64)),
                ("token", models.CharField(max_length=43)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("ready", "Ready"), ("failed", "Failed")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("content", models.BinaryField(null=True)),
                ("asked_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                (
                    "message",
                    maru.core.tenancy.models.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=models.deletion.CASCADE,
                        related_name="pictures",
                        to="tickets.message",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization_id", "address_digest", "-expires_at"], name="picture_address"),
                    models.Index(fields=["expires_at"], name="picture_expired"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("organization_id", "message", "position"), name="picture_once"),
                    models.UniqueConstraint(fields=("organization_id", "token"), name="picture_token"),
                ],
            },
        ),
        Tenancy("RemotePicture"),
        DueScan("tickets_pictures_expired", "tickets_remotepicture", "expires_at <= now()", "expires_at, id"),
    ]
