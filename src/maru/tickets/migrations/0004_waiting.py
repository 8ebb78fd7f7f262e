from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0003_search")]

    operations = [
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                fields=["organization_id", "-updated_at", "-id"],
                condition=models.Q(status__lt=6, is_spam=False, last_customer_at__gt=models.F("last_agent_at")),
                name="ticket_waiting",
            ),
        ),
    ]
