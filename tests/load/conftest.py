"""A DuckDB file to load, in this process or with the command, and to look into."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse_targets.target_duckdb import DuckDBTarget

COMMAND = str(Path(sys.executable).with_name("target-duckdb"))
SCHEMA_NAME = "airflow_test"


@dataclass
class Warehouse:
    """A DuckDB file and the target that loads it."""

    path: Path
    schema_name: str = SCHEMA_NAME
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, Any]:
        return {"path": str(self.path), "default_target_schema": self.schema_name}

    def load(self, *messages: str, **config: object) -> list[dict[str, Any]]:
        """Load in this process and return the STATE messages."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            DuckDBTarget(config=self.config | config).listen(io.StringIO("\n".join(messages)))
        return [json.loads(line) for line in output.getvalue().splitlines()]

    def start(self, *messages: str) -> subprocess.Popen[str]:
        """Start the command on these messages."""
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "config.json"
        config.write_text(json.dumps(self.config))
        (folder / "messages.jsonl").write_text("\n".join(messages))
        with (folder / "messages.jsonl").open() as file:
            return subprocess.Popen(
                [COMMAND, "--config", str(config)],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=folder,
                env=os.environ | self.environment,
            )

    def run(self, *messages: str) -> subprocess.CompletedProcess[str]:
        """Run the command on these messages to its end."""
        with self.start(*messages) as process:
            output, log = process.communicate(timeout=60)
        return subprocess.CompletedProcess([COMMAND], process.returncode, output, log)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL with the schema as the search path, times in UTC."""
        with duckdb.connect(self.path) as connection:
            connection.execute("set TimeZone = 'UTC'")
            if self.schema_name in self.schemas(connection):
                connection.execute(f"set search_path = '{self.schema_name}'")
            return connection.execute(sql).fetchall()

    def schemas(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        rows = connection.execute(
            "select schema_name from duckdb_schemas() where database_name = current_database()"
            " and not internal and schema_name != 'main' order by all"
        ).fetchall()
        return [name for (name,) in rows]

    def tables(self) -> list[tuple[str, str]]:
        """All tables of the file, with their schema."""
        return self.query("select schema_name, table_name from duckdb_tables() order by all")

    def columns(self, table: str) -> list[tuple[str, str, bool]]:
        """Name, type and nullability of a table's columns, in order."""
        return self.query(
            "select column_name, data_type, is_nullable from duckdb_columns()"
            f" where table_name = '{table}' order by column_index"
        )

    def rows(self, table: str, columns: Sequence[str] = ("*",)) -> list[tuple[Any, ...]]:
        """A table's rows, sorted."""
        return self.query(f'select {", ".join(columns)} from "{table}" order by all')


def wait_until_read(process: subprocess.Popen[str]) -> None:
    """Wait until the command has read its input, and so begins to load."""
    assert process.stderr
    for line in process.stderr:
        if "completed processing" in line:
            return


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "output" / "warehouse.duckdb")
