"""What the database itself says about who may see what: tables, policies, keys, roles, views, functions."""

from typing import Any

import pytest

from maru.core.tenancy import TenantForeignKey, tenant_models
from tests.isolation.conftest import Database

# Tables that know an organization but are looked into before it is known; each is reached by a secret or an own id.
PLATFORM_TABLES = {"accounts_invitation", "api_apikey"}
# Functions that see more than the caller. Each was read: fixed search path, ids only (or less), nothing to inject.
REVIEWED_FUNCTIONS = {
    "channels_outgoing_due",
    "channels_postbox",
    "channels_raw_counts",
    "channels_raw_due",
    "find_tickets",
    "inboxes_active",
    "notifications_member_marks",
    "tickets_close_due",
    "tickets_pictures_expired",
}


@pytest.fixture(scope="module")
def catalogue(database: Database) -> Any:
    with database.as_superuser() as connection:
        yield lambda query, *values: connection.execute(query, values).fetchall()


def test_every_table_with_an_organization_is_kept_apart(catalogue: Any) -> None:
    rows = catalogue(
        "select c.oid::regclass::text, c.relrowsecurity and c.relforcerowsecurity, a.attnotnull"
        " from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'"
        " where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace"
    )
    assert {table for table, forced, not_null in rows if not (forced and not_null)} == PLATFORM_TABLES
    tables = {table for table, _forced, _not_null in rows}
    assert {model._meta.db_table for model in tenant_models()} <= tables


def test_policies_bind_reading_and_writing(catalogue: Any) -> None:
    bound = "(organization_id = (NULLIF(current_setting('maru.organization_id'::text, true), ''::text))::bigint)"
    rows = catalogue(
        "select polrelid::regclass::text, polname, polcmd, polpermissive,"
        " array(select rolname::text from pg_roles where oid = any(polroles)),"
        " pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) from pg_policy"
    )
    tenants = {row[0] for row in rows if row[1] == "tenant"}
    forced = {row[0] for row in catalogue("select oid::regclass::text from pg_class where relforcerowsecurity")}
    assert tenants == forced
    for table, name, command, permissive, roles, using, check in rows:
        if name == "tenant":
            assert (command, permissive, roles, using, check) == ("*", True, [], bound, bound), table
        elif roles == ["maru_scanner"]:
            assert command == "r", (table, name)
        else:
            # Only an account's own memberships may be read across organizations.
            assert (table, name, command) == ("accounts_member", "own", "r")
            assert "maru.account_id" in using


def test_foreign_keys_hold_both_ends_in_one_organization(catalogue: Any) -> None:
    forced = {row[0] for row in catalogue("select oid::regclass::text from pg_class where relforcerowsecurity")}
    rows = catalogue(
        "select k.conrelid::regclass::text, k.confrelid::regclass::text, k.conname,"
        " array(select attname::text from pg_attribute where attrelid = k.conrelid and attnum = any(k.conkey))"
        " from pg_constraint k where k.contype = 'f'"
    )
    single = {row[2] for row in rows if row[0] in forced and row[1] in forced and "organization_id" not in row[3]}
    assert single == set()
    in_database = {(row[0], column) for row in rows for column in row[3] if "organization_id" in row[3]}
    wanted = {
        (model._meta.db_table, field.column)
        for model in tenant_models()
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
    }
    assert wanted <= in_database


def test_unique_constraints_begin_with_the_organization(catalogue: Any) -> None:
    """Else a refused value would tell that another organization has it."""
    rows = catalogue(
        "select i.indrelid::regclass::text, i.indexrelid::regclass::text, a.attname, i.indisprimary from pg_index i"
        " join pg_class c on c.oid = i.indrelid and c.relforcerowsecurity"
        " left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]"
        " where i.indisunique and not (i.indisprimary and a.attname = 'id')"
    )
    assert {row[1] for row in rows if row[2] != "organization_id"} == set()


def test_the_application_has_no_power_of_its_own(catalogue: Any) -> None:
    roles = catalogue(
        "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin from pg_roles"
        " where rolname in ('maru_app', 'maru_scanner')"
    )
    assert {row[0] for row in roles} == {"maru_app", "maru_scanner"}
    for name, *powers, can_log_in in roles:
        assert not any(powers), name
        assert can_log_in == (name == "maru_app")
    members = catalogue("select roleid::regrole::text from pg_auth_members where member = 'maru_app'::regrole")
    assert members == []
    for table in ("pg_class", "pg_proc", "pg_namespace"):
        column = {"pg_class": "relowner", "pg_proc": "proowner", "pg_namespace": "nspowner"}[table]
        assert catalogue(f"select 1 from {table} where {column} = 'maru_app'::regrole") == []
    assert catalogue("select has_schema_privilege('maru_app', 'public', 'create')") == [(False,)]
    extra = catalogue(
        "select table_name, privilege_type from information_schema.role_table_grants where grantee = 'maru_app'"
        " and privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')"
    )
    assert extra == []


def test_views_do_not_lend_their_owners_eyes(catalogue: Any) -> None:
    views = catalogue(
        "select oid::regclass::text, coalesce(array_to_string(reloptions, ','), '') from pg_class"
        " where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace"
    )
    assert [name for name, options in views if "security_invoker=true" not in options] == []


def test_functions_with_more_rights_were_reviewed(catalogue: Any) -> None:
    rows = catalogue(
        "select proname, proowner::regrole::text, coalesce(array_to_string(proconfig, ','), '') from pg_proc"
        " where prosecdef and pronamespace = 'public'::regnamespace"
    )
    assert {row[0] for row in rows} == REVIEWED_FUNCTIONS, "read them, then add them here"
    for name, owner, configuration in rows:
        assert owner == "maru_scanner", name
        assert "search_path=" in configuration, name
        assert configuration.rstrip('"').endswith("pg_temp"), name
