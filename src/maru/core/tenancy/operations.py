"""Migration operations that give a table its policy, its composite constraints, and platform look-ups."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from maru.core.tenancy.models import TenantForeignKey

ORGANIZATION = "nullif(current_setting('maru.organization_id', true), '')::bigint"


class Tenancy(Operation):
    """Force row-level security on the tables of ``models`` and tie their foreign keys to the organization.

    Run after the tables exist and after ``organizations_organization`` exists.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, *models: str) -> None:
        self.models = models

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, list(self.models), {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The state of the models does not change."""

    def describe(self) -> str:
        return f"Row-level security and composite keys for {', '.join(self.models)}"

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        models = [to_state.apps.get_model(app_label, name) for name in self.models]
        for model in models:
            table = model._meta.db_table
            schema_editor.execute(f"alter table {table} add constraint {table}_tenant unique (organization_id, id)")
            schema_editor.execute(
                f"alter table {table} add constraint {table}_organization "
                "foreign key (organization_id) references organizations_organization (id)"
            )
            schema_editor.execute(f"alter table {table} enable row level security")
            schema_editor.execute(f"alter table {table} force row level security")
            schema_editor.execute(
                f"create policy tenant on {table} using (organization_id = {ORGANIZATION}) "
                f"with check (organization_id = {ORGANIZATION})"
            )
        for model in models:
            self._foreign_keys(model, schema_editor)

    def _foreign_keys(self, model: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
        table = model._meta.db_table
        for field in model._meta.local_fields:
            if isinstance(field, TenantForeignKey):
                target = field.related_model._meta.db_table
                schema_editor.execute(
                    f"alter table {table} add constraint {table}_{field.column}_tenant "
                    f"foreign key (organization_id, {field.column}) references {target} (organization_id, id) "
                    "deferrable initially immediate"
                )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for name in self.models:
            table = from_state.apps.get_model(app_label, name)._meta.db_table
            schema_editor.execute(f"drop policy tenant on {table}")
            schema_editor.execute(f"alter table {table} no force row level security")
            schema_editor.execute(f"alter table {table} disable row level security")
            schema_editor.execute(f"alter table {table} drop constraint {table}_organization")
            schema_editor.execute(f"alter table {table} drop constraint {table}_tenant cascade")


class DueScan(Operation):
    """A function ``<name>(lim int)`` that names due rows of all organizations: ids only, nothing else.

    Sweepers and queues must find work across organizations without being able to read it; the function runs as
    ``maru_scanner``, a role without log-in whose policies serve such functions alone.
    """

    reversible = True

    def __init__(self, name: str, table: str, where: str, order: str) -> None:
        """``where`` and ``order`` are SQL over ``table``; columns that name time are ``timestamptz``."""
        self.name, self.table, self.where, self.order = name, table, where, order

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.name, self.table, self.where, self.order], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The state of the models does not change."""

    def describe(self) -> str:
        return f"Cross-organization queue {self.name}"

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        # FORCE binds the owner too; maru_scanner cannot log in and exists only behind such functions.
        schema_editor.execute(f"create policy {self.name} on {self.table} for select to maru_scanner using (true)")
        schema_editor.execute(f"grant select on {self.table} to maru_scanner")
        schema_editor.execute(
            f"create function {self.name}(lim int) returns table (organization_id bigint, id bigint) "
            f"language sql stable security definer set search_path = public, pg_temp as $$ "
            f"select organization_id, id from {self.table} where {self.where} order by {self.order} limit lim $$"
        )
        schema_editor.execute(f"alter function {self.name}(int) owner to maru_scanner")

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        schema_editor.execute(f"drop function {self.name}(int)")
        schema_editor.execute(f"drop policy {self.name} on {self.table}")
        schema_editor.execute(f"revoke select on {self.table} from maru_scanner")
