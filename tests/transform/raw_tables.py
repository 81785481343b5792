"""Raw tables as the loader makes them, filled by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import duckdb

from tap_airflow_metadata.catalogue import ColumnType, Table, load_catalogue
from tap_airflow_metadata.manifest import MANIFEST

Row = Mapping[str, Any]

SYNCED_AT = datetime(2026, 3, 1, tzinfo=timezone.utc)

_TYPES: dict[ColumnType, str] = {
    "integer": "bigint",
    "number": "double",
    "text": "varchar",
    "boolean": "boolean",
    "timestamp": "timestamptz",
    "json": "json",
    "uuid": "varchar",
    "bytes": "varchar",
}


def default_tables() -> list[Table]:
    """Return the tables that a sync reads unless told otherwise, and its manifest."""
    return [*(t for t in load_catalogue().values() if t.read == "default"), MANIFEST]


def create_table(
    warehouse: duckdb.DuckDBPyConnection, slug: str, table: Table, *, reverse: bool = False
) -> None:
    """Make one empty raw table, with its columns the other way round if `reverse`."""
    columns = [f'"{column.name}" {_TYPES[column.type]}' for column in table.raw_columns()]
    columns += ["_sdc_extracted_at timestamptz", "_sdc_deleted_at timestamptz"]
    if reverse:
        columns.reverse()
    warehouse.execute(f'create table "airflow_{slug}"."{table.name}" ({", ".join(columns)})')


def insert(
    warehouse: duckdb.DuckDBPyConnection, slug: str, table: str, rows: Sequence[Row]
) -> None:
    """Add rows; columns they leave out are null, and they were read at SYNCED_AT."""
    for row in rows:
        values = {"_sdc_extracted_at": SYNCED_AT} | dict(row)
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        warehouse.execute(
            f'insert into "airflow_{slug}"."{table}" ({names}) values ({marks})',
            list(values.values()),
        )


def load_environment(
    warehouse: duckdb.DuckDBPyConnection,
    slug: str,
    airflow_version: str,
    rows: Mapping[str, Sequence[Row]],
    *,
    reverse_columns: bool = False,
) -> None:
    """Make the schema of one environment: all default tables, and a manifest that agrees."""
    warehouse.execute(f'create schema "airflow_{slug}"')
    for table in default_tables():
        create_table(warehouse, slug, table, reverse=reverse_columns)
        insert(warehouse, slug, table.name, rows.get(table.name, []))
    manifest = [
        {
            "sync_id": f"sync-of-{slug}",
            "table_name": table.name,
            "environment_slug": slug,
            "mode": "merge",
            "is_full_read": table.change is None,
            "is_table_at_source": table.exists_in(airflow_version),
            "source_rows": len([r for r in rows.get(table.name, []) if "_sdc_deleted_at" not in r]),
            "sent_rows": len(rows.get(table.name, [])),
            "airflow_version": airflow_version,
            "pii": "usernames",
        }
        for table in default_tables()
        if table is not MANIFEST
    ]
    insert(warehouse, slug, MANIFEST.name, manifest)


class SourceChanges:
    """Changes the raw tables as the loader does in the sync of one moment."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection, slug: str, moment: Any) -> None:
        self._warehouse = warehouse
        self._slug = slug
        self._moment = moment

    def add(self, table: str, *rows: Row) -> None:
        insert(
            self._warehouse,
            self._slug,
            table,
            [{"_sdc_extracted_at": self._moment} | dict(row) for row in rows],
        )

    def change(self, table: str, where: str, **values: Any) -> None:
        self._update(table, where, values | {"_sdc_extracted_at": self._moment})

    def delete(self, table: str, where: str) -> None:
        self._update(table, where, {"_sdc_deleted_at": self._moment})

    def lose(self, table: str, where: str) -> None:
        """Remove rows without a trace, as mode mirror does."""
        self._warehouse.execute(f'delete from "airflow_{self._slug}"."{table}" where {where}')

    def _update(self, table: str, where: str, values: Mapping[str, Any]) -> None:
        changes = ", ".join(f'"{name}" = ?' for name in values)
        changed = self._warehouse.execute(
            f'update "airflow_{self._slug}"."{table}" set {changes} where {where} returning 1',
            list(values.values()),
        ).fetchall()
        assert changed, f"no row of {table} where {where}"
