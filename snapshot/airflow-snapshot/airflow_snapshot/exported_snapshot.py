"""A transaction on the source database whose snapshot other sessions can share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime

from psycopg import sql

from airflow_snapshot.airflow_facts import (
    FINAL_RUN_STATES,
    FINAL_TASK_STATES,
    airflow_version,
)
from airflow_snapshot.airflow_tables import current_tries, read_tables
from airflow_snapshot.contents import table_names
from airflow_snapshot.database import Connection, connected, display_address
from airflow_snapshot.errors import DatabaseError
from airflow_snapshot.manifest import Running, Source

LOCK_TIMEOUT_SECONDS = 30
_OLDEST_POSTGRES = 120000  # older ones print floating point numbers differently
_FRESH = "3 minutes"
_AIRFLOW_TABLES = {"alembic_version", "dag_run", "job", "task_instance"}


class ExportedSnapshot:
    """A REPEATABLE READ, READ ONLY transaction whose snapshot is exported.

    Attributes:
        connection: In that transaction.
        parameters: Address of the database.
        taken_at: When it began.
        snapshot_id: What pg_dump needs to see the same rows.
        source: The database, as it describes itself.
    """

    def __init__(self, connection: Connection, parameters: dict[str, str], schema: str) -> None:
        """Export the snapshot and read the source; see :func:`export_snapshot`."""
        self.connection = connection
        self.parameters = parameters
        query = "select date_trunc('milliseconds', now()), pg_export_snapshot()"
        [(taken_at, snapshot_id)] = connection.execute(query)
        self.taken_at: datetime = taken_at
        self.snapshot_id: str = snapshot_id
        self.source = self._source(schema)

    def _source(self, schema: str) -> Source:
        address = display_address(self.parameters)
        tables = set(table_names(self.connection, schema))
        if not tables >= _AIRFLOW_TABLES:
            msg = (
                f"{address} has no Airflow tables in the schema {schema!r}. Check the database"
                " name; some installations use another schema, such as airflow (option --schema)"
            )
            raise DatabaseError(msg)
        query = """
            select current_setting('server_version'), current_setting('server_version_num')::int,
                pg_encoding_to_char(encoding), oid::text,
                has_function_privilege('pg_control_system()', 'execute')
            from pg_database where datname = current_database()
        """
        [(version, number, encoding, oid, tells_cluster)] = self.connection.execute(query)
        if number < _OLDEST_POSTGRES:
            msg = f"{address} is PostgreSQL {version}; snapshots need 12 or newer"
            raise DatabaseError(msg)
        cluster = None
        if tells_cluster:
            query = "select system_identifier from pg_control_system()"
            [(cluster,)] = self.connection.execute(query)
        revisions = {}
        for table in sorted(name for name in tables if name.startswith("alembic_version")):
            found = self.connection.execute(
                sql.SQL("select version_num from {}").format(sql.Identifier(schema, table))
            ).fetchone()
            if found:
                revisions[table] = found[0]
        return Source(
            address=address,
            schema=schema,
            database_id=f"{cluster}/{oid}",
            postgres_version=version.split(" ")[0],
            encoding=encoding,
            airflow_version=airflow_version(revisions.get("alembic_version")),
            revisions=revisions,
        )

    def running(self) -> Running:
        """Return what is at work on the database."""
        schema = self.source.schema
        current = current_tries(read_tables(self.connection, schema))
        count = "select count(*) from {} where state <> all(%s) and {}"
        [(tasks,)] = self.connection.execute(
            sql.SQL(count).format(sql.Identifier(schema, "task_instance"), current),
            [list(FINAL_TASK_STATES)],
        )
        [(runs,)] = self.connection.execute(
            sql.SQL(count).format(sql.Identifier(schema, "dag_run"), sql.SQL("true")),
            [list(FINAL_RUN_STATES)],
        )
        components = live_components(self.connection, schema)
        return Running(components, task_instances=tasks, dag_runs=runs)


def live_components(connection: Connection, schema: str) -> tuple[str, ...]:
    """Return the components with a fresh heartbeat, such as schedulers, as `type@host`."""
    query = sql.SQL(
        "select distinct job_type || '@' || coalesce(hostname, '') from {} where state = 'running'"
        " and latest_heartbeat > now() - {}::interval"
        " and job_type not in ('LocalTaskJob', 'BackfillJob') order by 1"
    ).format(sql.Identifier(schema, "job"), sql.Literal(_FRESH))
    return tuple(name for (name,) in connection.execute(query))


@contextlib.contextmanager
def export_snapshot(parameters: dict[str, str], schema: str) -> Iterator[ExportedSnapshot]:
    """Export a snapshot of a database for the time of the block.

    Args:
        parameters: Address of the database.
        schema: Postgres schema of Airflow's tables.

    Raises:
        DatabaseError: It cannot be read, or is no Airflow metadata database.
        SnapshotUnavailableError: A retry may help.
    """
    with connected(parameters) as connection:
        connection.execute("set statement_timeout = 0")
        connection.execute("set idle_in_transaction_session_timeout = 0")
        connection.execute(f"set lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
        # Beside pg_dump's, take one process of the server, without parallel workers.
        connection.execute("set max_parallel_workers_per_gather = 0")
        connection.execute("begin transaction isolation level repeatable read, read only")
        yield ExportedSnapshot(connection, parameters, schema)
        connection.execute("commit")
