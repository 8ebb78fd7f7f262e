from django.db import migrations

from maru.core.tenancy.operations import DueScan


class Migration(migrations.Migration):
    dependencies = [("channels", "0003_counts")]

    operations = [DueScan("channels_postbox", "channels_outgoingmail", "true", "id desc")]
