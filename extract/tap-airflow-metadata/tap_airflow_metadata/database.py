"""One read-only moment of an Airflow metadata database, over Arrow's driver for Postgres."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import adbc_driver_manager
import pyarrow as pa
from adbc_driver_postgresql import dbapi

from tap_airflow_metadata.airflow_version import OLDER_REVISIONS, airflow_version
from tap_airflow_metadata.errors import (
    NotAnAirflowDatabaseError,
    SnapshotSettingsError,
    SourceRefusedError,
    SourceUnavailableError,
    TapError,
)
from tap_airflow_metadata.query import SALT_SETTING
from tap_airflow_metadata.quoting import quoted
from tap_airflow_metadata.settings import Settings

# A server that answers a login with FATAL refuses it for good, but for these passing states.
_PASSING_REFUSALS = re.compile(
    r"too many|remaining connection slots|starting up|shutting down|recovery|not yet accepting",
    re.IGNORECASE,
)
_REACHED = re.compile(
    r"connection to server|host name|server closed|SSL|PQ[a-z]+\(\)", re.IGNORECASE
)
# SQLSTATE classes and codes after which the same command may work later: connection exceptions,
# rollbacks, lack of resources, operator intervention, lock not available.
_SQLSTATE = re.compile(r"SQLSTATE: (\w{5})")
_PASSING_STATES = ("08", "40", "53", "57P", "55P03")
# Settings of a scratch database with a restored snapshot: when it was taken, and of what database.
TAKEN_AT_SETTING = "airflow_snapshot.taken_at"
DATABASE_ID_SETTING = "airflow_snapshot.database_id"
# A moment reads system tables and Airflow's tables; both need the same few facts.
_COLUMNS_SQL = """
    select relation.relname::text, attribute.attname::text,
        format_type(attribute.atttypid, attribute.atttypmod)::text,
        has_column_privilege(relation.oid, attribute.attnum, 'select')
    from pg_class as relation
    inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
    inner join pg_attribute as attribute on attribute.attrelid = relation.oid
    where namespace.nspname = $1 and relation.relkind in ('r', 'p')
        and attribute.attnum > 0 and not attribute.attisdropped
    order by relation.relname, attribute.attnum
