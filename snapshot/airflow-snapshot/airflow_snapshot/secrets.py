"""A copy of a moment without secrets, from which a snapshot can be taken that holds none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from psycopg import sql

from airflow_snapshot import archive
from airflow_snapshot.airflow_facts import secret_columns, secret_tables
from airflow_snapshot.database import Connection, connected
from airflow_snapshot.moment import Moment, moment_of
from airflow_snapshot.scratch import scratch_server

_COLUMNS_SQL = """
    select column_name::text, is_nullable = 'YES', data_type::text
    from information_schema.columns
    where table_schema = %s and table_name = %s
"""
# What stands in a column that may not be null; the empty text in all others.
_EMPTY = {"json": "{}", "jsonb": "{}"}


@contextlib.contextmanager
def scratch_without_secrets(moment: Moment) -> Iterator[Moment]:
    """Copy a moment into a scratch server and empty there what holds or may hold secrets.

    The data passes through the scratch server's files on this machine, which are removed.

    Yields:
        A moment of the copy.

    Raises:
        SnapshotError: It could not be copied.
    """
    with scratch_server() as server:
        parameters = server.create_database("airflow", moment.source)
        archive.copy(moment, parameters)
        with connected(parameters) as connection:
            _empty_secrets(connection, moment.source.schema)
        with moment_of(parameters, moment.source.schema) as copied:
            yield copied


def _empty_secrets(connection: Connection, schema: str) -> None:
    for table, names in secret_columns().items():
        found = connection.execute(_COLUMNS_SQL, (schema, table)).fetchall()
        if found and table in secret_tables():
            connection.execute(sql.SQL("delete from {}").format(sql.Identifier(schema, table)))
            continue
        new = [
            sql.SQL("{} = {}").format(
                sql.Identifier(name),
                sql.Literal(None if is_nullable else _EMPTY.get(data_type, "")),
            )
            for name, is_nullable, data_type in found
            if name in names
        ]
        if new:
            connection.execute(
                sql.SQL("update {} set {}").format(
                    sql.Identifier(schema, table), sql.SQL(", ").join(new)
                )
            )
