"""The read-only transaction of a sync, over Arrow's driver for Postgres."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_postgresql import dbapi

from tap_airflow_metadata.airflow_version import OLDER_REVISIONS, airflow_version
from tap_airflow_metadata.database_errors import translated_errors
from tap_airflow_metadata.errors import (
    NotAnAirflowDatabaseError,
    RestoredSnapshotError,
    SourceUnavailableError,
)
from tap_airflow_metadata.open_transactions import (
    ACTIVITY_SQL,
    SNAPSHOT_SQL,
    OpenTransactions,
    on_primary,
    on_standby,
)
from tap_airflow_metadata.query import SALT_SETTING
from tap_airflow_metadata.quoting import literal, quoted
from tap_airflow_metadata.settings import Settings

# Settings of a scratch database that holds a snapshot: when it was taken, and of which database.
TAKEN_AT_SETTING = "airflow_snapshot.taken_at"
DATABASE_ID_SETTING = "airflow_snapshot.database_id"
_COLUMNS_SQL = """
    select relation.relname::text, attribute.attname::text,
        format_type(attribute.atttypid, attribute.atttypmod)::text, attribute.attnotnull,
        has_column_privilege(relation.oid, attribute.attnum, 'select')
    from pg_class as relation
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    inner join pg_attribute as attribute on attribute.attrelid = relation.oid
    where namespace.nspname = $1 and relation.relkind in ('r', 'p')
        and attribute.attnum > 0 and not attribute.attisdropped
    order by relation.relname, attribute.attnum
"""
_UNIQUE_KEYS_SQL = """
    select relation.relname::text, entry.indexrelid::bigint, attribute.attname::text
    from pg_index as entry
    inner join pg_class as relation on relation.oid = entry.indrelid
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    inner join pg_attribute as attribute
        on attribute.attrelid = entry.indrelid
        and attribute.attnum = any((entry.indkey::int2[])[0:entry.indnkeyatts - 1])
    where namespace.nspname = $1 and entry.indisunique and entry.indisvalid
        and entry.indpred is null and entry.indexprs is null
"""
_CLOCK_SQL = """
    select pg_is_in_recovery(), now(), pg_last_xact_replay_timestamp(),
        extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8
"""
# The server's start tells servers apart: an id of a snapshot may be in use on another one, too.
_MOMENT_SQL = "select txid_current_snapshot()::text, pg_postmaster_start_time()::text"
_BLOCKS_SQL = """
    select case
        when current_setting('server_version_num')::int >= 140000
            and relation.relkind = 'r' and not relation.relhassubclass and method.amname = 'heap'
            and has_column_privilege(relation.oid, 'ctid', 'select')
        then pg_relation_size(relation.oid) / current_setting('block_size')::int
        else 0
    end
    from pg_class as relation
    left join pg_am as method on method.oid = relation.relam
    where relation.oid = to_regclass($1)