"""


def explain(error: Exception) -> TapError:  # noqa: PLR0911
    """Turn a driver's error into one that says whether a retry can help.

    The driver's message never holds the password: libpq leaves it out.
    """
    text = _text(error)
    found = _SQLSTATE.search(text)
    state = found[1] if found else ""
    if state == "57014":
        return SourceUnavailableError(
            f"The database cancelled a query: {text}. If it ran into the statement timeout, raise"
            " statement_timeout_seconds"
        )
    if state == "55P03":
        return SourceUnavailableError(
            f"A table is locked: {text}. A migration or clean-up of Airflow may be running; try"
            " again when it is done, or raise lock_timeout_seconds"
        )
    if state == "42501":
        return SourceRefusedError(
            f"The login lacks a right: {text}. `tap-airflow-metadata --grants` prints what it needs"
        )
    if state:
        kind = SourceUnavailableError if state.startswith(_PASSING_STATES) else SourceRefusedError
        return kind(f"The database refused a query: {text}")
    if not _REACHED.search(text):
        # libpq repeats the part of the address that it could not parse, maybe the password.
        return SourceRefusedError(
            "The address in TAP_AIRFLOW_METADATA_DATABASE_URL could not be used; special characters"
            " in user or password have to be percent-encoded, and TLS files have to exist"
        )
    if "FATAL" in text and not _PASSING_REFUSALS.search(text):
        return SourceRefusedError(
            f"The database refused the login; check TAP_AIRFLOW_METADATA_DATABASE_URL: {text}"
        )
    return SourceUnavailableError(
        f"The database did not answer or went away; check that it runs and can be reached: {text}"
    )


def _text(error: Exception) -> str:
    return " ".join(str(error).replace("[libpq] ", "").split())


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except adbc_driver_manager.Error as error:
        raise explain(error) from None
    except (OSError, pa.ArrowException) as error:
        # What Arrow makes of an error in the middle of a result; it may lack the SQLSTATE. What
        # is final, such as a missing right, shows before the first row.
        if "[libpq]" not in str(error):
            raise
        raise SourceUnavailableError(
            f"The database went away or cancelled a query halfway: {_text(error)}. If it ran into"
            " the statement timeout, raise statement_timeout_seconds"
        ) from None


@dataclass(frozen=True)
class Identity:
    """What a database says of itself.

    Attributes:
        extracted_at: The moment of the read, UTC, whole milliseconds; of a snapshot, the moment
            it was taken.
        revision: Airflow's schema revision.
        airflow_version: First Airflow release with that revision, None if it is not known.
        postgres_version: Such as ``16.3``.
        database_id: Differs between a database and its restored copy, unless the copy is a snapshot
            that says whose.
    """

    extracted_at: datetime
    revision: str | None
    airflow_version: str | None
    postgres_version: str
    database_id: str


@dataclass(frozen=True)
class SourceColumn:
    """A column that the database has.

    Attributes:
        postgres_type: As ``format_type`` names it.
        is_readable: Whether the login may select it.
    """

    postgres_type: str
    is_readable: bool


def _snapshot(taken_at: str, database_id: str) -> tuple[datetime, str]:
    """Return the moment of a snapshot, in whole milliseconds, and the identity of its source."""
    problem = None
    try:
        # Python 3.10 does not know the Z.
        moment = datetime.fromisoformat(taken_at.replace("Z", "+00:00"))
    except ValueError:
        problem = f"{TAKEN_AT_SETTING} is {taken_at!r}, which is no ISO 8601 time"
    else:
        if moment.tzinfo is None:
            problem = f"{TAKEN_AT_SETTING} is {taken_at!r}, which has no time zone"
        elif not database_id:
            problem = f"{DATABASE_ID_SETTING} is not set, although {TAKEN_AT_SETTING} is"
    if problem:
        msg = (
            f"The database is a restored snapshot whose settings are wrong: {problem}. Restore it"
            " again; the moment and the identity of its source have to stand in both settings"
        )
        raise SnapshotSettingsError(msg)
    moment = moment.astimezone(timezone.utc)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000), database_id


class Moment:
    """All of a sync's queries, in one REPEATABLE READ, READ ONLY transaction.

    Use it as a context manager; the transaction ends with the block. One connection serves all
    tables, so that no snapshot has to be exported and a transaction pooler is no obstacle.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> Moment:  # noqa: PYI034  (Self needs 3.11)
        """Connect and begin.

        Raises:
            SourceRefusedError: The login or the database is wrong.
            SourceUnavailableError: The server cannot be reached now.
        """
        with _explained():
            self._connection = dbapi.connect(self._settings.database_url)
            self._cursor = self._connection.cursor()
            self._begin()
        return self

    def __exit__(self, *_: object) -> None:
        """End the transaction and disconnect, whatever the state of the server."""
        with contextlib.suppress(adbc_driver_manager.Error):
            self._cursor.close()
        with contextlib.suppress(adbc_driver_manager.Error):
            self._connection.close()

    def _begin(self) -> None:
        settings = self._settings
        for statement in (
            "set transaction isolation level repeatable read, read only",
            "set local time zone 'UTC'",
            "set local standard_conforming_strings = on",
            f"set local statement_timeout = '{settings.statement_timeout_seconds}s'",
            f"set local lock_timeout = '{settings.lock_timeout_seconds}s'",
        ):
            self._cursor.execute(statement)
        if settings.pii_salt:
            self._rows(f"select set_config('{SALT_SETTING}', $1, true)", settings.pii_salt)

    def _rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        self._cursor.execute(sql, parameters or None)
        return list(self._cursor.fetchall())

    def columns(self) -> dict[str, dict[str, SourceColumn]]:
        """Return every column of every table of the source schema, by table and column."""
        with _explained():
            rows = self._rows(_COLUMNS_SQL, self._settings.source_schema)
        tables: dict[str, dict[str, SourceColumn]] = {}
        for table, column, postgres_type, is_readable in rows:
            tables.setdefault(table, {})[column] = SourceColumn(postgres_type, is_readable)
        return tables

    def identity(self, columns: dict[str, dict[str, SourceColumn]]) -> Identity:
        """Return the moment and the versions.

        Args:
            columns: What :meth:`columns` returned.

        Raises:
            NotAnAirflowDatabaseError: The schema holds no Airflow tables, or those of an Airflow
                before 2.4.
            SnapshotSettingsError: It is a snapshot that does not say properly of what and when.
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
        with _explained():
            if all(column.is_readable for column in columns["alembic_version"].values()):
                rows = self._rows(f"select version_num from {quoted(schema)}.alembic_version")
                revision = rows[0][0] if rows else None
            moment, postgres_version, database, taken_at, source_id = self._rows(
                "select date_trunc('milliseconds', now()), current_setting('server_version'),"
                " oid::text, current_setting($1, true), current_setting($2, true)"
                " from pg_database where datname = current_database()",
                TAKEN_AT_SETTING,
                DATABASE_ID_SETTING,
            )[0]
            cluster = None
            if self._rows("select has_function_privilege('pg_control_system()', 'execute')")[0][0]:
                cluster = self._rows("select system_identifier from pg_control_system()")[0][0]
        if revision in OLDER_REVISIONS:
            msg = (
                f"The database is of Airflow {OLDER_REVISIONS[revision]}; the oldest supported is"
                " 2.4. Upgrade Airflow, then sync"
            )
            raise NotAnAirflowDatabaseError(msg)
        database_id = f"{cluster}/{database}"
        if taken_at or source_id:
            moment, database_id = _snapshot(taken_at or "", source_id or "")
        version = airflow_version(revision)
        postgres_version = postgres_version.split(" ")[0]
        return Identity(moment, revision, version, postgres_version, database_id)

    def count(self, table: str) -> int:
        """Return the number of rows of a table in this moment."""
        with _explained():
            name = f"{quoted(self._settings.source_schema)}.{quoted(table)}"
            return int(self._rows(f"select count(*) from {name}")[0][0])

    def byte_count(self, table: str) -> int:
        """Return what a table takes on the server's disk, without its indexes."""
        with _explained():
            name = f"{quoted(self._settings.source_schema)}.{quoted(table)}"
            return int(self._rows("select pg_table_size(to_regclass($1))", name)[0][0])

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Yield the result of a query, read by binary COPY; rows never become Python objects."""
        with _explained():
            self._cursor.execute(sql)
            yield from self._cursor.fetch_record_batch()
