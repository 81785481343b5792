"""What one kind of warehouse has of its own, so that one loader serves all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import dlt
from dlt.common.destination import Destination
from dlt.extract import DltResource

from warehouse_targets.columns import ColumnType
from warehouse_targets.errors import LoadError
from warehouse_targets.parquet_file import ParquetFile
from warehouse_targets.stream_buffer import Mode

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase


@dataclass(frozen=True)
class TableToLoad:
    """A table as it goes into the warehouse.

    Attributes:
        name: Its name there.
        mode: How its rows arrive.
        key: Key columns, empty if there are none.
        columns: Its columns as they are stored, in order.
        files: All rows that were sent, in at least one file.
        folder: For files that a warehouse has to make.
        whole_at: If the table was sent whole, the moment: older rows are gone at the source.
        is_known: Whether its rows need not be loaded again where they stand.
    """

    name: str
    mode: Mode
    key: tuple[str, ...]
    columns: Mapping[str, ColumnType]
    files: Sequence[ParquetFile]
    folder: Path
    whole_at: datetime | None = None
    is_known: bool = False

    @property
    def row_count(self) -> int:
        """Rows that were sent."""
        return sum(file.row_count for file in self.files)


def imported(table: TableToLoad) -> Iterator[Any]:
    """Yield a table's files for dlt to take as they are."""
    for file in table.files:
        yield dlt.mark.with_file_import(str(file.path), "parquet", file.row_count)


def as_dlt_makes_it(resource: DltResource, table: TableToLoad) -> DltResource:  # noqa: ARG001
    """Leave the layout of a table to dlt."""
    return resource


@dataclass(frozen=True)
class OpenWarehouse:
    """A warehouse while a load lasts.

    Attributes:
        destination: dlt's destination, without dlt's own tables.
        folder: Empty folder for files on their way.
        file_staging: dlt's destination for files that the warehouse fetches from elsewhere, None
            if it takes them from here.
        rows: Yields a table's rows in a shape that the warehouse takes: files that dlt imports, or
            Arrow tables.
        lay_out: Tells dlt how the warehouse lays out a table that is made.
    """

    destination: Destination[Any, Any]
    folder: Path
    file_staging: Destination[Any, Any] | None = None
    rows: Callable[[TableToLoad], Iterator[Any]] = imported
    lay_out: Callable[[DltResource, TableToLoad], DltResource] = as_dlt_makes_it


class TargetWarehouse(Protocol):
    """One kind of warehouse."""

    most_workers: int
    """Tables that are loaded at the same time, if there are many."""

    load_settings: Mapping[str, object]
    """dlt's ``load`` settings."""

    naming: str
    """dlt's naming convention, by its name."""

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
