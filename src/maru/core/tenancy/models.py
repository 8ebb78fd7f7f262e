"""Base model of everything an organization owns."""

from typing import Any, ClassVar, Self

from django.apps import apps
from django.db import models

from maru.core.tenancy.context import current_organization_id


class TenantManager(models.Manager[Any]):
    """Sees only the organization of the running transaction; outside one it sees nothing."""

    def get_queryset(self) -> models.QuerySet[Any]:
        queryset = super().get_queryset()
        organization_id = current_organization_id()
        return queryset.none() if organization_id is None else queryset.filter(organization_id=organization_id)


class TenantForeignKey(models.ForeignKey):
    """A foreign key inside one organization.

    PostgreSQL's foreign-key checks ignore row-level security, so the constraint in the database is the pair
    ``(organization_id, id)``, made by :class:`maru.core.tenancy.operations.Tenancy`.
    """

    def __init__(self, to: Any, on_delete: Any = models.CASCADE, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        # Indexes start with organization_id and are named in Meta; one on the id alone would only cost writes.
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)


class TenantModel(models.Model):
    """A row of one organization. ``organization_id`` comes first in every index and unique constraint."""

    organization_id = models.BigIntegerField(editable=False)

    objects: ClassVar[TenantManager] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._stamp()
        super().save(*args, **kwargs)

    def _stamp(self) -> None:
        organization_id = current_organization_id()
        if self.organization_id is None and organization_id is not None:
            self.organization_id = organization_id
        if self.organization_id is None or self.organization_id != organization_id:
            raise RuntimeError(f"{type(self).__name__} saved outside its organization")

    @classmethod
    def bulk(cls, rows: list[Self]) -> list[Self]:
        """Insert many rows of the current organization in one statement."""
        for row in rows:
            row._stamp()
        return list(cls.objects.bulk_create(rows))


def tenant_models() -> list[type[TenantModel]]:
    """Every concrete model that belongs to an organization, for the checks that walk them all."""
    return [model for model in apps.get_models() if issubclass(model, TenantModel)]
