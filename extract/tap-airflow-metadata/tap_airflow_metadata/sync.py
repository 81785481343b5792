"""One sync: reads every table in one transaction into the spool, and counts what was read."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from tap_airflow_metadata.bookmarks import Bookmarks
from tap_airflow_metadata.catalogue import Column, Table, load_catalogue
from tap_airflow_metadata.cleaning import cleaned
from tap_airflow_metadata.errors import UnreadableTableError
from tap_airflow_metadata.known_schema import FoundTable, merge_key, require_known_schema
from tap_airflow_metadata.manifest import MANIFEST, ManifestRow, record_batch
from tap_airflow_metadata.query import CleaningCounts, Query, Source, is_read, known_users, select
from tap_airflow_metadata.raw_shape import arrow_schema, json_schema
from tap_airflow_metadata.read_transaction import ReadTransaction, SourceColumn, SourceIdentity
from tap_airflow_metadata.settings import Settings
from tap_airflow_metadata.spool import Spool, SpoolFile

logger = logging.getLogger("tap-airflow-metadata")

# Tables in Airflow's schema that are not Airflow's: leftovers of its clean-ups and upgrades,
# Celery's results, and the mark of a restored copy.
_NOT_AIRFLOWS = re.compile(
    r"^(_airflow_(deleted|moved)__|_xcom_archive$|celery_task|airflow_snapshot_origin$)"
)


@dataclass(frozen=True)
class TableRead:
    """A table that was read.

    Attributes:
        name: Stream name.
        key: Merge key in this database.
        schema: JSON schema of a record.
        file: Its rows; None without rows.
        bookmark: State of the stream once the file is loaded; None for the manifest.
        version: ``extracted_at`` of a full read, in epoch milliseconds: a key that is not in the
            file is gone from the source. None if only changes were read, or if this Airflow has no
            such table: what an older one left in the warehouse was not deleted. Mode ``mirror``
            empties the table all the same.
    """

    name: str
    key: tuple[str, ...]
    schema: dict[str, Any]
    file: SpoolFile | None
    bookmark: dict[str, Any] | None
    version: int | None


@dataclass(frozen=True)
class TableQuery:
    """How a table would be read now.

    Attributes:
        table: Its name.
        sql: The query; None if this Airflow has no such table.
        is_full_read: Whether it reads all rows, not only changed ones.
        source_rows: Rows in the table.
        source_bytes: Size of the table on the server's disk, without indexes.
    """

    table: str
    sql: str | None
    is_full_read: bool
    source_rows: int
    source_bytes: int


@dataclass(frozen=True)
class _Plan:
    """What is read of one table.

    Attributes:
        columns: Of the raw table.
        key: Merge key in this database.
        selection: See :func:`_selection`.
        since: Read rows that changed since then; None for all.
        query: None if this database has no such table.
        found: Columns of the table in this database.
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...]
    selection: str
    since: datetime | None
    query: Query | None
    found: tuple[str, ...]


def _columns_of(table: Table, settings: Settings) -> tuple[Column, ...]:
    return table.raw_columns(settings.include_columns.get(table.name, frozenset()))


def _selection(
    table: Table, key: tuple[str, ...], settings: Settings, identity: SourceIdentity
) -> str:
    """Return a fingerprint of everything that decides which rows are loaded, and with what values.

    If it differs from the last sync's, the table is read in full: rows that are loaded already
    would keep their old values, and a restored or replaced database has rows that no change time
    shows. So has one whose Airflow was upgraded: migrations move rows and change numbers and names
    without touching a time.
    """
    decisive = [
        identity.database_id,
        identity.revision,
        settings.environment_slug,
        settings.mode,
        settings.pii,
        settings.pii_salt,
        key,
        [
            (column.name, column.type, column.clean and cleaned(column.clean, column.name))
            for column in _columns_of(table, settings)
        ],
    ]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:16]


def _unreadable(
    tables: tuple[Table, ...], found: dict[str, dict[str, SourceColumn]], settings: Settings
) -> dict[str, list[str]]:
    """Return the existing columns that the sync needs and the login may not read, by table."""
    wanted = {
        table.name: [
            column.name
            for column in _columns_of(table, settings)
            if is_read(column, settings.pii)
            and (source := found.get(table.name, {}).get(column.name))
            and not source.is_readable
        ]
        for table in tables
    }
    return {name: columns for name, columns in wanted.items() if columns}


