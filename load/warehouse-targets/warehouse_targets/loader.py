"""Loading a sync into a warehouse through dlt, so that a killed load can simply run again.

Each table arrives in a staging schema and moves from there in one step. The manifest follows all
other tables and deletion marks, so it never speaks of rows that are not there.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import dlt
from dlt.extract import DltResource

from warehouse_targets.audit_tap import MANIFEST
from warehouse_targets.columns import DELETED_AT, EXTRACTED_AT, ColumnType
from warehouse_targets.errors import DiskFullError, LoadError, causes_of, is_disk_full
from warehouse_targets.guards import ManifestGuard, check_column_types
from warehouse_targets.insides_of_dlt import dlt_context
from warehouse_targets.standing_tables import manifest_with, sent_hashes, standing_tables
from warehouse_targets.stream_buffer import StreamBuffer
from warehouse_targets.warehouse import OpenWarehouse, TableToLoad, TargetWarehouse

if TYPE_CHECKING:
    from dlt.destinations.job_client_impl import SqlJobClientBase
    from dlt.destinations.sql_client import SqlClientBase

logger = logging.getLogger(__name__)


def load(warehouse: TargetWarehouse, schema_name: str, buffers: Iterable[StreamBuffer]) -> None:
    """Load all tables of a sync.

    Args:
        warehouse: Where to.
        schema_name: Schema of the tables, made if it is not there.
        buffers: What was sent.

    Raises:
        ColumnTypeChangedError: A column has another type there; nothing was written.
        OlderSyncError: A later sync of our tap is there; nothing was written.
        OtherEnvironmentError: The schema holds another Airflow environment; nothing was written.
        OverlappingLoadError: Another load wrote the same tables meanwhile.
        DiskFullError: There is no room for the files on their way.
        LoadError: What :meth:`TargetWarehouse.explain` makes of an error.
    """
    with (
        warehouse.open() as opened,
        dlt_context(opened.folder, naming=warehouse.naming, load=warehouse.load_settings),
    ):
        try:
            _Load(warehouse, opened, schema_name).run(list(buffers))
        except LoadError:
            raise
        except Exception as error:
            if known := _explain(warehouse, error):
                raise known from error
            raise


def _explain(warehouse: TargetWarehouse, error: BaseException) -> LoadError | None:
    causes = list(causes_of(error))
    for cause in causes:
        if isinstance(cause, LoadError):
            return cause
    if known := warehouse.explain(error):
        return known
    if any(is_disk_full(cause) for cause in causes):
        return DiskFullError(
            f"The disk of {tempfile.gettempdir()} is full. Make room, or name another folder with"
            " TMPDIR, and run the sync again"
        )
    return None


class _Load:
    def __init__(self, warehouse: TargetWarehouse, opened: OpenWarehouse, schema_name: str) -> None:
        self._warehouse = warehouse
        self._opened = opened
        # Types by lower-case column name of the tables that are there, by table.
        self._existing: dict[str, dict[str, str | None]] = {}
        self._folder = opened.folder / "files"
        self._folder.mkdir()
        # The folder is new with each load: dlt would go on with what a killed one left in it.
        self._pipeline = dlt.pipeline(
            "airflow_audit",
            pipelines_dir=str(opened.folder),
            destination=opened.destination,
            staging=opened.file_staging,
            dataset_name=schema_name,
        )

    def run(self, buffers: Sequence[StreamBuffer]) -> None:
        with self._client() as client:
            tables = self._tables(client, buffers)
            manifest = next((table for table in tables if table.name == MANIFEST), None)
            guard = None
            if manifest:
                names = [table.name for table in tables]
                tables.remove(manifest)
                guard = ManifestGuard(manifest, names, self._existing[MANIFEST])
                synced = guard.check_before(client.sql_client)
                complete = [table for table in tables if not self._missing(table)]
                stand = standing_tables(client.sql_client, complete, sent_hashes(manifest), synced)
                manifest = replace(manifest, files=manifest_with(manifest, stand))
                tables = self._but_for(tables, stand)
        try:
            self._load(tables)
            self._mark_deleted(tables)
            if manifest:
                self._load([manifest])
        except Exception:
            with suppress(Exception):  # that the load failed says more
                self._drop_staging()
            raise
        self._drop_staging()
        if guard:
            with self._client() as client:
                guard.check_after(client.sql_client)

    def _client(self) -> SqlJobClientBase:
        """Return a client to open, and to close before long: a session that waits may be ended."""
        return cast("SqlJobClientBase", self._pipeline.destination_client())

    def _tables(
        self, client: SqlJobClientBase, buffers: Sequence[StreamBuffer]
    ) -> list[TableToLoad]:
        """Return what is to load, once it is known what is there and the types are the same."""
        sql = client.sql_client
        for name in self._warehouse.leftovers(sql, self._pipeline.dataset_name):
            with sql.with_alternative_dataset_name(name):
                sql.drop_dataset()
        for name, found in client.get_storage_tables([buffer.name for buffer in buffers]):
            self._existing[name] = {
                column.lower(): hints["data_type"] for column, hints in found.items()
            }
        columns = {buffer.name: self._stored_columns(buffer) for buffer in buffers}
        check_column_types(columns, self._existing)
        return [
            TableToLoad(
                buffer.name,
                buffer.mode,
                buffer.key,
                columns[buffer.name],
                buffer.files(self._folder),
                self._folder,
                buffer.whole_at,
                buffer.is_known,
            )
            for buffer in buffers
        ]

    def _but_for(
        self, tables: Sequence[TableToLoad], stand: Mapping[str, datetime]
    ) -> list[TableToLoad]:
        if stand:
            names = ", ".join(stand)
            logger.info("Unchanged since an earlier sync, not loaded again: %s", names)
        return [table for table in tables if table.name not in stand]

    def _drop_staging(self) -> None:
        with self._client() as client, client.sql_client.with_staging_dataset():
            if client.is_storage_initialized():
                client.sql_client.drop_dataset()

    def _stored_columns(self, buffer: StreamBuffer) -> Mapping[str, ColumnType]:
        stored_as = self._warehouse.stored_as
        return {name: stored_as.get(kind, kind) for name, kind in buffer.columns.items()}

    def _load(self, tables: Sequence[TableToLoad]) -> None:
        if not tables:
            return
        started = time.monotonic()
        row_counts = {table.name: table.row_count for table in tables}
        busy = [table for table in tables if not self._is_idle(table)]
        if busy:
            self._pipeline.extract([self._resource(table) for table in busy])
            self._pipeline.normalize()
            # Each is a session, which takes as long to open as a small table to load.
            enough = max(2, sum(len(table.files) for table in busy) // 2)
            workers = min(self._warehouse.most_workers, enough)
            self._pipeline.load(workers=workers).raise_on_failed_jobs()
        seconds = time.monotonic() - started
        logger.info(
            "Loaded into %s in %.1f s: tables %d, rows %s (%s)",
            self._pipeline.dataset_name,
            seconds,
            len(tables),
            f"{sum(row_counts.values()):,}",
            ", ".join(f"{name} {count:,}" for name, count in row_counts.items()),
            # For programs: Meltano passes it on in its JSON log.
            extra={"loaded": {"rows": row_counts, "seconds": round(seconds, 3)}},
        )

    def _is_idle(self, table: TableToLoad) -> bool:
        """Whether the table is there as it has to be, and nothing is to be done to its rows."""
        return not (self._missing(table) or table.mode == "mirror" or table.row_count)

    def _missing(self, table: TableToLoad) -> set[str]:
        """Return the columns that the warehouse lacks."""
        return {name.lower() for name in table.columns} - self._existing[table.name].keys()

    def _resource(self, table: TableToLoad) -> DltResource:
        hints: dict[str, Any] = {}
        if table.mode == "merge":
            hints["write_disposition"] = {
                "disposition": "merge",
                "strategy": self._warehouse.merge_strategy,
                "deduplicated": True,
            }
            hints["primary_key"] = list(table.key)
        elif table.mode == "append":
            # Rows replace those of the same moment, so that a load can run again that was killed
            # after it wrote them.
            hints["write_disposition"] = {"disposition": "merge", "strategy": "delete-insert"}
            hints["merge_key"] = EXTRACTED_AT
        else:
            hints["write_disposition"] = "replace"
        if table.mode != "mirror" and not (self._existing[table.name] or table.row_count):
            # Only creates the table, with no staging table. The keys are given all the same: they
            # may decide its layout.
            hints["write_disposition"] = "append"
        resource: DltResource = dlt.resource(
            self._opened.rows(table),
            name=table.name,
            columns={
                name: {"data_type": kind, "nullable": True} for name, kind in table.columns.items()
            },
            **hints,
        )
        return self._opened.lay_out(resource, table)

    def _mark_deleted(self, tables: Sequence[TableToLoad]) -> None:
        """Mark rows that a table sent whole no longer held, if there are some."""
        whole = [
            (table, table.whole_at)
            for table in tables
            if table.whole_at
            and table.mode != "mirror"
            and table.key
            # A table that this load has made holds nothing older.
            and self._existing[table.name]
        ]
        if not whole:
            return
        with self._client() as client:
            sql = client.sql_client
            # One question, which most often spares a statement for each table.
            questions = [
                f"select '{table.name}', count(*)"  # noqa: S608  # names are quoted
                f" from {sql.make_qualified_table_name(table.name)} where {_gone(sql, table)}"
                for table, _ in whole
            ]
            moments = [moment for _, moment in whole for _ in range(2)]
            with sql.execute_query(" union all ".join(questions), *moments) as answers:
                counts = dict(answers.fetchall())
            for table, moment in whole:
                if counts[table.name]:
                    sql.execute_sql(
                        f"update {sql.make_qualified_table_name(table.name)}"  # noqa: S608  # names are quoted
                        f" set {DELETED_AT} = %s where {_gone(sql, table)}",
                        *[moment] * 3,
                    )


def _gone(client: SqlClientBase[Any], table: TableToLoad) -> str:
    """Return the condition for rows of a key that a moment, to be given twice, no longer had."""
    name = client.make_qualified_table_name(table.name)
    updated = client.make_qualified_table_name_path(table.name)[-1]
    key = [client.escape_column_name(column) for column in table.key]
    same_key = " and ".join(f"seen.{column} = {updated}.{column}" for column in key)
    return (
        f"{EXTRACTED_AT} < %s and {DELETED_AT} is null and not exists"  # noqa: S608  # names are quoted
        f" (select 1 from {name} as seen where {same_key} and seen.{EXTRACTED_AT} >= %s)"
    )
