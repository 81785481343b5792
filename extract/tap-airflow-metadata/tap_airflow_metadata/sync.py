"""One sync: reads every table in one transaction into the spool, and counts what was read."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tap_airflow_metadata.bookmarks import Bookmarks
from tap_airflow_metadata.catalogue import Column, Table
from tap_airflow_metadata.cleaning import cleaned
from tap_airflow_metadata.errors import UnreadableTableError
from tap_airflow_metadata.known_schema import FoundTable, merge_key, require_known_schema
from tap_airflow_metadata.manifest import MANIFEST, ManifestRow, record_batch
from tap_airflow_metadata.query import BlockRange, Query, Source, is_read, known_users, select
from tap_airflow_metadata.raw_shape import arrow_schema, json_schema
from tap_airflow_metadata.read_transaction import ReadTransaction, SourceColumn, SourceIdentity
from tap_airflow_metadata.settings import Settings
from tap_airflow_metadata.side_by_side import LEAST_SHARE_BYTES, SideBySide
from tap_airflow_metadata.source_log import log_source
from tap_airflow_metadata.spool import Spool, SpoolFile
from tap_airflow_metadata.table_reading import TableReading

logger = logging.getLogger("tap-airflow-metadata")


@dataclass(frozen=True)
class TableRead:
    """A table that was read.

    Attributes:
        name: Stream name.
        key: Merge key in this database.
        schema: JSON schema of a record.
        files: Its rows; none without rows.
        bookmark: State of the stream once the files are loaded; None for the manifest.
        version: ``extracted_at`` of a full read, in epoch milliseconds: a key that is not in the
            files is gone from the source. None if only changes were read, or if this Airflow has no
            such table: what an older one left in the warehouse was not deleted. Mode ``mirror``
            empties the table all the same.
    """

    name: str
    key: tuple[str, ...]
    schema: dict[str, Any]
    files: tuple[SpoolFile, ...]
    bookmark: dict[str, Any] | None
    version: int | None


@dataclass(frozen=True)
class TableQuery:
    """How a table would be read now.

    Attributes:
        table: Its name.
        sql: The query; None if this Airflow has no such table.
        is_full_read: Whether it reads all rows, not only changed ones.
        source_rows: Rows in the table; None if they are not counted.
        source_bytes: Size of the table on the server's disk, without indexes.
    """

    table: str
    sql: str | None
    is_full_read: bool
    source_rows: int | None
    source_bytes: int


@dataclass(frozen=True)
class _Plan:
    """What is read of one table.

    Attributes:
        table: Its catalogue entry.
        columns: Of the raw table.
        key: Merge key in this database.
        selection: See :func:`_selection`.
        since: Read rows that changed since then; None for all.
        source: The table in this database; None if it has no such table.
        query: How to read it; None if this database has no such table.
    """

    table: Table
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    selection: str
    since: datetime | None
    source: Source | None
    query: Query | None


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
        with SideBySide(self._settings) as connections:
            found, identity, tables = self._begin(connections.first)
            plans = [self._plan(table, found.get(table.name), identity) for table in tables]
            readings = self._read_tables(plans, connections, spool, identity.extracted_at)
        read = list(zip(plans, readings, strict=True))
        rows = [self._manifest_row(plan, reading, identity) for plan, reading in read]
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
        files = (manifest,) if manifest else ()
        return [
            *(self._table_read(plan, reading.files, identity) for plan, reading in read),
            TableRead(MANIFEST.name, MANIFEST.key[0], schema, files, None, None),
        ]

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
                        source_rows=self._source_rows(plan, transaction),
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
        log_source(identity, found, self._settings)
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
        found, query = None, None
        if source:
            found = Source(self._settings.source_schema, types, self._users)
            query = select(table, columns, found, self._settings.pii, since)
        return _Plan(table, columns, key, selection, since, found, query)

    def _source_rows(self, plan: _Plan, transaction: ReadTransaction) -> int | None:
        if not plan.query:
            return 0
        return transaction.count(plan.table.name) if self._is_counted(plan) else None

    def _is_counted(self, plan: _Plan) -> bool:
        return plan.since is None or self._settings.count_rows == "always"

    def _read_tables(
        self,
        plans: list[_Plan],
        connections: SideBySide,
        spool: Spool,
        extracted_at: datetime,
    ) -> list[TableReading]:
        first, sizes = connections.first, dict.fromkeys((plan.table.name for plan in plans), 0)
        if self._settings.connections > 1:
            sizes = {
                plan.table.name: first.byte_count(plan.table.name) for plan in plans if plan.query
            }
        # No part is more than half of what a connection reads, so that all end together.
        share = max(sum(sizes.values()) // (2 * self._settings.connections), LEAST_SHARE_BYTES)
        readings, jobs = [], []
        for plan in plans:
            size = sizes.get(plan.table.name, 0)
            queries = self._queries(plan, first, size // share + 1)
            schema = arrow_schema(plan.columns)
            reading = TableReading(
                plan.table.name, queries, schema, is_counted=self._is_counted(plan)
            )
            readings.append(reading)
            jobs += reading.jobs(spool, extracted_at, size)
        connections.run(jobs)
        return readings

    def _queries(self, plan: _Plan, transaction: ReadTransaction, parts: int) -> list[str]:
        """Return the SQL for a table, in parts if all of it is read and that pays."""
        if not plan.query or not plan.source:
            return []
        blocks = transaction.block_count(plan.table.name) if parts > 1 and not plan.since else 0
        if not blocks:
            return [plan.query.sql]
        return [
            select(plan.table, plan.columns, plan.source, self._settings.pii, None, part).sql
            for part in BlockRange.partition(blocks, parts)
        ]

    def _manifest_row(
        self, plan: _Plan, reading: TableReading, identity: SourceIdentity
    ) -> ManifestRow:
        selected = plan.query.selected if plan.query else ()
        found = plan.source.types if plan.source else {}
        return ManifestRow(
            sync_id=self._sync_id,
            table_name=plan.table.name,
            environment_slug=self._settings.environment_slug,
            mode=self._settings.mode,
            is_full_read=plan.since is None,
            is_table_at_source=plan.source is not None,
            source_rows=reading.source_rows,
            sent_rows=sum(file.row_count for file in reading.files),
            cleaned_rows=reading.found.cleaned_rows,
            unknown_rows=reading.found.unknown_rows,
            file_count=len(reading.files),
            byte_count=sum(file.byte_count for file in reading.files),
            content_hash=reading.content_hash,
            read_seconds=reading.read_seconds,
            airflow_version=identity.airflow_version,
            alembic_revision=identity.revision,
            postgres_version=identity.postgres_version,
            replay_lag_seconds=identity.replay_lag_seconds,
            transactions_seen=identity.transactions.seen,
            oldest_transaction_at=identity.transactions.oldest_began_at,
            pii=self._settings.pii,
            withheld_columns=tuple(name for name in found if name not in selected),
            started_at=reading.started_at,
            ended_at=reading.ended_at,
        )

    def _table_read(
        self, plan: _Plan, files: tuple[SpoolFile, ...], identity: SourceIdentity
    ) -> TableRead:
        is_known = self._bookmarks.is_known(plan.table, plan.selection)
        schema = json_schema(plan.columns) | {"x-mode": self._settings.mode, "x-known": is_known}
        bookmark = self._bookmarks.next(plan.table, plan.selection, identity)
        is_frozen = plan.source is None and self._settings.mode != "mirror"
        is_whole = plan.since is None and not is_frozen
        version = round(identity.extracted_at.timestamp() * 1000) if is_whole else None
        return TableRead(plan.table.name, plan.key, schema, files, bookmark, version)
