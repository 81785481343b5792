"""A DuckDB file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import duckdb

from tests.load.loaded_warehouse import LoadedWarehouse
from warehouse_targets.target import WarehouseTarget
from warehouse_targets.target_duckdb import DuckDBTarget

_TYPES = {
    "VARCHAR": "text",
    "JSON": "json",
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "BOOLEAN": "bool",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "DATE": "date",
}


@dataclass
class LoadedDuckDB(LoadedWarehouse):
    file_name: str = "warehouse.duckdb"

    target: ClassVar[type[WarehouseTarget]] = DuckDBTarget
    json_type: ClassVar[str] = "json"
    is_slow_to_read: ClassVar[bool] = False
    is_exclusive: ClassVar[bool] = True

    @property
    def path(self) -> Path:
        return self.folder / self.file_name

    @property
    def settings(self) -> dict[str, Any]:
        return {"path": str(self.path)}

    @property
    def leftover_schema(self) -> str:
        return f"{self.schema_name}__loading"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.path) as connection:
            connection.execute("set TimeZone = 'UTC'")
            schemas = connection.execute(
                "select schema_name from duckdb_schemas() where database_name = current_database()"
            ).fetchall()
            if (self.schema_name,) in schemas:
                connection.execute(f"set search_path = '{self.schema_name}'")
            return connection.execute(sql).fetchall()

    def quoted(self, name: str) -> str:
        return f'"{name}"'

    def microseconds(self, column: str) -> str:
        return f"epoch_us({column})"

    def tables(self) -> list[tuple[str, str]]:
        return self.query("select schema_name, table_name from duckdb_tables() order by all")

    def columns(self, table: str) -> list[tuple[str, str]]:
        found = self.query(
            "select column_name, data_type from duckdb_columns()"
            f" where schema_name = '{self.schema_name}' and table_name = '{table}'"
            " order by column_index"
        )
        return [(name, _TYPES.get(kind, kind)) for name, kind in found]

    def traces(self) -> list[str]:
        schemas = self.query(
            "select schema_name from duckdb_schemas() where schema_name like '%loading%'"
        )
        return [
            *(name for (name,) in schemas),
            *(path.name for path in self.folder.glob(f"{self.path.name}?*")),
        ]
