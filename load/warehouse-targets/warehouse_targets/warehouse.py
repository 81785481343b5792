"""Loading a sync into a warehouse through dlt, so that a killed load can simply run again.

Each table arrives in a staging dataset and moves from there in one transaction. The manifest
follows all other tables and deletion marks, so it never speaks of rows that are not there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import dlt
import pyarrow.parquet as pq
from dlt.common.destination import Destination
from dlt.extract import DltResource

from warehouse_targets.columns import DELETED_AT, EXTRACTED_AT
from warehouse_targets.dlt_context import dlt_context
from warehouse_targets.errors import ColumnTypeChangedError, LoadError, OlderMomentError
from warehouse_targets.incoming import IncomingTable
from warehouse_targets.parquet_file import ParquetFile

if TYPE_CHECKING:
    from dlt.common.schema.typing import TTableSchemaColumns
    from dlt.destinations.job_client_impl import SqlJobClientBase

_MANIFEST = "_sync_manifest"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenWarehouse:
    """A warehouse while a load lasts.

    Attributes:
        destination: dlt's destination.
        folder: Empty folder for files on their way.
    """

    destination: Destination[Any, Any]
    folder: Path


class Warehouse(Protocol):
    """What one kind of warehouse has of its own."""

    load_settings: Mapping[str, object]
    """dlt's ``load`` settings."""

    merge_strategy: str
    """dlt's strategy for rows with a key."""

    def open(self) -> AbstractContextManager[OpenWarehouse]:
        """Open it for one load.

        Raises:
            WarehouseRefusedError: It cannot be opened.
            WarehouseUnavailableError: Not now.
        """

    def explain(self, error: BaseException) -> LoadError | None:
        """Return the error to show in place of one that a load ended with, None for a defect."""


def load(warehouse: Warehouse, schema_name: str, tables: Sequence[IncomingTable]) -> None:
    """Load all tables of a sync.

    Args:
        warehouse: Where to.
        schema_name: Schema of the tables, made if it is not there.
        tables: What was sent.

    Raises:
        ColumnTypeChangedError: A column has another type there; nothing was written.
        OlderMomentError: A later sync of our tap is there; nothing was written.
        LoadError: What :meth:`Warehouse.explain` makes of an error.
    """
    with warehouse.open() as opened, dlt_context(opened.folder, warehouse.load_settings):
        try:
            _Load(warehouse, opened, schema_name).run(tables)
        except LoadError:
            raise
        except Exception as error:
            if known := warehouse.explain(error):
                raise known from error
            raise


