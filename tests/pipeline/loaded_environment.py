"""What a sync has left in a DuckDB file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb


@dataclass(frozen=True)
class LoadedEnvironment:
    """One Airflow environment in a warehouse.

    Attributes:
        folder: Holds the warehouse.
        slug: The environment's.
        database_url: The metadata database that it is copied from.
    """

    folder: Path
    slug: str
    database_url: str

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def schema(self) -> str:
        return f"airflow_{self.slug}"

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Let DuckDB have the file open for the block: to open it takes longer than a query."""
        with duckdb.connect(str(self.warehouse), read_only=True):
            yield

    def rows(self, table: str, columns: str = "*") -> list[dict[str, Any]]:
        """The raw rows of a table, times as UTC text."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            connection.execute("set time zone 'UTC'")
            result = connection.execute(f'select {columns} from "{self.schema}"."{table}"')
            names = [column[0] for column in result.description]
            return [
                {
                    name: value.isoformat() if hasattr(value, "isoformat") else value
                    for name, value in zip(names, row, strict=True)
                }
                for row in result.fetchall()
            ]

    def tables(self) -> list[str]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            found = connection.execute(
                "select table_name from information_schema.tables where table_schema = ?"
                " order by table_name",
                [self.schema],
            ).fetchall()
        return [name for (name,) in found if not name.startswith("_dlt")]
