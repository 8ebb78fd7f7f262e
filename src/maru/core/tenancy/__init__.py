"""The tenant of a transaction, and the base of every table that belongs to one.

The organization is set with ``SET LOCAL`` semantics, so that pools and PgBouncer in transaction mode are safe;
row-level security in the database is the second lock behind explicit filters.
"""

from maru.core.tenancy.context import acting_account, current_organization_id, tenant
from maru.core.tenancy.models import TenantForeignKey, TenantManager, TenantModel, tenant_models

__all__ = [
    "TenantForeignKey",
    "TenantManager",
    "TenantModel",
    "acting_account",
    "current_organization_id",
    "tenant",
    "tenant_models",
]