class Sync:
    """Reads the chosen tables of one database.

    Args:
        settings: What to read.
        bookmarks: State of each stream after the last completed sync.
        sync_id: Identifies this sync in the manifest and names its folder.
    """

    def __init__(
        self, settings: Settings, bookmarks: Mapping[str, Mapping[str, Any]], sync_id: str
    ) -> None:
        self._settings = settings
        self._bookmarks = Bookmarks(settings, bookmarks)
        self._sync_id = sync_id
        self._users: str | None = None

    def read(self, spool: Spool) -> list[TableRead]:
        """Read all tables, in a transaction that has ended when this returns.

        Returns:
            One entry per table in the catalogue's order, and the manifest last.

        Raises:
            TapError: The database cannot be read; nothing is left in the spool.
        """
        started = time.monotonic()
        with ReadTransaction(self._settings) as transaction:
            found, identity, tables = self._begin(transaction)
            reads, rows = [], []
            for table in tables:
                read, row = self._read_table(
                    table, transaction, found.get(table.name), identity, spool
                )
                reads.append(read)
                rows.append(row)
        seconds = time.monotonic() - started
        sent = sum(row.sent_rows for row in rows)
        logger.info("Read %s rows of %s tables in %.1f s", f"{sent:,}", len(rows), seconds)
        manifest = spool.write(
            MANIFEST.name,
            arrow_schema(MANIFEST.raw_columns()),
            [record_batch(rows)],
            identity.extracted_at,
        )
        schema = json_schema(MANIFEST.raw_columns()) | {"x-mode": "merge"}
        return [*reads, TableRead(MANIFEST.name, MANIFEST.key[0], schema, manifest, None, None)]

    def queries(self) -> list[TableQuery]:
        """Return how each table would be read now, and its size, without reading a row.

        Returns:
            One entry per table in the catalogue's order.

        Raises:
            TapError: The database cannot be read.
        """
        with ReadTransaction(self._settings) as transaction:
            found, identity, tables = self._begin(transaction)
            queries = []
            for table in tables:
                plan = self._plan(table, found.get(table.name), identity)
                queries.append(
                    TableQuery(
                        table=table.name,
                        sql=plan.query.sql if plan.query else None,
                        is_full_read=plan.since is None,
                        source_rows=transaction.count(table.name) if plan.query else 0,
                        source_bytes=transaction.byte_count(table.name) if plan.query else 0,
                    )
                )
        return queries

    def _begin(
        self, transaction: ReadTransaction
    ) -> tuple[dict[str, dict[str, SourceColumn]], SourceIdentity, tuple[Table, ...]]:
        found = transaction.columns()
        identity = transaction.identity(found)
        tables = self._readable_tables(found)
        self._users = known_users(found, self._settings.source_schema)
        self._require_known_schema(transaction, tables, found, identity)
        self._log_source(identity, found)
        self._bookmarks.require_not_older(tables, identity)
        return found, identity, tables

    def _require_known_schema(
        self,
        transaction: ReadTransaction,
        tables: tuple[Table, ...],
        found: dict[str, dict[str, SourceColumn]],
        identity: SourceIdentity,
    ) -> None:
        unique_keys = transaction.unique_keys()
        found_tables = [
            FoundTable(
                table=table,
                wanted=_columns_of(table, self._settings),
                source=found.get(table.name),
                unique_keys=unique_keys.get(table.name, []),
            )
            for table in tables
        ]
        require_known_schema(found_tables, identity.revision)

    def _log_source(
        self, identity: SourceIdentity, found: dict[str, dict[str, SourceColumn]]
    ) -> None:
        if identity.airflow_version is None:
            logger.warning(
                "Unknown schema revision %s: a newer or patched Airflow than 3.4. Going on with the"
                " tables and columns that are known; what is new in it is not read",
                identity.revision,
            )
        logger.info(
            "Environment %s as of %s: schema of Airflow %s (revision %s) on PostgreSQL %s",
            self._settings.environment_slug,
            identity.extracted_at.isoformat(),
            identity.airflow_version or "an unknown version",
            identity.revision,
            identity.postgres_version,
        )
        self._log_freshness(identity)
        catalogue = load_catalogue()
        unknown = [
            name for name in found if name not in catalogue and not _NOT_AIRFLOWS.match(name)
        ]
        readable = {name for name, table in catalogue.items() if table.read != "never"}
        if unknown and readable <= {table.name for table in self._settings.tables}:
            logger.warning("Tables that are not in the catalogue, not read: %s", ", ".join(unknown))

    def _log_freshness(self, identity: SourceIdentity) -> None:
        if identity.replay_lag_seconds is not None:
            logger.info(
                "The server is a standby: the last transaction that it replayed was committed %.0f"
                " seconds ago",
                identity.replay_lag_seconds,
            )
        transactions = identity.transactions
        if transactions.oldest_began_at:
            logger.info(
                "A transaction is open since %s: the next sync reads again what changed since then",
                transactions.oldest_began_at.isoformat(),
            )
        elif transactions.seen == "writing" and transactions.oldest_id:
            logger.info(
                "A transaction is open that has written, and this login cannot see since when: the"
                " next sync reads further back"
            )

    def _readable_tables(self, found: dict[str, dict[str, SourceColumn]]) -> tuple[Table, ...]:
        unreadable = _unreadable(self._settings.tables, found, self._settings)
        if not unreadable:
            return self._settings.tables
        named = "; ".join(f"{name} ({', '.join(columns)})" for name, columns in unreadable.items())
        if not self._settings.skip_unreadable_tables:
            msg = (
                f"The login may not read: {named}. Run the SQL that `tap-airflow-metadata --grants`"
                " prints with the same settings, or set skip_unreadable_tables to go on without"
                " these tables"
            )
            raise UnreadableTableError(msg)
        logger.warning("Left out, because the login may not read them: %s", named)
        return tuple(table for table in self._settings.tables if table.name not in unreadable)

    def _plan(
        self, table: Table, source: dict[str, SourceColumn] | None, identity: SourceIdentity
    ) -> _Plan:
        columns = _columns_of(table, self._settings)
        types = {name: column.postgres_type for name, column in (source or {}).items()}
        key = merge_key(table, types)
        selection = _selection(table, key, self._settings, identity)
        since = self._bookmarks.since(table, selection, identity) if source else None
        query = None
        if source:
            found = Source(self._settings.source_schema, types, self._users)
            query = select(table, columns, found, self._settings.pii, since)
        return _Plan(columns, key, selection, since, query, tuple(types))

    def _read_table(
        self,
        table: Table,
        transaction: ReadTransaction,
        source: dict[str, SourceColumn] | None,
        identity: SourceIdentity,
        spool: Spool,
    ) -> tuple[TableRead, ManifestRow]:
        started_at, clock = datetime.now(timezone.utc), time.monotonic()
        plan = self._plan(table, source, identity)
        file: SpoolFile | None = None
        source_rows = 0
        found = CleaningCounts()
        if plan.query:
            source_rows = transaction.count(table.name)
            file = spool.write(
                table.name,
                arrow_schema(plan.columns),
                found.counted(transaction.batches(plan.query.sql)),
                identity.extracted_at,
            )
        selected = plan.query.selected if plan.query else ()
        row = ManifestRow(
            sync_id=self._sync_id,
            table_name=table.name,
            environment_slug=self._settings.environment_slug,
            mode=self._settings.mode,
            is_full_read=plan.since is None,
            is_table_at_source=source is not None,
            source_rows=source_rows,
            sent_rows=file.row_count if file else 0,
            cleaned_rows=found.cleaned_rows,
            unknown_rows=found.unknown_rows,
            file_count=1 if file else 0,
            byte_count=file.byte_count if file else 0,
            read_seconds=round(time.monotonic() - clock, 3),
            airflow_version=identity.airflow_version,
            alembic_revision=identity.revision,
            postgres_version=identity.postgres_version,
            replay_lag_seconds=identity.replay_lag_seconds,
            transactions_seen=identity.transactions.seen,
            oldest_transaction_at=identity.transactions.oldest_began_at,
            pii=self._settings.pii,
            withheld_columns=tuple(name for name in plan.found if name not in selected),
            started_at=started_at,
            ended_at=datetime.now(timezone.utc),
        )
        logger.info(
            "%s: %s of %s rows, %.1f MB in %.1f s",
            table.name,
            f"{row.sent_rows:,}",
            f"{row.source_rows:,}",
            row.byte_count / 1e6,
            row.read_seconds,
            # For programs: Meltano writes it into its JSON log.
            extra={
                "read": {
                    "table": table.name,
                    "source_rows": row.source_rows,
                    "sent_rows": row.sent_rows,
                    "bytes": row.byte_count,
                    "seconds": row.read_seconds,
                }
            },
        )
        schema = json_schema(plan.columns) | {"x-mode": self._settings.mode}
        bookmark = self._bookmarks.next(table, plan.selection, identity)
        is_frozen = source is None and self._settings.mode != "mirror"
        is_whole = row.is_full_read and not is_frozen
        version = round(identity.extracted_at.timestamp() * 1000) if is_whole else None
        return TableRead(table.name, plan.key, schema, file, bookmark, version), row
