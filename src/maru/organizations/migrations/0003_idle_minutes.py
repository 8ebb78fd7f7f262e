from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "0002_tenancy")]

    operations = [
        migrations.AddField("organization", "idle_minutes", models.IntegerField(default=30, db_default=30)),
    ]
