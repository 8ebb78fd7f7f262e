from django.db import migrations

from maru.core.tenancy.operations import Tenancy


class Migration(migrations.Migration):
    dependencies = [
        ("helpcenter", "0001_initial"),
        ("tickets", "0002_tenancy"),
        ("organizations", "0002_tenancy"),
    ]

    operations = [Tenancy("Submission")]
