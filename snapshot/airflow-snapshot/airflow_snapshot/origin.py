"""The origin of a restored copy: recorded in it, and required before a database is changed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from airflow_snapshot.airflow_tables import Tables
from airflow_snapshot.contents import ORIGIN_TABLE
from airflow_snapshot.database import Connection, connected
from airflow_snapshot.errors import RefusedError
from airflow_snapshot.manifest import Manifest

# Longer than between two heartbeats of any component of Airflow.
_MINUTES_OF_SILENCE = 5
# The server takes a moment to notice a disconnect, such as that of the restore.
_SECONDS_TO_LEAVE = 5


@dataclass(frozen=True)
class Origin:
    """Where a restored copy comes from.

    Attributes:
        taken_at: When the snapshot was taken.
        restored_at: When it was restored.
        neutralised_at: When it was neutralised; None if it never was.
    """

    taken_at: datetime
    restored_at: datetime
    neutralised_at: datetime | None


def record_origin(parameters: dict[str, str], manifest: Manifest) -> None:
    """Record in a restored database which snapshot it came from.

    Args:
        parameters: Address of the database.
        manifest: The snapshot's.
    """
    table = sql.Identifier(manifest.source.schema, ORIGIN_TABLE)
    with connected(parameters) as connection, connection.transaction():
        connection.execute(
            sql.SQL(
                "create table {} (snapshot text not null, taken_at timestamptz not null,"
                " source_database_id text not null, restored_at timestamptz not null,"
                " neutralised_at timestamptz)"
            ).format(table)
        )
        connection.execute(
            sql.SQL("insert into {} values (%s, %s, %s, clock_timestamp(), null)").format(table),
            (manifest.name, manifest.taken_at, manifest.source.database_id),
        )


def require_restored_copy(connection: Connection, schema: str, tables: Tables) -> Origin:
    """Make sure that a database is an unused restored copy, until the transaction ends.

    Args:
        connection: In a transaction, with the schema as its search path.
        schema: The schema of Airflow's tables.
        tables: The tables in it.

    Raises:
        RefusedError: It is none, or is in use.
    """
    if ORIGIN_TABLE not in tables:
        msg = (
            f"schema {schema} of this database was not restored by airflow-snapshot restore: it"
            f" has no table {ORIGIN_TABLE}. Only restored copies are neutralised"
        )
        raise RefusedError(msg)
    rows = connection.execute(
        sql.SQL("select taken_at, restored_at, neutralised_at from {} for update").format(
            sql.Identifier(ORIGIN_TABLE)
        )
    ).fetchall()
    if len(rows) != 1:
        msg = (
            "this database was not restored by airflow-snapshot restore: its table"
            f" {ORIGIN_TABLE} has {len(rows)} rows in place of one"
        )
        raise RefusedError(msg)
    missing = sorted({"dag", "dag_run", "job", "task_instance"} - tables.keys())
    if missing:
        msg = f"schema {schema} of this database lacks tables of Airflow: {', '.join(missing)}"
        raise RefusedError(msg)
    origin = Origin(*rows[0])
    require_alone(connection)
    # Every component of Airflow first registers itself there, so it waits for this transaction.
    connection.execute("lock table job in share row exclusive mode")
    _require_silence(connection, origin)
    return origin


def require_alone(connection: Connection) -> None:
    """Make sure that nobody else is connected. Postgres's own workers, without a user, may be.

    Raises:
        RefusedError: Others are connected.
    """
    last_try = time.monotonic() + _SECONDS_TO_LEAVE
    while others := _others(connection):
        if time.monotonic() > last_try:
            msg = (
                f"others are connected to this database: {others}. Stop everything that uses the"
                " copy, then try again"
            )
            raise RefusedError(msg)
        time.sleep(0.1)


def _others(connection: Connection) -> str | None:
    # A transaction would see the statistics as they were at its first look.
    connection.execute("select pg_catalog.pg_stat_clear_snapshot()")
    found = connection.execute(
        "select string_agg(distinct format('%s (%s)', usename, coalesce("
        "nullif(application_name, ''), 'unnamed')), ', ') from pg_catalog.pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and usesysid is not null"
    ).fetchone()
    return found[0] if found else None


def _require_silence(connection: Connection, origin: Origin) -> None:
    alive = connection.execute(
        "select job_type, hostname, latest_heartbeat"
        " > now() - make_interval(mins => %s)"
        " from job where latest_heartbeat > %s order by latest_heartbeat desc limit 1",
        [_MINUTES_OF_SILENCE, origin.restored_at],
    ).fetchone()
    if alive is None:
        return
    kind, host, is_recent = alive
    if is_recent:
        msg = (
            f"an Airflow is running on this database: a {kind} on {host} gave a sign of life within"
            f" the last {_MINUTES_OF_SILENCE} minutes. Stop it, and wait for as long"
        )
        raise RefusedError(msg)
    if origin.neutralised_at is None:
        msg = (
            f"an Airflow has run on this database since it was restored (a {kind} on {host}), so"
            " it may be more than a copy. Restore the snapshot into another database"
        )
        raise RefusedError(msg)