"""


@dataclass(frozen=True)
class SharedSnapshot:
    """What a transaction sees, for others of the same server to see the same.

    Attributes:
        name: As the server exported it; gone when the transaction ends.
        moment: What tells whether another transaction sees the same.
    """

    name: str
    moment: tuple[str, str]


@dataclass(frozen=True)
class SourceIdentity:
    """A database, as it describes itself.

    Attributes:
        extracted_at: As of when its rows are, UTC, whole milliseconds: when the read began; of a
            standby, up to when it has replayed; of a snapshot, when it was taken.
        revision: Airflow's schema revision.
        airflow_version: First Airflow release with that revision, None if unknown.
        postgres_version: Such as ``16.3``.
        database_id: Identifies the database. A standby has that of its primary, a snapshot that of
            its source; any other restored copy has its own.
        replay_lag_seconds: How old ``extracted_at`` is by a standby's clock; None of other servers.
        transactions: Transactions of others that were open then.
    """

    extracted_at: datetime
    revision: str | None
    airflow_version: str | None
    postgres_version: str
    database_id: str
    replay_lag_seconds: float | None
    transactions: OpenTransactions


@dataclass(frozen=True)
class SourceColumn:
    """A column of the database.

    Attributes:
        postgres_type: As ``format_type`` names it.
        is_nullable: Whether it may be null.
        is_readable: Whether the login may select it.
    """

    postgres_type: str
    is_nullable: bool
    is_readable: bool


def _whole_milliseconds(time: datetime) -> datetime:
    time = time.astimezone(timezone.utc)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def _parse_snapshot_settings(taken_at: str, database_id: str) -> tuple[datetime, str]:
    """Return when a snapshot was taken, in whole milliseconds, and the id of its source."""
    problem = None
    try:
        # Python 3.10 does not know the Z.
        time = datetime.fromisoformat(taken_at.replace("Z", "+00:00"))
    except ValueError:
        problem = f"{TAKEN_AT_SETTING} is {taken_at!r}, which is no ISO 8601 time"
    else:
        if time.tzinfo is None:
            problem = f"{TAKEN_AT_SETTING} is {taken_at!r}, which has no time zone"
        elif not database_id:
            problem = f"{DATABASE_ID_SETTING} is not set, although {TAKEN_AT_SETTING} is"
    if problem:
        msg = (
            f"The database is a restored snapshot whose settings are wrong: {problem}. Restore it"
            " again; the moment and the identity of its source have to stand in both settings"
        )
        raise RestoredSnapshotError(msg)
    return _whole_milliseconds(time), database_id


class ReadTransaction:
    """A REPEATABLE READ, READ ONLY transaction for all queries of a sync.

    A context manager; the transaction ends with the block. A transaction pooler may stand between.

    Args:
        settings: Where, and with which limits.
        shared: What another transaction sees, to see the same; None for a moment of its own.
    """

    def __init__(self, settings: Settings, shared: SharedSnapshot | None = None) -> None:
        self._settings = settings
        self._shared = shared

    def __enter__(self) -> ReadTransaction:  # noqa: PYI034  (Self needs 3.11)
        """Connect and begin.

        Raises:
            SourceRefusedError: The login or the database is wrong.
            SourceUnavailableError: The server cannot be reached, or a transaction of it whose
                snapshot is shared; a retry may help.
        """
        with contextlib.ExitStack() as undo, translated_errors():
            self._connection = dbapi.connect(self._settings.database_url)
            self._cursor = self._connection.cursor()
            undo.callback(self._disconnect)
            if self._shared is None:
                self._read_clock_and_activity()
            self._begin()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End the transaction and disconnect, whatever the state of the server."""
        self._disconnect()

    def _disconnect(self) -> None:
        for step in (
            self._cursor.close,
            # Ends the transaction: a pooler drops a connection that is left within one.
            lambda: self._connection.adbc_connection.set_autocommit(enabled=True),
            self._connection.close,
        ):
            with contextlib.suppress(adbc_driver_manager.Error):
                step()

    def _read_clock_and_activity(self) -> None:
        """Read the clock and the open transactions before the transaction that reads the tables.

        So whatever was committed by that clock is among the rows. Asked within the transaction, a
        standby would answer for later than its rows, because it goes on replaying.
        """
        self._is_standby, clock, replayed, lag = self._rows(_CLOCK_SQL)[0]
        self._as_of = replayed if self._is_standby else clock
        self._replay_lag = max(round(lag, 3), 0.0) if self._is_standby and replayed else None
        self._activity = [] if self._is_standby else self._rows(ACTIVITY_SQL)
        if self._as_of is None:
            msg = (
                "The database is a standby that has replayed no transaction since it was started,"
                " so it cannot say of what moment its rows are. Try again later, or read the"
                " primary"
            )
            raise SourceUnavailableError(msg)
        # Chained, so that a pooler keeps both transactions on one server.
        self._cursor.execute("commit and chain")

    def _begin(self) -> None:
        settings, shared = self._settings, self._shared
        self._cursor.execute("set transaction isolation level repeatable read, read only")
        if shared:
            self._cursor.execute(f"set transaction snapshot {literal(shared.name)}")
            if self._rows(_MOMENT_SQL)[0] != shared.moment:
                msg = "A further connection led to another server, or to another moment"
                raise SourceUnavailableError(msg)
        for statement in (
            "set local time zone 'UTC'",
            "set local standard_conforming_strings = on",
            # Else a read of a large table may begin in its middle: rows that are the same have to
            # come in the same order.
            "set local synchronize_seqscans = off",
            f"set local statement_timeout = '{settings.statement_timeout_seconds}s'",
            f"set local lock_timeout = '{settings.lock_timeout_seconds}s'",
        ):
            self._cursor.execute(statement)
        if settings.pii_salt:
            self._rows(f"select set_config('{SALT_SETTING}', $1, true)", settings.pii_salt)

    def _rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        self._cursor.execute(sql, parameters or None)
        return list(self._cursor.fetchall())

    def share(self) -> SharedSnapshot:
        """Let other transactions see what this one sees, for as long as it lasts."""
        with translated_errors():
            name = self._rows("select pg_export_snapshot()")[0][0]
            return SharedSnapshot(name, self._rows(_MOMENT_SQL)[0])

    def cancel(self) -> None:
        """End the running query with an error; for other threads than the one that reads."""
        with contextlib.suppress(adbc_driver_manager.Error):
            self._cursor.adbc_cancel()

    def columns(self) -> dict[str, dict[str, SourceColumn]]:
        """Return every column of every table of the source schema, by table and column."""
        with translated_errors():
            rows = self._rows(_COLUMNS_SQL, self._settings.source_schema)
        tables: dict[str, dict[str, SourceColumn]] = {}
        for table, column, postgres_type, is_not_null, is_readable in rows:
            found = SourceColumn(postgres_type, not is_not_null, is_readable)
            tables.setdefault(table, {})[column] = found
        return tables

    def unique_keys(self) -> dict[str, list[frozenset[str]]]:
        """Return the columns of each unique index over all rows, by table."""
        with translated_errors():
            rows = self._rows(_UNIQUE_KEYS_SQL, self._settings.source_schema)
        indexes: dict[tuple[str, int], set[str]] = {}
        for table, index, column in rows:
            indexes.setdefault((table, index), set()).add(column)
        keys: dict[str, list[frozenset[str]]] = {}
        for (table, _), columns in indexes.items():
            keys.setdefault(table, []).append(frozenset(columns))
        return keys

    def identity(self, columns: dict[str, dict[str, SourceColumn]]) -> SourceIdentity:
        """Return the database's description of itself.

        Args:
            columns: The result of :meth:`columns`.

        Raises:
            NotAnAirflowDatabaseError: The schema has no Airflow tables, or those of an Airflow
                before 2.4.
            RestoredSnapshotError: It is a snapshot without a valid time or source.
        """
        schema = self._settings.source_schema
        hint = (
            "Check the database name in TAP_AIRFLOW_METADATA_DATABASE_URL and the setting"
            " source_schema (some installations use the schema airflow)"
        )
        if not columns:
            msg = f"The database has no tables in the schema {schema!r}. {hint}"
            raise NotAnAirflowDatabaseError(msg)
        if not {"dag_run", "task_instance", "alembic_version"} <= columns.keys():
            msg = f"The schema {schema!r} is no Airflow metadata database: it has no tables"
            msg = f"{msg} dag_run, task_instance and alembic_version. {hint}"
            raise NotAnAirflowDatabaseError(msg)
        revision = None
        with translated_errors():
            if all(column.is_readable for column in columns["alembic_version"].values()):
                rows = self._rows(f"select version_num from {quoted(schema)}.alembic_version")
                revision = rows[0][0] if rows else None
            postgres_version, database, taken_at, source_id = self._rows(
                "select current_setting('server_version'), oid::text,"
                " current_setting($1, true), current_setting($2, true)"
                " from pg_database where datname = current_database()",
                TAKEN_AT_SETTING,
                DATABASE_ID_SETTING,
            )[0]
            xmin, xmax = self._rows(SNAPSHOT_SQL)[0]
            cluster = None
            if self._rows("select has_function_privilege('pg_control_system()', 'execute')")[0][0]:
                cluster = self._rows("select system_identifier from pg_control_system()")[0][0]
        if revision in OLDER_REVISIONS:
            msg = (
                f"The database is of Airflow {OLDER_REVISIONS[revision]}; the oldest supported is"
                " 2.4. Upgrade Airflow, then sync"
            )
            raise NotAnAirflowDatabaseError(msg)
        extracted_at = _whole_milliseconds(self._as_of)
        database_id = f"{cluster}/{database}"
        lag, transactions = self._replay_lag, on_primary(self._activity, xmax)
        if self._is_standby:
            transactions = on_standby(xmin, xmax)
        if taken_at or source_id:
            extracted_at, database_id = _parse_snapshot_settings(taken_at or "", source_id or "")
            # The scratch server's transactions are not those of the source.
            lag, transactions = None, OpenTransactions(seen="none")
        return SourceIdentity(
            extracted_at=extracted_at,
            revision=revision,
            airflow_version=airflow_version(revision),
            postgres_version=postgres_version.split(" ")[0],
            database_id=database_id,
            replay_lag_seconds=lag,
            transactions=transactions,
        )

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        with translated_errors():
            name = f"{quoted(self._settings.source_schema)}.{quoted(table)}"
            return int(self._rows(f"select count(*) from {name}")[0][0])

    def byte_count(self, table: str) -> int:
        """Return the size of a table on the server's disk, without indexes, in bytes."""
        with translated_errors():
            name = f"{quoted(self._settings.source_schema)}.{quoted(table)}"
            return int(self._rows("select pg_table_size(to_regclass($1))", name)[0][0])

    def block_count(self, table: str) -> int:
        """Return how many blocks of a table can be read by ranges, 0 if none can.

        Ranges of ``ctid`` need PostgreSQL 14, an ordinary table, and a login that may select
        ``ctid``, which a grant of single columns does not let it.
        """
        with translated_errors():
            name = f"{quoted(self._settings.source_schema)}.{quoted(table)}"
            return int(self._rows(_BLOCKS_SQL, name)[0][0])

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the result of a query, read by binary COPY; rows never become Python objects."""
        with translated_errors():
            self._cursor.execute(sql)
            yield from self._cursor.fetch_record_batch()
