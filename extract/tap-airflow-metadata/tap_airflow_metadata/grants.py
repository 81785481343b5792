"""The least-privilege SQL: a read-only role with SELECT on exactly the catalogued columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap_airflow_metadata.catalogue import Table
from tap_airflow_metadata.database_url import user_in
from tap_airflow_metadata.query import is_read
from tap_airflow_metadata.quoting import literal, quoted
from tap_airflow_metadata.settings import included_columns, select_tables

_HEADER = """\
-- A read-only role for the sync: SELECT on the columns it reads, and on nothing else.
-- Run it in the metadata database as the owner of Airflow's tables, after Airflow's own
-- migrations, and again after each upgrade of Airflow and each change of the sync's settings.
-- Then set a password or another way to log in:  \\password {role}
do $grants$
declare
    wanted record;
begin
    if not exists (select from pg_roles where rolname = {role_name}) then
        create role {role} login;
    elsif exists (
        select from pg_class
        where relnamespace = to_regnamespace(format('%I', {schema_name}))
            and relkind in ('r', 'p')
            and has_table_privilege({role_name}, oid, 'insert, update, delete')
    ) then
        raise exception using
            message = {role_name} || ' may write to tables of Airflow, and this would stop it',
            hint = 'Set TAP_AIRFLOW_METADATA_DATABASE_URL to a login of the sync''s own, '
                'such as airflow_audit, which need not exist yet, and print this again.';
    end if;
    grant usage on schema {schema} to {role};
    alter role {role} set default_transaction_read_only = on;
    -- Only what this Airflow version has: the list holds the columns of all supported versions.
    for wanted in
        select listed.table_name, string_agg(format('%I', listed.column_name), ', ') as columns
        from (values
"""
_FOOTER = """\
        ) as listed (table_name, column_name)
        inner join pg_attribute as attribute
            on attribute.attrelid = to_regclass(format('%I.%I', {schema_name}, listed.table_name))
            and attribute.attname = listed.column_name
        group by listed.table_name
    loop
        execute format(
            'grant select (%s) on %I.%I to %I',
            wanted.columns, {schema_name}, wanted.table_name, {role_name}
        );
    end loop;
end
$grants$;
-- Not needed. With it the sync knows since when others' transactions are open, and reads less
-- twice; but it shows the role what every session does.
-- grant pg_read_all_stats to {role};
"""


def grants_sql(config: Mapping[str, Any], catalogue: Mapping[str, Table]) -> str:
    """Return the SQL for the tables and columns that the settings read.

    The role is the user in the database's address, else ``airflow_audit``. This needs no
    connection: the SQL itself looks up which of the columns exist.

    Args:
        config: The tap's settings, all optional.
        catalogue: All catalogued tables by name.

    Raises:
        TapSettingsError: The settings name a table or column that is not read.
    """
    role = user_in(config.get("database_url") or "") or "airflow_audit"
    schema = config.get("source_schema") or "public"
    tables = select_tables(catalogue, config.get("tables"), config.get("additional_tables"))
    included = included_columns(catalogue, config.get("include_columns") or [])
    names = {
        "role": quoted(role),
        "role_name": literal(role),
        "schema": quoted(schema),
        "schema_name": literal(schema),
    }
    values = [
        f"            ({literal(table.name)}, {literal(column.name)})"
        for table in tables
        for column in table.raw_columns(included.get(table.name, frozenset()))
        if is_read(column, config.get("pii") or "usernames")
    ]
    return _HEADER.format(**names) + ",\n".join(values) + "\n" + _FOOTER.format(**names)
