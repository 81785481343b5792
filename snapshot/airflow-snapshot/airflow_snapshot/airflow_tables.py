"""The tables and columns of this Airflow, the only thing that tells versions apart."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from airflow_snapshot.database import Connection

Tables = Mapping[str, Mapping[str, bool]]


def read_tables(connection: Connection, schema: str) -> Tables:
    """Read the tables of a schema: each one's columns, and whether they may be null.

    Reads Postgres's own catalogue: `information_schema` hides what the login has no right to, and
    a missing right must not skip a rule.
    """
    rows = connection.execute(
        "select pg_class.relname, attname, not attnotnull from pg_catalog.pg_attribute"
        " join pg_catalog.pg_class on pg_class.oid = attrelid"
        " join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace"
        " where nspname = %s and relkind in ('r', 'p') and attnum > 0 and not attisdropped",
        [schema],
    )
    tables: dict[str, dict[str, bool]] = {}
    for table, column, is_nullable in rows:
        tables.setdefault(table, {})[column] = is_nullable
    return tables


def current_tries(tables: Tables) -> sql.SQL:
    """Return the SQL condition of the rows of `task_instance` that Airflow works with.

    Since 3.4 every earlier try is a row too, which may have kept a state that is not final.
    """
    keeps_tries = "working_set" in tables["task_instance"]
    # It is null of an earlier try, never false.
    return sql.SQL("task_instance.working_set is true" if keeps_tries else "true")