class _Load:
    def __init__(self, warehouse: Warehouse, opened: OpenWarehouse, schema_name: str) -> None:
        self._merge_strategy = warehouse.merge_strategy
        self._folder = opened.folder / "files"
        self._folder.mkdir()
        # The folder is new with each load: dlt would go on with what a killed one left in it.
        self._pipeline = dlt.pipeline(
            "airflow_audit",
            pipelines_dir=str(opened.folder),
            destination=opened.destination,
            dataset_name=schema_name,
        )

    def run(self, tables: Sequence[IncomingTable]) -> None:
        self._remove_traces()
        with cast("SqlJobClientBase", self._pipeline.destination_client()) as client:
            existing = dict(client.get_storage_tables([table.name for table in tables]))
        self._check_column_types(tables, existing)
        if existing.get(_MANIFEST):
            self._check_moment(tables)
        self._load([table for table in tables if table.name != _MANIFEST])
        self._mark_deleted(tables)
        self._load([table for table in tables if table.name == _MANIFEST])
        self._remove_traces()

    def _remove_traces(self) -> None:
        """Drop the staging dataset and dlt's own tables.

        The tables only serve what this loader does not use, and grow with every load. Without
        them dlt compares with the real columns each time.
        """
        with self._pipeline.sql_client() as client:
            with client.with_staging_dataset():
                if client.has_dataset():
                    client.drop_dataset()
            if client.has_dataset():
                client.drop_tables(*dlt.Schema("any").dlt_table_names())

    def _check_column_types(
        self, tables: Sequence[IncomingTable], existing: Mapping[str, TTableSchemaColumns]
    ) -> None:
        changes = []
        for table in tables:
            there = {
                name.lower(): column["data_type"] for name, column in existing[table.name].items()
            }
            changes += [
                f"{table.name}.{name} is {there[name.lower()]}, now sent as {kind}"
                for name, kind in table.columns.items()
                if there.get(name.lower(), kind) != kind
            ]
        if changes:
            msg = (
                f"Column types changed: {'; '.join(changes)}. Nothing was loaded. Rename or drop"
                " the table or the column in the warehouse, or undo the change"
            )
            raise ColumnTypeChangedError(msg)

    def _check_moment(self, tables: Sequence[IncomingTable]) -> None:
        """Refuse what our tap read in an earlier moment: it would take the place of newer rows.

        The tap refuses it too, but by its state, which may be lost and which a full refresh
        leaves out.
        """
        [manifest] = [table for table in tables if table.name == _MANIFEST]
        [file, *_] = manifest.files(self._folder)
        moments = pq.read_table(file.path, columns=[EXTRACTED_AT])[EXTRACTED_AT].to_pylist()
        names = [table.name for table in tables]
        with self._pipeline.sql_client() as client:
            latest_of_these = (
                f"select max({EXTRACTED_AT})"  # noqa: S608  # names are quoted
                f" from {client.make_qualified_table_name(_MANIFEST)}"
                f" where table_name in ({', '.join(['%s'] * len(names))})"
            )
            with client.execute_query(latest_of_these, *names) as found:
                [[latest]] = found.fetchall()
        if latest and latest > moments[0]:
            msg = (
                f"What was sent is as of {moments[0].isoformat()}, but"
                f" {self._pipeline.dataset_name} holds the same tables as of"
                f" {latest.astimezone(timezone.utc).isoformat()}. Nothing was loaded, because older"
                " rows would take the place of newer ones. Of a snapshot, take a newer one, or sync"
                " this one under another ENVIRONMENT_SLUG to have it beside"
            )
            raise OlderMomentError(msg)

    def _load(self, tables: Sequence[IncomingTable]) -> None:
        if not tables:
            return
        started = time.monotonic()
        files = {table.name: table.files(self._folder) for table in tables}
        self._pipeline.extract([self._resource(table, files[table.name]) for table in tables])
        self._pipeline.normalize()
        self._pipeline.load().raise_on_failed_jobs()
        row_counts = {name: sum(file.row_count for file in made) for name, made in files.items()}
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

    def _resource(self, table: IncomingTable, files: Sequence[ParquetFile]) -> DltResource:
        hints: dict[str, Any] = {}
        if table.mode == "mirror":
            hints["write_disposition"] = "replace"
        elif not any(file.row_count for file in files):
            hints["write_disposition"] = "append"  # only makes the table, without a staging table
        elif table.mode == "merge":
            hints["write_disposition"] = {
                "disposition": "merge",
                "strategy": self._merge_strategy,
                "deduplicated": True,
            }
            hints["primary_key"] = list(table.key)
        else:
            # The rows of a moment replace those of the same moment: a load that was killed after
            # they were written can run again.
            hints["write_disposition"] = {"disposition": "merge", "strategy": "delete-insert"}
            hints["merge_key"] = EXTRACTED_AT
        resource: DltResource = dlt.resource(
            _imports(files),
            name=table.name,
            columns={
                name: {"data_type": kind, "nullable": True} for name, kind in table.columns.items()
            },
            **hints,
        )
        return resource

    def _mark_deleted(self, tables: Sequence[IncomingTable]) -> None:
        """Mark rows that a table sent whole no longer held."""
        with self._pipeline.sql_client() as client:
            for table in tables:
                if table.whole_at is None or table.mode == "mirror" or not table.key:
                    continue
                name = client.make_qualified_table_name(table.name)
                key = [client.escape_column_name(column) for column in table.key]
                same_key = " and ".join(f"seen.{column} = {name}.{column}" for column in key)
                client.execute_sql(
                    f"update {name} set {DELETED_AT} = %s"  # noqa: S608  # names are quoted
                    f" where {EXTRACTED_AT} < %s and {DELETED_AT} is null and not exists"
                    f" (select 1 from {name} as seen"
                    f" where {same_key} and seen.{EXTRACTED_AT} >= %s)",
                    table.whole_at,
                    table.whole_at,
                    table.whole_at,
                )


def _imports(files: Sequence[ParquetFile]) -> Iterator[Any]:
    """Yield the files for dlt to take as they are."""
    for file in files:
        yield dlt.mark.with_file_import(str(file.path), "parquet", file.row_count)
