from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_tenancy")]

    operations = [
        migrations.AddField("account", "email_confirmed_at", models.DateTimeField(null=True)),
    ]
