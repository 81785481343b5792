"""One sync of a source that does not stand still: what the source had around it, what arrived."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tap_airflow_metadata.catalogue import Column, Table, load_catalogue
from tests.extract import source_rows
from tests.pipeline.meltano_runs import Pipeline

Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]
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
    """

    before: dict[str, Rows]
    after: dict[str, Rows]
    loaded: dict[str, Rows]
    marked: dict[str, Rows]
    manifest: dict[str, Row]

    def settled(self, table: str) -> Rows:
        """The rows that were the same all along, so that the sync can only have seen them so."""
        after = self.after[table]
        return {key: row for key, row in self.before[table].items() if after.get(key) == row}

    def finished(self, table: str) -> Rows:
        """The settled ones of these whose state is final."""
        return {key: row for key, row in self.settled(table).items() if row["state"] in FINISHED}


def read_source(database_url: str, version: str) -> dict[str, Rows]:
    """Every default table as it has to be in the warehouse with the default settings."""
    tables = {}
    for name, table in DEFAULT_TABLES.items():
        rows = source_rows.read(database_url, name) if table.exists_in(version) else []
        raw = [{c.name: _as_raw(c, row.get(c.name)) for c in table.raw_columns()} for row in rows]
        tables[name] = _by_key(table, version, raw)
    return tables


def read_warehouse(pipe: Pipeline, version: str, *, marked: bool) -> dict[str, Rows]:
    """Every default table, those of its rows that are marked as deleted or those that are not."""
    tables = {}
    for name, table in DEFAULT_TABLES.items():
        rows = [row for row in pipe.rows(name) if bool(row["_sdc_deleted_at"]) is marked]
        raw = [{c.name: _parsed(c, row[c.name]) for c in table.raw_columns()} for row in rows]
        tables[name] = _by_key(table, version, raw)
    return tables


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


def _as_raw(column: Column, value: object) -> object:
    if column.personal == "identity":
        return None
    return str(value) if column.type == "text" and value is not None else value


def _parsed(column: Column, value: object) -> object:
    return json.loads(value) if column.type == "json" and isinstance(value, str) else value


def _by_key(table: Table, version: str, rows: list[Row]) -> Rows:
    key = next(key for key in table.key if all(table.columns[c].exists_in(version) for c in key))
    by_key = {tuple(row[column] for column in key): row for row in rows}
    assert len(by_key) == len(rows), f"{table.name}: more than one row for a key"
    return by_key
