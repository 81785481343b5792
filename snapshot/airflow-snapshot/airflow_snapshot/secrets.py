"""A copy of the database without secrets, from which a snapshot without secrets is taken.

The catalogue lists what is kept. Of what it does not know, such as tables that clean-ups, Celery or
a newer Airflow leave:

- a table loses its rows. If a kept table refers to it, it keeps them, without their texts: foreign
  keys have to hold, and a cascade must not delete known rows.
- a column of a kept table loses its values if its type can hold text. Numbers, flags, times and
  UUIDs stay, because keys are made of them; none of the known ones is a secret.
- Alembic's tables stay: Airflow does not start without the revisions in them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from airflow_snapshot import archive
from airflow_snapshot.airflow_facts import cleaned_columns, kept_columns, secret_columns
from airflow_snapshot.database import Connection, connected
from airflow_snapshot.errors import RefusedError
from airflow_snapshot.exported_snapshot import ExportedSnapshot, export_snapshot
from airflow_snapshot.manifest import Emptied
from airflow_snapshot.scratch import scratch_server

# Partitions follow their table, generated columns those they are computed from. Of Postgres's type
# categories, A is an array; boolean, date, enum, number and interval hold no text that is not in
# the schema itself.
_COLUMNS_SQL = """
    select relation.relname::text, attribute.attname::text, not attribute.attnotnull,
        type.typcategory not in ('B', 'D', 'E', 'N', 'T') and type.typname <> 'uuid',
        case when type.typcategory = 'A' or type.typname in ('json', 'jsonb') then '{}' else '' end
    from pg_attribute as attribute
    inner join pg_class as relation on relation.oid = attribute.attrelid
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    inner join pg_type as type on type.oid = attribute.atttypid
    where namespace.nspname = %s and relation.relkind in ('r', 'p')
        and not relation.relispartition and attribute.attnum > 0
        and not attribute.attisdropped and attribute.attgenerated = ''
    order by relation.relname, attribute.attnum
"""
_REFERENCES_SQL = """
    select relation.relname::text, referred.relname::text
    from pg_constraint as key
    inner join pg_class as relation on relation.oid = key.conrelid
    inner join pg_class as referred on referred.oid = key.confrelid
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    where key.contype = 'f' and namespace.nspname = %s
        and referred.relnamespace = relation.relnamespace
