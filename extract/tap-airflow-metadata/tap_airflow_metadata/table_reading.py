"""The reading of one table: its jobs, and what comes of them."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial

import pyarrow as pa

from tap_airflow_metadata.query import CleaningCounts
from tap_airflow_metadata.read_transaction import ReadTransaction
from tap_airflow_metadata.side_by_side import Job
from tap_airflow_metadata.spool import Spool, SpoolFile

logger = logging.getLogger("tap-airflow-metadata")

# Counting reads an index, or looks at the rows without sending them.
_COUNTS_PER_READ = 8


class TableReading:
    """One table, to be read by one connection or by several.

    Attributes:
        found: What cleaning found in its rows.
        source_rows: Rows in the table; None if they are not counted.
        read_seconds: Time to count, read and write them, of all connections together.
        started_at: When the first job began.
        ended_at: When the last one ended.

    Args:
        name: The table.
        queries: SQL for its rows, each for some of them; none if there is no such table.
        schema: Raw shape.
        is_counted: Whether its rows are counted, too.
    """

    def __init__(
        self, name: str, queries: list[str], schema: pa.Schema, *, is_counted: bool
    ) -> None:
        self._name = name
        self._queries = queries
        self._schema = schema
        self._is_counted = is_counted and bool(queries)
        self._parts: list[SpoolFile | None] = [None for _ in queries]
        self._lock = threading.Lock()
        self._jobs_left = len(queries) + self._is_counted
        self.found = CleaningCounts()
        self.source_rows: int | None = None if queries else 0
        self.read_seconds = 0.0
        self._has_begun = False
        self.started_at = self.ended_at = datetime.now(timezone.utc)

    @property
    def files(self) -> tuple[SpoolFile, ...]:
        """The rows, once all jobs are done."""
        return tuple(part for part in self._parts if part)

    @property
    def content_hash(self) -> str | None:
        """Of all rows, None if there are none; another division into parts gives another hash."""
        hashes = [file.content_hash for file in self.files]
        if len(hashes) > 1:
            return hashlib.sha256("".join(hashes).encode()).hexdigest()
        return hashes[0] if hashes else None

    def jobs(self, spool: Spool, extracted_at: datetime, byte_count: int) -> list[Job]:
        """Return what there is to do.

        Args:
            spool: Where the rows are written.
            extracted_at: As of when they are.
            byte_count: Size of the table.
        """
        jobs = []
        if self._is_counted:
            jobs.append(Job(byte_count // _COUNTS_PER_READ, partial(self._timed, self._count)))
        for number in range(len(self._queries)):
            read = partial(self._read, number, spool, extracted_at)
            jobs.append(Job(byte_count // len(self._queries), partial(self._timed, read)))
        if not jobs:
            self._finish(0.0)
        return jobs

    def _timed(self, do: Callable[[ReadTransaction], None], transaction: ReadTransaction) -> None:
        clock = time.monotonic()
        with self._lock:
            if not self._has_begun:
                self.started_at = datetime.now(timezone.utc)
            self._has_begun = True
        do(transaction)
        with self._lock:
            self._jobs_left -= 1
            self._finish(time.monotonic() - clock)

    def _count(self, transaction: ReadTransaction) -> None:
        self.source_rows = transaction.count(self._name)

    def _read(
        self, number: int, spool: Spool, extracted_at: datetime, transaction: ReadTransaction
    ) -> None:
        found = CleaningCounts()
        name = f"{self._name}.{number}" if number else self._name
        batches = found.counted(transaction.batches(self._queries[number]))
        self._parts[number] = spool.write(name, self._schema, batches, extracted_at)
        with self._lock:
            self.found.add(found)

    def _finish(self, seconds: float) -> None:
        """Note how long a job took, and tell of the table when it was the last one."""
        self.ended_at = datetime.now(timezone.utc)
        self.read_seconds = round(self.read_seconds + seconds, 3)
        if self._jobs_left:
            return
        sent_rows = sum(file.row_count for file in self.files)
        byte_count = sum(file.byte_count for file in self.files)
        logger.info(
            "%s: %s of %s rows, %.1f MB in %.1f s",
            self._name,
            f"{sent_rows:,}",
            "uncounted" if self.source_rows is None else f"{self.source_rows:,}",
            byte_count / 1e6,
            self.read_seconds,
            # For programs: Meltano writes it into its JSON log.
            extra={
                "read": {
                    "table": self._name,
                    "source_rows": self.source_rows,
                    "sent_rows": sent_rows,
                    "bytes": byte_count,
                    "seconds": self.read_seconds,
                }
            },
        )
