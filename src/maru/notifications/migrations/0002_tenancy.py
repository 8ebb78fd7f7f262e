from django.db import migrations

from maru.core.tenancy.operations import Tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        ("tickets", "0002_tenancy"),
    ]

    operations = [
        Tenancy("Note"),
    ]
