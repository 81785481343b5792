"""One sync of a source that does not stand still: what the source had around it, what arrived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap_airflow_metadata.catalogue import Table, load_catalogue
from tests.extract import source_rows
from tests.extract.source_rows import Row, Rows
from tests.pipeline.comparison import read_loaded
from tests.pipeline.meltano_runs import Pipeline

DEFAULT_TABLES = {
    name: table for name, table in load_catalogue().items() if table.read == "default"
}
FINISHED = ("success", "failed", "skipped", "upstream_failed", "removed")


@dataclass(frozen=True)
class Sync:
    """One sync; of each table, rows by key in the shape of the raw tables.

    Attributes:
        before: What the source held just before.
        after: What it held just after.
        loaded: What the warehouse held then, rows that are marked as deleted left out.
        marked: Those rows.
        manifest: Of each table, its row in `_sync_manifest`.
        printed: What it printed.
    """

    before: dict[str, Rows]
    after: dict[str, Rows]
    loaded: dict[str, Rows]
    marked: dict[str, Rows]
    manifest: dict[str, Row]
    printed: str

    def settled(self, table: str) -> Rows:
        """The rows that were the same all along, so that the sync can only have seen them so."""
        after = self.after[table]
        return {key: row for key, row in self.before[table].items() if after.get(key) == row}

    def task_instances(self) -> dict[tuple[str, str, str, int], Row]:
        """The loaded current tries outside of loops and mapped tasks, by DAG, task, run and -1."""
        return {
            (row["dag_id"], row["task_id"], row["run_id"], -1): row
            for row in self.loaded["task_instance"].values()
            if -1 in (row["map_index"], row["working_set"] and row["region_index"])
        }

    def finished(self, table: str) -> Rows:
        """The settled ones of these whose state is final."""
        return {key: row for key, row in self.settled(table).items() if row["state"] in FINISHED}


def read_source(
    database_url: str, version: str, tables: Mapping[str, Table] = DEFAULT_TABLES
) -> dict[str, Rows]:
    """Tables as they have to be in the warehouse with the default settings."""
    return {
        name: {
            key: {
                column: None if table.columns[column].personal == "identity" else value
                for column, value in row.items()
            }
            for key, row in source_rows.read(database_url, table, version).items()
        }
        for name, table in tables.items()
    }


def read_warehouse(pipe: Pipeline, version: str, *, marked: bool) -> dict[str, Rows]:
    """Every default table, those of its rows that are marked as deleted or those that are not."""
    with pipe.kept_open():
        return {
            name: read_loaded(pipe, table, version, marked=marked)
            for name, table in DEFAULT_TABLES.items()
        }


def newest_manifest(pipe: Pipeline) -> dict[str, Row]:
    """The last sync's row of each table."""
    rows = pipe.rows("_sync_manifest")
    last = max(rows, key=lambda row: row["started_at"])["sync_id"]
    return {row["table_name"]: row for row in rows if row["sync_id"] == last}


def differences(loaded: Rows, source: Rows) -> dict[tuple[Any, ...], object]:
    """Rows of the source that the warehouse has otherwise: by key and column, both values."""
    return {
        key: {c: (loaded[key][c], row[c]) for c in row if loaded[key][c] != row[c]}
        if key in loaded
        else "not in the warehouse"
        for key, row in source.items()
        if loaded.get(key) != row
    }
