from django.db import migrations

from maru.core.tenancy.operations import Tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0001_initial"),
        ("core", "0002_tenancy"),
    ]

    operations = [
        Tenancy("Service"),
    ]
