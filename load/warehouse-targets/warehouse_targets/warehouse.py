"""Loading a sync into a warehouse through dlt, so that a killed load can simply run again.

Each table arrives in a staging schema and moves from there in one step. The manifest follows all
other tables and deletion marks, so it never speaks of rows that are not there.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import dlt
import pyarrow as pa
import pyarrow.parquet as pq
from dlt.common.destination import Destination
from dlt.extract import DltResource

from warehouse_targets.columns import DELETED_AT, EXTRACTED_AT, ColumnType
from warehouse_targets.dlt_context import dlt_context
from warehouse_targets.dlt_tables import without_dlt_tables
from warehouse_targets.errors import (
    ColumnTypeChangedError,
    DiskFullError,
    LoadError,
    OlderMomentError,
    OtherEnvironmentError,
    OverlappingLoadError,
    StandbyBehindError,
    causes_of,
    is_disk_full,
)
from warehouse_targets.incoming import IncomingTable
from warehouse_targets.parquet_file import ParquetFile

if TYPE_CHECKING:
    from dlt.common.schema.typing import TTableSchemaColumns
    from dlt.destinations.job_client_impl import SqlJobClientBase
    from dlt.destinations.sql_client import SqlClientBase

_MANIFEST = "_sync_manifest"
_SLUG = "environment_slug"
_LAG = "replay_lag_seconds"  # of a standby only
_BEFORE_ALL = datetime.min.replace(tzinfo=timezone.utc)

logger = logging.getLogger(__name__)


def imported(
    table: IncomingTable,  # noqa: ARG001
    columns: Mapping[str, ColumnType],  # noqa: ARG001
    files: Sequence[ParquetFile],
    folder: Path,  # noqa: ARG001
) -> Iterator[Any]:
    """Yield files for dlt to take as they are.

    Args:
        table: What was sent.
        columns: Its columns as they are stored.
        files: All its rows.
        folder: For files that have to be made.
    """
    for file in files:
        yield dlt.mark.with_file_import(str(file.path), "parquet", file.row_count)


@dataclass(frozen=True)
class OpenWarehouse:
    """A warehouse while a load lasts.

    Attributes:
        destination: dlt's destination.
        folder: Empty folder for files on their way.
        file_staging: dlt's destination for files that the warehouse fetches from elsewhere, None
            if it takes them from here.
        rows: Yields a table's rows in a shape that the warehouse takes: files that dlt imports, or
            Arrow tables. Arguments as :func:`imported` has them.
    """

    destination: Destination[Any, Any]
    folder: Path
    file_staging: Destination[Any, Any] | None = None
    rows: Callable[
        [IncomingTable, Mapping[str, ColumnType], Sequence[ParquetFile], Path], Iterator[Any]
    ] = imported


class Warehouse(Protocol):
    """What one kind of warehouse has of its own."""

    load_settings: Mapping[str, object]
    """dlt's ``load`` settings."""

    naming: str
    """dlt's naming convention: its name, or the module that has it."""

    merge_strategy: str
    """dlt's strategy for rows with a key."""

    stored_as: Mapping[ColumnType, ColumnType]
    """The type in place of one that cannot be loaded from Parquet."""

    def open(self) -> AbstractContextManager[OpenWarehouse]:
        """Open it for one load.

        Raises:
            WarehouseRefusedError: It cannot be opened.
            WarehouseUnavailableError: Not now.
        """

    def leftovers(self, client: SqlClientBase[Any], schema_name: str) -> Sequence[str]:
        """Return the staging schemas that killed loads of a schema left, for this load to drop.

        Args:
            client: Of the open warehouse.
            schema_name: The schema they loaded.
        """

    def explain(self, error: BaseException) -> LoadError | None:
        """Return what an error of the warehouse means, None if it is none of its own."""


def load(warehouse: Warehouse, schema_name: str, tables: Sequence[IncomingTable]) -> None:
    """Load all tables of a sync.

    Args:
        warehouse: Where to.
        schema_name: Schema of the tables, made if it is not there.
        tables: What was sent.

    Raises:
        ColumnTypeChangedError: A column has another type there; nothing was written.
        OlderMomentError: A later sync of our tap is there; nothing was written.
        OtherEnvironmentError: The schema holds another Airflow environment; nothing was written.
        OverlappingLoadError: Another load wrote the same tables meanwhile.
        DiskFullError: There is no room for the files on their way.
        LoadError: What :meth:`Warehouse.explain` makes of an error.
    """
    with (
        warehouse.open() as opened,
        dlt_context(opened.folder, naming=warehouse.naming, load=warehouse.load_settings),
    ):
        try:
            _Load(warehouse, opened, schema_name).run(tables)
        except LoadError:
            raise
        except Exception as error:
            if known := _explain(warehouse, error):
                raise known from error
            raise


