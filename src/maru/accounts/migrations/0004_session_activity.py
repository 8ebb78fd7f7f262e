from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_email_confirmed")]

    operations = [
        migrations.CreateModel(
            name="SessionActivity",
            fields=[
                ("session_key", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField(db_default=Now())),
                ("proven_at", models.DateTimeField(db_default=Now())),
                ("idle_minutes", models.IntegerField(default=30)),
            ],
            options={"indexes": [models.Index(fields=["seen_at"], name="activity_oldest")]},
        ),
    ]
