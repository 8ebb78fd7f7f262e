"""Handling categories; and deleting categories of either tree without waiting for their tickets."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

import maru.core.tenancy.models
from maru.core.tenancy.operations import Tenancy

_SIBLING = {"condition": models.Q(deleted_at__isnull=True), "fields": ("organization_id", "parent", "name")}
_MANAGERS = [
    ("objects", django.db.models.manager.Manager()),
    ("with_deleted", django.db.models.manager.Manager()),
]


class Migration(migrations.Migration):
    dependencies = [("tickets", "0005_search_further")]

    operations = [
        migrations.CreateModel(
            name="HandlingCategory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organization_id", models.BigIntegerField(editable=False)),
                ("name", models.CharField(max_length=80)),
                ("names", models.JSONField(default=dict)),
                ("order", models.IntegerField(default=0)),
                ("deleted_at", models.DateTimeField(null=True)),
                (
                    "parent",
                    maru.core.tenancy.models.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="children",
                        to="tickets.handlingcategory",
                    ),
                ),
            ],
            options={"abstract": False, "base_manager_name": "with_deleted"},
            managers=_MANAGERS,
        ),
        migrations.AddConstraint(
            "handlingcategory", models.UniqueConstraint(name="handling_sibling", nulls_distinct=False, **_SIBLING)
        ),
        Tenancy("HandlingCategory"),
        migrations.AlterModelOptions(name="intakecategory", options={"base_manager_name": "with_deleted"}),
        migrations.AlterModelManagers(name="intakecategory", managers=_MANAGERS),
        migrations.AddField("intakecategory", "deleted_at", models.DateTimeField(null=True)),
        migrations.RemoveConstraint("intakecategory", "intake_sibling"),
        migrations.AddConstraint(
            "intakecategory", models.UniqueConstraint(name="intake_sibling", nulls_distinct=False, **_SIBLING)
        ),
        migrations.AddField(
            "ticket",
            "handling_category",
            maru.core.tenancy.models.TenantForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="tickets.handlingcategory",
            ),
        ),
        migrations.AddField(
            "ticket",
            "handling_category_name",
            models.CharField(blank=True, default="", db_default="", max_length=80),
        ),
        migrations.RunSQL(
            "alter table tickets_ticket add constraint tickets_ticket_handling_category_id_tenant "
            "foreign key (organization_id, handling_category_id) "
            "references tickets_handlingcategory (organization_id, id) deferrable initially immediate",
            "alter table tickets_ticket drop constraint tickets_ticket_handling_category_id_tenant",
        ),
        migrations.AddIndex(
            "ticket",
            models.Index(
                condition=models.Q(handling_category__isnull=False),
                fields=["organization_id", "handling_category", "-updated_at", "-id"],
                name="ticket_handling",
            ),
        ),
    ]
