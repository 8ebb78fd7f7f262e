from django.db import migrations

from maru.core.tenancy.operations import Tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0001_initial"),
        ("organizations", "0002_tenancy"),
    ]

    operations = [
        Tenancy("IdempotentCall"),
    ]
