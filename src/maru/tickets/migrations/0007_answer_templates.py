from django.db import migrations, models
from django.db.models.functions import Now

from maru.core.tenancy.operations import Tenancy


class Migration(migrations.Migration):
    dependencies = [("tickets", "0006_handling_categories")]
    operations = [
        migrations.CreateModel(
            name="AnswerTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organization_id", models.BigIntegerField(editable=False)),
                ("title", models.CharField(max_length=80)),
                ("code", models.CharField(blank=True, max_length=30)),
                ("html", models.TextField()),
                ("updated_at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("code", ""), _negated=True),
                        fields=("organization_id", "code"),
                        name="template_code",
                    ),
                    models.UniqueConstraint(fields=("organization_id", "title"), name="template_title"),
                ],
            },
        ),
        Tenancy("AnswerTemplate"),
    ]
