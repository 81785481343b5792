"""A DuckDB file as a warehouse: opening, memory, and what its errors mean."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlt
import duckdb
from dlt.destinations.impl.duckdb.duck import DuckDbClient

from warehouse_targets.columns import ColumnType
from warehouse_targets.errors import (
    DiskFullError,
    LoadError,
    TargetSettingsError,
    WarehouseRefusedError,
    WarehouseUnavailableError,
    causes_of,
    first_line,
    is_disk_full,
)
from warehouse_targets.insides_of_dlt import destination_of_one_load, failed_table
from warehouse_targets.warehouse import OpenWarehouse

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

_MOST_THREADS = 4
_SIZE = re.compile(r"\d+(\.\d+)? ?[KMGT]i?B", re.IGNORECASE)
_WAIT_SECONDS = 30.0
# A suffix that no environment's schema has.
_STAGING_NAME = "%s__loading"
_LOCKED = re.compile(r"Conflicting lock is held in (?P<holder>.+?\(PID \d+\))")
_DISK_FULL = re.compile(r"No space left on device|File too large|Disk quota exceeded")
# Says which limit there is to the folder; DuckDB calls it out of memory too.
_TEMPORARY_FULL = "max_temp_directory_size"
# dlt puts file names into SQL and into patterns as they are.
_UNQUOTED = frozenset("'%")


class DuckDBWarehouse:
    """Loads into one DuckDB file, which only one process can have open for writing."""

    # More tables at a time take more memory and no less time, and an error in a local file does
    # not go away by itself.
    most_workers = 2
    load_settings: Mapping[str, object] = {"raise_on_max_retries": 1}
    naming = "direct"
    stored_as: Mapping[ColumnType, ColumnType] = {}
    # dlt's `upsert`, DuckDB's MERGE, takes three times as long and twice the memory.
    merge_strategy = "delete-insert"

    def __init__(self, path: Path, schema_name: str, memory_limit: str) -> None:
        """Check the path; the file is made with the first load.

        Args:
            path: The file. Its folder is made.
            schema_name: Schema to load.
            memory_limit: Memory for DuckDB; beyond it, the disk is used.

        Raises:
            TargetSettingsError: There can be no file at this path, or it cannot hold this schema,
                or the limit is no size.
        """
        if not _SIZE.fullmatch(memory_limit):
            msg = f"memory_limit is {memory_limit!r}; it has to be like 4GB"
            raise TargetSettingsError(msg)
        self._memory_limit = memory_limit
        self._path = path.absolute()
        folder = self._path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"path: the folder {folder} cannot be made: {error.strerror}"
            raise TargetSettingsError(msg) from error
        if self._path.is_dir():
            msg = f"path: {self._path} is a folder; name a file in it"
            raise TargetSettingsError(msg)
        for needed in (folder, self._path):
            if needed.exists() and not os.access(needed, os.W_OK):
                msg = f"path: {needed} may not be written by this user"
                raise TargetSettingsError(msg)
        if self._path.name.partition(".")[0].lower() == schema_name.lower():
            # DuckDB names the database after the file, and "a.b" could be either then.
            msg = f"path: {self._path.name} cannot hold a schema {schema_name}; rename the file"
            raise TargetSettingsError(msg)

    @contextmanager
    def open(self) -> Iterator[OpenWarehouse]:
        """Open the file for one load.

        Raises:
            WarehouseRefusedError: It is no DuckDB file, or one of a newer DuckDB.
            WarehouseUnavailableError: Another process keeps it open, or the disk is full.
        """
        with ExitStack() as stack:
            connection = stack.enter_context(self._connect())
            kind = destination_of_one_load(dlt.destinations.duckdb, DuckDbClient)
            destination = kind(
                credentials=connection,
                replace_strategy="insert-from-staging",
                staging_dataset_name_layout=_STAGING_NAME,
                # Not set by dlt 1.31: rows would be deleted in one transaction and inserted in
                # another, and a killed load would leave an empty table.
                supports_transactions=True,
            )
            yield OpenWarehouse(destination, stack.enter_context(self._work_folder()))

    def _connect(self) -> duckdb.DuckDBPyConnection:
        last_try = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                return self._connection()
            except duckdb.IOException as error:  # noqa: PERF203
                if not _LOCKED.search(str(error)) or time.monotonic() > last_try:
                    raise self._explain_open(error) from error
                time.sleep(0.2)

    def _connection(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(
            self._path,
            config={
                "memory_limit": self._memory_limit,
                "threads": min(_MOST_THREADS, os.cpu_count() or 1),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            },
        )

    def _explain_open(self, error: duckdb.IOException) -> LoadError:
        if locked := _LOCKED.search(str(error)):
            return WarehouseUnavailableError(
                f"{self._path} is open in {locked['holder']}. Nothing was loaded. Close it there,"
                " or try again when it is done"
            )
        if _is_disk_full(error):
            return self._disk_full()
        return WarehouseRefusedError(
            f"{self._path} cannot be opened with DuckDB {duckdb.__version__}: {first_line(error)}"
        )

    def _disk_full(self) -> LoadError:
        return DiskFullError(f"The disk of {self._path} is full. Make room and run the sync again")

    def _out_of_memory(self, error: duckdb.OutOfMemoryException) -> LoadError:
        more = f"let it have more memory than {self._memory_limit}: TARGET_DUCKDB_MEMORY_LIMIT"
        if _TEMPORARY_FULL in str(error):
            return DiskFullError(
                f"DuckDB's folder for what does not fit into memory, {self._path}.tmp, is full."
                f" Make room there, or {more}"
            )
        return WarehouseRefusedError(
            f"{self._path}: DuckDB says {first_line(error)}. Nothing was loaded of that table;"
            f" {more}"
        )

    @contextmanager
    def _work_folder(self) -> Iterator[Path]:
        """Make a folder beside the file, so that Parquet files can be linked and need no copy.

        DuckDB's lock on the file is the lock on this folder too, so one that is there was left
        by a killed load, and so was DuckDB's own.
        """
        shutil.rmtree(f"{self._path}.tmp", ignore_errors=True)
        folder = Path(f"{self._path}.loading")
        if _UNQUOTED & set(str(folder)):
            with tempfile.TemporaryDirectory() as elsewhere:
                yield Path(elsewhere)
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def leftovers(self, client: SqlClientBase[Any], schema_name: str) -> Sequence[str]:
        """Return the staging schema if it is there: nobody else has the file open."""
        staging_name = _STAGING_NAME % schema_name
        with client.with_alternative_dataset_name(staging_name):
            return [staging_name] if client.has_dataset() else []

    def explain(self, error: BaseException) -> LoadError | None:
        """Return what an error of DuckDB or of the disk means, None for a defect."""
        causes = list(causes_of(error))
        if any(_is_disk_full(cause) for cause in causes):
            return self._disk_full()
        for cause in causes:
            if isinstance(cause, duckdb.OutOfMemoryException):
                return self._out_of_memory(cause)
        for cause in causes:
            # Parquet with damaged pages is a plain duckdb.Error.
            if (
                isinstance(cause, duckdb.DataError | duckdb.IOException)
                or type(cause) is duckdb.Error
            ):
                return WarehouseRefusedError(
                    f"{self._path}, table {failed_table(error)}: {first_line(cause)}"
                )
        return None


def _is_disk_full(error: BaseException) -> bool:
    if isinstance(error, duckdb.Error):
        return bool(_DISK_FULL.search(str(error)))
    return is_disk_full(error)