"""
_COLUMNS_OF_ALEMBIC = {"version_num"}
# What Airflow writes for "nothing". With null, the REST API of 2.11 answers every list of task
# instances with status 500; with an empty text, the triggerer of 3.3 ends.
_NOTHING = {
    ("task_instance", "executor_config"): r"\x80047d942e",  # a pickled {}
    ("task_instance_history", "executor_config"): r"\x80047d942e",
    ("trigger", "kwargs"): '{"__type": "dict", "__var": {}}',
}


@dataclass(frozen=True)
class _Column:
    """A column of a table.

    Attributes:
        is_nullable: Whether it may be null.
        may_hold_text: Whether its type can hold text that people typed.
        empty: An empty value of its type.
    """

    is_nullable: bool
    may_hold_text: bool
    empty: str


@contextlib.contextmanager
def scratch_without_secrets(
    exported: ExportedSnapshot,
) -> Iterator[tuple[ExportedSnapshot, Emptied]]:
    """Copy the database into a scratch server, and empty there what holds or may hold secrets.

    The data passes through the scratch server's files on this machine, which are removed.

    Yields:
        An exported snapshot of the copy, and what it lacks.

    Raises:
        SnapshotError: It could not be copied or emptied.
    """
    with scratch_server() as server:
        parameters = server.create_database("airflow", exported.source)
        archive.copy(exported, parameters)
        with connected(parameters) as connection:
            emptied = empty_secrets(connection, exported.source.schema, cleaned_columns())
        with export_snapshot(parameters, exported.source.schema) as copied:
            yield copied, emptied


def empty_secrets(
    connection: Connection, schema: str, cleaned: Mapping[str, Mapping[str, str]]
) -> Emptied:
    """Empty what holds or may hold secrets.

    Args:
        connection: To a copy.
        schema: The schema of Airflow's tables.
        cleaned: SQL of the part of a column that is kept, by table and column.

    Raises:
        RefusedError: A column cannot be emptied.
    """
    tables = _read_columns(connection, schema)
    staying = _tables_that_stay(connection, schema, tables)
    columns, texts = {}, {}
    for table in sorted(staying):
        gone = _columns_that_go(table, tables[table])
        parts = {
            name: text for name, text in cleaned.get(table, {}).items() if name in tables[table]
        }
        if gone:
            columns[table] = list(gone)
        if gone:
            _update(connection, (schema, table), gone, {})
        if parts:
            texts[table] = list(parts)
            # A key and what refers to it are cleaned alike, but not at once.
            connection.execute("set session_replication_role = replica")
            _update(connection, (schema, table), {}, parts)
            connection.execute("reset session_replication_role")
    emptied = sorted(tables.keys() - staying)
    # Last, because a trigger may have logged changes of other tables there. All at once, because
    # they may refer to each other.
    if emptied:
        names = sql.SQL(", ").join(sql.Identifier(schema, table) for table in emptied)
        connection.execute(sql.SQL("truncate {}").format(names))
    known = kept_columns().keys() | secret_columns().keys()
    return Emptied(
        tables=emptied,
        columns=columns,
        cleaned=texts,
        unknown=[
            *(table for table in emptied if table not in known),
            *(
                f"{table}.{name}"
                for table, names in columns.items()
                for name in names
                if name not in secret_columns().get(table, [])
            ),
        ],
    )


def _read_columns(connection: Connection, schema: str) -> dict[str, dict[str, _Column]]:
    tables: dict[str, dict[str, _Column]] = {}
    for table, name, *properties in connection.execute(_COLUMNS_SQL, [schema]):
        tables.setdefault(table, {})[name] = _Column(*properties)
    return tables


def _tables_that_stay(
    connection: Connection, schema: str, tables: Mapping[str, Mapping[str, _Column]]
) -> set[str]:
    """Return the known tables, Alembic's, and all that one of these refers to."""
    staying = {
        table
        for table, columns in tables.items()
        if table in kept_columns() or columns.keys() == _COLUMNS_OF_ALEMBIC
    }
    references = [
        (table, referred)
        for table, referred in connection.execute(_REFERENCES_SQL, [schema])
        if referred in tables  # and is no partition
    ]
    while more := {referred for table, referred in references if table in staying} - staying:
        staying |= more
    return staying


def _columns_that_go(table: str, columns: Mapping[str, _Column]) -> dict[str, _Column]:
    if columns.keys() == _COLUMNS_OF_ALEMBIC:
        return {}
    kept, secret = kept_columns().get(table, []), secret_columns().get(table, [])
    return {
        name: column
        for name, column in columns.items()
        if name in secret or (name not in kept and column.may_hold_text)
    }


def _update(
    connection: Connection,
    table: tuple[str, str],
    gone: Mapping[str, _Column],
    parts: Mapping[str, str],
) -> None:
    """Empty columns of a table, and clean others, in the rows that have something there."""
    values, changed = [], []
    for name, column in gone.items():
        nothing = _NOTHING.get((table[1], name), None if column.is_nullable else column.empty)
        new = sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(nothing))
        values.append(new)
        changed.append(sql.SQL("{} is not null").format(sql.Identifier(name)))
    for name, text in parts.items():
        names = (sql.Identifier(name), sql.SQL(text))
        values.append(sql.SQL("{} = ({})").format(*names))
        changed.append(sql.SQL("{}::text is distinct from ({})::text").format(*names))
    statement = sql.SQL("update {} set {} where {}").format(
        sql.Identifier(*table), sql.SQL(", ").join(values), sql.SQL(" or ").join(changed)
    )
    try:
        connection.execute(statement)
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        # The error's own text may quote values.
        why = error.diag.constraint_name or f"SQLSTATE {error.sqlstate}"
        msg = (
            f"--exclude-secrets cannot empty {', '.join([*gone, *parts])} of the table {table[1]}:"
            f" PostgreSQL refuses it ({why}). Use a release that knows this Airflow, or take the"
            " snapshot with its secrets, encrypted (--encrypt-to)"
        )
        raise RefusedError(msg) from None
