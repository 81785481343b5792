"""A database of Snowflake's, in its stand-in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.load.loaded_warehouse import LoadedWarehouse
from tests.stand_ins.snowflake import LOGIN, PASSWORD, SnowflakeStandIn
from warehouse_targets.target import WarehouseTarget
from warehouse_targets.target_snowflake import SnowflakeTarget

_TYPES = {
    "TEXT": "text",
    "NUMBER": "bigint",
    "FLOAT": "double",
    "BOOLEAN": "bool",
    "TIMESTAMP_TZ": "timestamp",
    "DATE": "date",
}


@dataclass
class LoadedSnowflake(LoadedWarehouse):
    stand_in: SnowflakeStandIn = field(kw_only=True)
    database: str = field(kw_only=True)
    login: dict[str, str | None] = field(default_factory=lambda: {"password": PASSWORD})

    target: ClassVar[type[WarehouseTarget]] = SnowflakeTarget

    @property
    def settings(self) -> dict[str, Any]:
        return {**LOGIN, "database": self.database, **self.login}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.stand_in.connected(self.database) as cursor:
            cursor.execute("select schema_name from information_schema.schemata")
            if (self.schema_name.upper(),) in cursor.fetchall():
                cursor.execute(f'use schema "{self.schema_name.upper()}"')
            cursor.execute(sql)
            return cursor.fetchall()

    def quoted(self, name: str) -> str:
        return f'"{name.upper()}"'

    def microseconds(self, column: str) -> str:
        return f"date_part(epoch_microsecond, {column})"

    def tables(self) -> list[tuple[str, str]]:
        found = self.query(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema <> 'INFORMATION_SCHEMA'"
        )
        return sorted((schema.lower(), table.lower()) for schema, table in found)

    def columns(self, table: str) -> list[tuple[str, str]]:
        found = self.query(
            "select column_name, data_type from information_schema.columns"
            f" where table_schema = '{self.schema_name.upper()}'"
            f" and table_name = '{table.upper()}' order by ordinal_position"
        )
        return [(name.lower(), _TYPES.get(kind, kind)) for name, kind in found]

    def traces(self) -> list[str]:
        """Staging schemas, with which the staged files go."""
        found = self.query(
            "select schema_name from information_schema.schemata"
            " where contains(schema_name, '__LOADING')"
        )
        return [name for (name,) in found]