def _explain(warehouse: Warehouse, error: BaseException) -> LoadError | None:
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
    def __init__(self, warehouse: Warehouse, opened: OpenWarehouse, schema_name: str) -> None:
        self._warehouse = warehouse
        self._rows = opened.rows
        # Types by lower-case column name of the tables that are there, by table.
        self._existing: dict[str, dict[str, str | None]] = {}
        self._files: dict[str, list[ParquetFile]] = {}
        self._folder = opened.folder / "files"
        self._folder.mkdir()
        # The folder is new with each load: dlt would go on with what a killed one left in it.
        self._pipeline = dlt.pipeline(
            "airflow_audit",
            pipelines_dir=str(opened.folder),
            destination=without_dlt_tables(opened.destination),
            staging=opened.file_staging,
            dataset_name=schema_name,
        )

    def run(self, tables: Sequence[IncomingTable]) -> None:
        with self._pipeline.sql_client() as client:
            for name in self._warehouse.leftovers(client, self._pipeline.dataset_name):
                with client.with_alternative_dataset_name(name):
                    client.drop_dataset()
        with cast("SqlJobClientBase", self._pipeline.destination_client()) as client:
            found = client.get_storage_tables([table.name for table in tables])
            self._existing = {name: _types(columns) for name, columns in found}
        self._check_column_types(tables)
        manifest = next((table for table in tables if table.name == _MANIFEST), None)
        moment = self._only_value(manifest, EXTRACTED_AT) if manifest else None
        before = _BEFORE_ALL
        if manifest and moment and self._existing[_MANIFEST]:
            self._check_environment(manifest)
            before = self._latest_moment(tables)
            self._check_moment(manifest, moment, before)
        try:
            self._load([table for table in tables if table is not manifest])
            self._mark_deleted(tables)
            if manifest:
                self._load([manifest])
        except Exception:
            with suppress(Exception):  # that the load failed says more
                self._drop_staging()
            raise
        self._drop_staging()
        if moment:
            self._check_alone(moment, tables, before)

    def _check_column_types(self, tables: Sequence[IncomingTable]) -> None:
        changes = []
        for table in tables:
            there = self._existing[table.name]
            changes += [
                f"{table.name}.{name} is {there[name.lower()]}, now sent as {kind}"
                for name, kind in self._stored_columns(table).items()
                if there.get(name.lower(), kind) != kind
            ]
        if changes:
            msg = (
                f"Column types changed: {'; '.join(changes)}. Nothing was loaded. Rename or drop"
                " the table or the column in the warehouse, or undo the change"
            )
            raise ColumnTypeChangedError(msg)

    def _drop_staging(self) -> None:
        with self._pipeline.sql_client() as client, client.with_staging_dataset():
            if client.has_dataset():
                client.drop_dataset()

    def _stored_columns(self, table: IncomingTable) -> dict[str, ColumnType]:
        stored_as = self._warehouse.stored_as
        return {name: stored_as.get(kind, kind) for name, kind in table.columns.items()}

    def _check_environment(self, manifest: IncomingTable) -> None:
        """Refuse another Airflow environment: the two would be one, and each mark the other's rows.

        Slugs that differ in a hyphen share a schema where none is allowed.
        """
        if _SLUG not in manifest.columns or _SLUG not in self._existing[_MANIFEST]:
            return
        slug = self._only_value(manifest, _SLUG)
        with self._pipeline.sql_client() as client:
            table = client.make_qualified_table_name(_MANIFEST)
            [other] = _row(
                client,
                f"select min({_SLUG}) from {table} where {_SLUG} <> %s",  # noqa: S608  # quoted
                slug,
            )
        if other is not None:
            msg = (
                f"default_target_schema: {self._pipeline.dataset_name} holds the Airflow"
                f" environment {other}, so {slug} cannot be loaded into it. Nothing was loaded."
                " Name another schema, or another ENVIRONMENT_SLUG"
            )
            raise OtherEnvironmentError(msg)

    def _check_moment(self, manifest: IncomingTable, moment: datetime, latest: datetime) -> None:
        """Refuse what our tap read in an earlier moment: it would take the place of newer rows.

        The tap refuses it too, but by its state, which may be lost and which a full refresh
        leaves out.
        """
        if latest <= moment:
            return
        msg = (
            f"What was sent is as of {moment.isoformat()}, but {self._pipeline.dataset_name} holds"
            f" the same tables as of {latest.isoformat()}. Nothing was loaded, because older rows"
            " would take the place of newer ones."
        )
        if _LAG in manifest.columns and self._only_value(manifest, _LAG) is not None:
            msg = f"{msg} The source is a standby: try again when it has replayed what it lacks"
            raise StandbyBehindError(msg)
        msg = (
            f"{msg} Of a snapshot, take a newer one, or sync this one under another"
            " ENVIRONMENT_SLUG to have it beside"
        )
        raise OlderMomentError(msg)

    def _check_alone(
        self, moment: datetime, tables: Sequence[IncomingTable], before: datetime
    ) -> None:
        """Refuse success if another load of the same tables ended since this one began.

        Whichever of the two is the last to write its manifest sees the other's. It passes on no
        STATE, so the next sync reads all again that may have been replaced by older rows.
        ``before`` is the latest moment of these tables when this load began.
        """
        other = self._latest_moment(tables, but_for=moment)
        if other > before:
            msg = (
                f"Another load wrote the same tables of {self._pipeline.dataset_name} at the same"
                f" time, as of {other.isoformat()}. Run the sync again, when no other runs"
            )
            raise OverlappingLoadError(msg)

    def _only_value(self, manifest: IncomingTable, column: str) -> Any:  # noqa: ANN401
        """Return what all its rows have in a column, None if it has no rows."""
        files = self._files_of(manifest)
        sent = pa.concat_tables(pq.read_table(file.path, columns=[column]) for file in files)
        return next(iter(sent[column].unique().to_pylist()), None)

    def _files_of(self, table: IncomingTable) -> list[ParquetFile]:
        """Return all its rows as files, which are made once."""
        if table.name not in self._files:
            self._files[table.name] = table.files(self._folder)
        return self._files[table.name]

    def _latest_moment(
        self, tables: Sequence[IncomingTable], *, but_for: datetime | None = None
    ) -> datetime:
        """Return the moment of the latest sync of one of these tables, year 1 if there is none."""
        names = [table.name for table in tables]
        with self._pipeline.sql_client() as client:
            query = (
                f"select max({EXTRACTED_AT})"  # noqa: S608  # names are quoted
                f" from {client.make_qualified_table_name(_MANIFEST)}"
                f" where table_name in ({', '.join(['%s'] * len(names))})"
            )
            if but_for:
                [latest] = _row(client, f"{query} and {EXTRACTED_AT} <> %s", *names, but_for)
            else:
                [latest] = _row(client, query, *names)
        return latest.astimezone(timezone.utc) if latest else _BEFORE_ALL

    def _load(self, tables: Sequence[IncomingTable]) -> None:
        if not tables:
            return
        started = time.monotonic()
        row_counts = {
            table.name: sum(file.row_count for file in self._files_of(table)) for table in tables
        }
        resources = [
            self._resource(table, has_rows=row_counts[table.name] > 0)
            for table in tables
            if not self._is_idle(table, has_rows=row_counts[table.name] > 0)
        ]
        if resources:
            self._pipeline.extract(resources)
            self._pipeline.normalize()
            self._pipeline.load().raise_on_failed_jobs()
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

    def _is_idle(self, table: IncomingTable, *, has_rows: bool) -> bool:
        """Whether the table is there as it has to be, and nothing is to be done to its rows."""
        missing = {name.lower() for name in table.columns} - self._existing[table.name].keys()
        return not (missing or table.mode == "mirror" or has_rows)

    def _resource(self, table: IncomingTable, *, has_rows: bool) -> DltResource:
        columns = self._stored_columns(table)
        hints: dict[str, Any] = {}
        if table.mode == "merge":
            hints["write_disposition"] = {
                "disposition": "merge",
                "strategy": self._warehouse.merge_strategy,
                "deduplicated": True,
            }
            hints["primary_key"] = list(table.key)
        elif table.mode == "append":
            # The rows of a moment replace those of the same moment: a load that was killed after
            # they were written can run again.
            hints["write_disposition"] = {"disposition": "merge", "strategy": "delete-insert"}
            hints["merge_key"] = EXTRACTED_AT
        else:
            hints["write_disposition"] = "replace"
        if table.mode != "mirror" and not (self._existing[table.name] or has_rows):
            # Only makes the table, without a staging table. It knows its keys all the same: they
            # may decide how a warehouse lays out its rows.
            hints["write_disposition"] = "append"
        resource: DltResource = dlt.resource(
            self._rows(table, columns, self._files_of(table), self._folder),
            name=table.name,
            columns={name: {"data_type": kind, "nullable": True} for name, kind in columns.items()},
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
                updated = client.make_qualified_table_name_path(table.name)[-1]
                key = [client.escape_column_name(column) for column in table.key]
                same_key = " and ".join(f"seen.{column} = {updated}.{column}" for column in key)
                client.execute_sql(
                    f"update {name} set {DELETED_AT} = %s"  # noqa: S608  # names are quoted
                    f" where {EXTRACTED_AT} < %s and {DELETED_AT} is null and not exists"
                    f" (select 1 from {name} as seen"
                    f" where {same_key} and seen.{EXTRACTED_AT} >= %s)",
                    table.whole_at,
                    table.whole_at,
                    table.whole_at,
                )


def _types(columns: TTableSchemaColumns) -> dict[str, str | None]:
    return {name.lower(): column["data_type"] for name, column in columns.items()}


def _row(client: SqlClientBase[Any], query: str, *values: object) -> Sequence[Any]:
    with client.execute_query(query, *values) as found:
        [row] = found.fetchall()
        return cast("Sequence[Any]", row)
