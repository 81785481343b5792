"""The check of a staged sync: its messages, files and manifest must agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa
import pyarrow.parquet as pq

from tap_airflow_metadata.errors import StagedFilesError
from tap_airflow_metadata.manifest import MANIFEST
from tap_airflow_metadata.raw_shape import EXTRACTED_AT


@dataclass(frozen=True)
class StagedTable:
    """The staged rows of one table.

    Attributes:
        table: Its name.
        is_table_at_source: False if this Airflow has no such table.
        is_full_read: Whether all rows were read, not only changed ones.
        source_rows: Rows of the table at the source; None if they were not counted.
        staged_rows: Rows in its files.
        staged_bytes: Size of its files.
        extracted_at: As of when the rows are, ISO 8601, UTC.
    """

    table: str
    is_table_at_source: bool
    is_full_read: bool
    source_rows: int | None
    staged_rows: int
    staged_bytes: int
    extracted_at: str


@dataclass
class _Files:
    """The files of one stream, as found on disk."""

    row_count: int = 0
    byte_count: int = 0
    file_count: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, path: Path) -> None:
        self.file_count += 1
        try:
            self.byte_count += path.stat().st_size
            with pq.ParquetFile(path) as file:
                self.row_count += file.metadata.num_rows
        except FileNotFoundError:
            self.problems.append(f"the file {path} is not there")
        except (pa.ArrowException, OSError) as error:
            self.problems.append(f"the file {path} is no readable Parquet ({error})")


def check_messages(messages: Path) -> list[StagedTable]:
    """Compare the files that a sync's messages name with its manifest.

    Args:
        messages: File with the messages, one JSON object a line.

    Returns:
        One entry per table, in the order of the messages.

    Raises:
        StagedFilesError: They differ; the message names the tables and the numbers.
    """
    streams, manifest_file = _streams(messages)
    manifest = {row["table_name"]: row for row in _manifest_rows(manifest_file)}
    problems = [
        problem for name, files in streams.items() for problem in _problems(name, files, manifest)
    ]
    problems += [
        f"{name}: in the manifest, not in the messages" for name in manifest.keys() - streams
    ]
    if problems:
        msg = f"What was staged is not whole. {'; '.join(problems)}. Nothing of it may be loaded"
        raise StagedFilesError(msg)
    return [
        StagedTable(
            table=name,
            is_table_at_source=manifest[name]["is_table_at_source"],
            is_full_read=manifest[name]["is_full_read"],
            source_rows=manifest[name]["source_rows"],
            staged_rows=files.row_count,
            staged_bytes=files.byte_count,
            extracted_at=manifest[name][EXTRACTED_AT].isoformat(),
        )
        for name, files in streams.items()
    ]


def _streams(messages: Path) -> tuple[dict[str, _Files], Path]:
    """Return the files of each table, and the file of the manifest."""
    streams: dict[str, _Files] = {}
    manifest: Path | None = None
    is_complete = False
    for message in _parsed(messages):
        kind, name = message.get("type"), message.get("stream", "")
        is_complete = kind == "STATE"
        if kind == "SCHEMA" and name != MANIFEST.name:
            streams[name] = _Files()
        elif kind == "BATCH":
            for url in message["manifest"]:
                path = Path(url2pathname(urlsplit(url).path))
                if name == MANIFEST.name:
                    manifest = path
                else:
                    streams[name].add(path)
    if not is_complete or manifest is None:
        msg = (
            f"{messages} does not end with a STATE message after a manifest, so its sync is not"
            " complete, or it sent records in place of files. Stage the tables again"
        )
        raise StagedFilesError(msg)
    return streams, manifest


def _parsed(messages: Path) -> Iterator[dict[str, Any]]:
    try:
        with messages.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, ValueError) as error:
        msg = f"{messages} cannot be read as Singer messages: {error}"
        raise StagedFilesError(msg) from None


def _manifest_rows(file: Path) -> list[dict[str, Any]]:
    try:
        rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    except (pa.ArrowException, OSError) as error:
        msg = f"The manifest of the sync cannot be read: {error}. Stage the tables again"
        raise StagedFilesError(msg) from None
    return rows


def _problems(name: str, files: _Files, manifest: dict[str, dict[str, Any]]) -> Iterator[str]:
    row = manifest.get(name)
    if row is None:
        yield f"{name}: in the messages, not in the manifest"
        return
    for what, found, wanted in (
        ("files", files.file_count, row["file_count"]),
        ("bytes", files.byte_count, row["byte_count"]),
        ("rows", files.row_count, row["sent_rows"]),
    ):
        if found != wanted:
            yield f"{name}: {found:,} {what} are staged, {wanted:,} were read"
    yield from (f"{name}: {problem}" for problem in files.problems)
    if row["is_full_read"] and row["source_rows"] != row["sent_rows"]:
        yield f"{name}: {row['source_rows']:,} rows at the source, {row['sent_rows']:,} were read"
