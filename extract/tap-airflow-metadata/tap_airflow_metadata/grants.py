"""The least-privilege SQL: a read-only role with SELECT on exactly the catalogued columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap_airflow_metadata.catalogue import Table
from tap_airflow_metadata.query import literal, quoted
from tap_airflow_metadata.settings import included_columns, select_tables

_HEADER = """\
-- A read-only role for the sync: SELECT on the columns it reads, and on nothing else.
-- Run it in the metadata database as the owner of Airflow's tables, after Airflow's own
-- migrations, and again after each upgrade of Airflow. Then set a password or another way to
-- log in:  \\password {role}
do $grants$
declare
    wanted record;
begin
    if not exists (select from pg_roles where rolname = {role_name}) then
        create role {role} login;
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


def grants_sql(
    config: Mapping[str, Any], catalogue: Mapping[str, Table], role: str = "airflow_audit"
) -> str:
    """Return the SQL for the tables and columns that the settings read.

    It needs no connection: it looks up in the database which of them exist there.

    Args:
        config: The tap's settings; all may be missing.
        catalogue: All catalogued tables by name.
        role: Role to create and grant to.

    Raises:
        SettingsError: The settings name a table or column that is not read.
    """
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
    ]
    return _HEADER.format(**names) + ",\n".join(values) + "\n" + _FOOTER.format(**names)
