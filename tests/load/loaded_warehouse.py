"""A warehouse to load, in this process or with the command, and to look into."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from typing_extensions import Self

from warehouse_targets.target import WarehouseTarget

SCHEMA_NAME = "airflow_test"


@dataclass
class LoadedWarehouse(ABC):
    """A warehouse and the target that loads it.

    Attributes:
        folder: For what the command needs, and makes.
        schema_name: Schema that is loaded.
        environment: Environment variables of the command, beside those of the tests.
        target: The target's class.
        json_type: What a JSON column is there, in the words of :meth:`columns`.
        longest_text: Bytes of the longest text it takes as it is, None if 100,000 are not too
            many.
        takes_hyphens: Whether a schema's name may have a hyphen.
        is_slow_to_read: Whether thousands of rows take seconds, as in stand-ins.
        is_exclusive: Whether a second load waits for the first, so that all traces of killed ones
            are removed at once.
    """

    folder: Path
    schema_name: str = SCHEMA_NAME
    environment: dict[str, str] = field(default_factory=dict)

    target: ClassVar[type[WarehouseTarget]]
    json_type: ClassVar[str] = "text"
    longest_text: ClassVar[int | None] = None
    takes_hyphens: ClassVar[bool] = True
    is_slow_to_read: ClassVar[bool] = True
    is_exclusive: ClassVar[bool] = False

    @property
    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Settings of the target but for the schema."""

    @property
    def config(self) -> dict[str, Any]:
        return {**self.settings, "default_target_schema": self.schema_name}

    @property
    def variables(self) -> dict[str, str]:
        """The same settings as environment variables, which dbt reads too."""
        prefix = self.target.name.replace("-", "_")
        return {
            f"{prefix}_{name}".upper(): str(value)
            for name, value in self.settings.items()
            if value is not None
        }

    @property
    def command(self) -> str:
        return str(Path(sys.executable).with_name(self.target.name))

    def load(self, *messages: str, **config: object) -> list[dict[str, Any]]:
        """Load in this process and return the STATE messages."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.target(config=self.config | config).listen(io.StringIO("\n".join(messages)))
        return [json.loads(line) for line in output.getvalue().splitlines()]

    def start(self, *messages: str) -> subprocess.Popen[str]:
        """Start the command on these messages."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.config))
        (self.folder / "messages.jsonl").write_text("\n".join(messages))
        with (self.folder / "messages.jsonl").open() as file:
            return subprocess.Popen(
                [self.command, "--config", str(config)],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=self.folder,
                env=os.environ | self.environment,
            )

    def run(self, *messages: str) -> subprocess.CompletedProcess[str]:
        """Run the command on these messages to its end."""
        with self.start(*messages) as process:
            output, log = process.communicate(timeout=60)
        return subprocess.CompletedProcess([self.command], process.returncode, output, log)

    def with_schema(self, name: str) -> Self:
        """The same warehouse with another schema to load."""
        return replace(self, schema_name=name)

    @property
    def leftover_schema(self) -> str:
        """What the staging schema of a load may be called that was killed some days ago."""
        return f"{self.schema_name}__loading_20200101t000000_0123abcd"

    @abstractmethod
    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL with the schema as the search path; times come with the zone UTC."""

    @abstractmethod
    def quoted(self, name: str) -> str:
        """A name as SQL has it in quotes, in the case that it is kept in."""

    def plain_name(self, name: str) -> str:
        """What becomes of a column's name that is no word: dlt leaves out quotes."""
        return name.replace('"', "_")

    @abstractmethod
    def microseconds(self, column: str) -> str:
        """SQL for the microseconds since 1970 of a time: Python's have no zone in year 1."""

    @abstractmethod
    def tables(self) -> list[tuple[str, str]]:
        """All tables there, each with its schema, sorted, in the case that was sent."""

    @abstractmethod
    def columns(self, table: str) -> list[tuple[str, str]]:
        """Name and type of a table's columns, in order; types as in warehouse_targets.columns."""

    @abstractmethod
    def traces(self) -> list[str]:
        """What loads left behind beside tables: staging schemas, staged files, folders."""

    def rows(self, table: str, columns: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """A table's rows, sorted, null last; of all columns in order, or of some in SQL."""
        chosen = columns or [self.quoted(name) for name, _ in self.columns(table)]
        found = self.query(f"select {', '.join(chosen)} from {self.quoted(table)}")
        return sorted(found, key=_null_last)


def _null_last(row: tuple[Any, ...]) -> list[tuple[bool, Any]]:
    return [(value is None, 0 if value is None else value) for value in row]


def wait_until_read(process: subprocess.Popen[str]) -> None:
    """Wait until the command has read its input, and so begins to load."""
    assert process.stderr
    for line in process.stderr:
        if "completed processing" in line:
            return
