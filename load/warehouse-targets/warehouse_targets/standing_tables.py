"""Which tables stand in the warehouse as they were sent, and so need not be loaded again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_targets.audit_tap import CONTENT_HASH, UNCHANGED_SINCE
from warehouse_targets.columns import ARROW_TYPES, DELETED_AT, EXTRACTED_AT
from warehouse_targets.parquet_file import ParquetFile
from warehouse_targets.warehouse import TableToLoad

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

COMPARED = ("mode", "is_full_read", "sent_rows", CONTENT_HASH)
"""Columns of the manifest that decide whether two syncs read the same of a table."""


@dataclass(frozen=True)
class SyncedTable:
    """A table in its latest sync, by the warehouse's manifest.

    Attributes:
        mode: How its rows arrived.
        is_full_read: Whether all its rows were read, so that those which were gone are marked.
        sent_rows: Number of rows.
        content_hash: Of the rows, None if there were none or the tap did not say.
        stands_since: The sync that loaded them.
    """

    mode: str
    is_full_read: bool
    sent_rows: int
    content_hash: str | None
    stands_since: datetime


def standing_tables(
    client: SqlClientBase[Any],
    tables: Sequence[TableToLoad],
    sent_hashes: Mapping[str, str | None],
    synced: Mapping[str, SyncedTable],
) -> dict[str, datetime]:
    """Return since which sync each table stands as it was sent, of those that do.

    By the manifest its latest sync read the same rows, and the table holds them: a load that was
    killed wrote no manifest, and a table may have been dropped or restored.

    Args:
        client: Asks the warehouse, one question for all.
        tables: What was sent, of tables that are there with all columns.
        sent_hashes: Hash of the rows of each.
        synced: What the warehouse's manifest has.
    """
    alike = [
        (table, synced[table.name].stands_since)
        for table in tables
        if table.name in synced and _is_alike(table, sent_hashes, synced[table.name])
    ]
    if not alike:
        return {}
    questions, moments = [], []
    for table, moment in alike:
        is_there = f"{DELETED_AT} is null and {EXTRACTED_AT} = %s"
        questions.append(
            f"select '{table.name}', max({EXTRACTED_AT}),"  # noqa: S608  # names are quoted
            f" count(case when {is_there} then 1 end),"
            f" count(case when {DELETED_AT} is null then 1 end)"
            f" from {client.make_qualified_table_name(table.name)}"
        )
        moments.append(moment)
    with client.execute_query(" union all ".join(questions), *moments) as answers:
        found = {name: counts for name, *counts in answers.fetchall()}
    return {
        table.name: moment for table, moment in alike if _holds(table, moment, *found[table.name])
    }


def _is_alike(
    table: TableToLoad, sent_hashes: Mapping[str, str | None], synced: SyncedTable
) -> bool:
    if not table.is_known or table.mode != synced.mode or table.row_count != synced.sent_rows:
        return False
    if table.whole_at and not synced.is_full_read:
        return False  # what is gone has not been marked yet
    if not table.row_count:
        return table.whole_at is not None
    content_hash = sent_hashes.get(table.name)
    return content_hash is not None and content_hash == synced.content_hash


def _holds(
    table: TableToLoad,
    moment: datetime,
    latest: datetime | None,
    rows_of_moment: int,
    present_rows: int,
) -> bool:
    """Return whether the table holds the rows of that sync, and nothing later."""
    if not table.row_count:
        return present_rows == 0
    return latest == moment and rows_of_moment == table.row_count


def manifest_with(
    manifest: TableToLoad, stands_since: Mapping[str, datetime]
) -> Sequence[ParquetFile]:
    """Return the manifest's files, saying of tables that stand since when they do."""
    if not stands_since:
        return manifest.files
    rows = pa.concat_tables(pq.read_table(file.path) for file in manifest.files)
    names = rows["table_name"].to_pylist()
    since = pa.array([stands_since.get(name) for name in names], ARROW_TYPES["timestamp"])
    rows = rows.drop_columns([UNCHANGED_SINCE]).append_column(UNCHANGED_SINCE, since)
    path = Path(manifest.folder / "manifest.parquet")
    pq.write_table(rows.select(list(manifest.columns)), path, compression="zstd")
    return [ParquetFile(path, rows.num_rows)]


def sent_hashes(manifest: TableToLoad) -> dict[str, str | None]:
    """Return the hash of each table's rows, by the manifest that was sent."""
    if not {CONTENT_HASH, UNCHANGED_SINCE} <= manifest.columns.keys():
        return {}
    columns = ["table_name", CONTENT_HASH]
    rows = [row for file in manifest.files for row in _rows(file.path, columns)]
    return {row["table_name"]: row[CONTENT_HASH] for row in rows}


def _rows(file: Path, columns: Collection[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(file, columns=list(columns)).to_pylist()
    return rows
