from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "0003_idle_minutes")]

    operations = [
        migrations.AddField("service", "escalates_reopened", models.BooleanField(db_default=False, default=False)),
    ]
