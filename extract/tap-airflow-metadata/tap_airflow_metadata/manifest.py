"""The sync manifest: rows counted at the source and rows sent, one row per table."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from tap_airflow_metadata.catalogue import ChangeTracking, Column, Table

# Described like a table of Airflow's, so that everything generated from the catalogue has it too.
MANIFEST = Table(
    name="_sync_manifest",
    description="One table in one sync: rows at the source in that moment, and rows sent.",
    read="default",
    reason=None,
    since=None,
    until=None,
    key=(("sync_id", "table_name"),),
    change=ChangeTracking(columns=("started_at",)),
    columns={
        column.name: column
        for column in (
            Column("sync_id", "text"),
            Column("table_name", "text"),
            Column("environment_slug", "text"),
            Column("mode", "text"),
            Column("is_full_read", "boolean"),
            Column("is_table_at_source", "boolean"),
            Column("source_rows", "integer"),
            Column("sent_rows", "integer"),
            Column("cleaned_rows", "integer"),
            Column("unknown_rows", "integer"),
            Column("file_count", "integer"),
            Column("byte_count", "integer"),
            Column("content_hash", "text"),
            Column("unchanged_since_at", "timestamp"),
            Column("read_seconds", "number"),
            Column("airflow_version", "text"),
            Column("alembic_revision", "text"),
            Column("postgres_version", "text"),
            Column("replay_lag_seconds", "number"),
            Column("transactions_seen", "text"),
            Column("oldest_transaction_at", "timestamp"),
            Column("pii", "text"),
            Column("withheld_columns", "json"),
            Column("started_at", "timestamp"),
            Column("ended_at", "timestamp"),
        )
    },
)


@dataclass(frozen=True)
class ManifestRow:
    """One row of ``_sync_manifest``.

    Attributes:
        sync_id: The same for every table of one sync.
        table_name: Airflow's table.
        environment_slug: Airflow environment.
        mode: ``merge``, ``mirror`` or ``append``.
        is_full_read: Whether all rows were read, not only changed ones.
        is_table_at_source: False if this Airflow version has no such table.
        source_rows: Rows of the table at the source; null if they were not counted.
        sent_rows: Rows read and sent.
        cleaned_rows: Rows with something cut out, because it is not known to be harmless.
        unknown_rows: Rows with something cut out that no rule knows.
        file_count: Parquet files.
        byte_count: Their size.
        content_hash: Of the rows that were read, null if there are none. Equal hashes are equal
            rows of equal columns.
        unchanged_since_at: Left to a loader that does not load again what the warehouse holds: the
            sync whose rows stand for those of this one. Null if the rows of this one were loaded.
        read_seconds: Time to count, read and write them, of all connections together.
        airflow_version: First release with the database's schema, null if unknown.
        alembic_revision: The database's schema revision.
        postgres_version: The server's version.
        replay_lag_seconds: Age of the last transaction that a standby had replayed; null of a
            primary and of a snapshot.
        transactions_seen: Which open transactions of others the login could see: ``all``, with the
            time each began, ``writing`` or ``none``.
        oldest_transaction_at: When the oldest of them began; null if there was none, or if the
            login cannot see it.
        pii: Setting for personal data.
        withheld_columns: Columns that the table has and that were not read, as JSON.
        started_at: When reading the table began.
        ended_at: When it ended.
    """

    sync_id: str
    table_name: str
    environment_slug: str
    mode: str
    is_full_read: bool
    is_table_at_source: bool
    source_rows: int | None
    sent_rows: int
    cleaned_rows: int
    unknown_rows: int
    file_count: int
    byte_count: int
    content_hash: str | None
    read_seconds: float
    airflow_version: str | None
    alembic_revision: str | None
    postgres_version: str
    replay_lag_seconds: float | None
    transactions_seen: str
    oldest_transaction_at: datetime | None
    pii: str
    withheld_columns: tuple[str, ...]
    started_at: datetime
    ended_at: datetime
    unchanged_since_at: datetime | None = None


def record_batch(rows: list[ManifestRow]) -> pa.RecordBatch:
    """Return the rows as one Arrow batch."""
    records = [
        dataclasses.asdict(row) | {"withheld_columns": json.dumps(row.withheld_columns)}
        for row in rows
    ]
    return pa.RecordBatch.from_pylist(records)
