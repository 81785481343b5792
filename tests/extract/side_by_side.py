"""Makes small tables worth several connections, and holds these so that each has its part."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from tap_airflow_metadata import side_by_side, sync
from tap_airflow_metadata.read_transaction import ReadTransaction, SharedSnapshot
from tests.real_airflow.postgres import execute

_PATIENCE_SECONDS = 30


def make_small_tables_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read tables of a few pages by several connections, and in parts."""
    monkeypatch.setattr(sync, "LEAST_SHARE_BYTES", 8192)
    monkeypatch.setattr(side_by_side, "LEAST_SHARE_BYTES", 8192)


class Gathering:
    """Begins to read only when a number of connections are there, each with a table.

    Attributes:
        backends: Connections of the database's readers, when all were there; 0 before.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, url: str, connections: int) -> None:
        make_small_tables_worth_it(monkeypatch)
        self._url = url
        self._barrier = threading.Barrier(connections, self._count, _PATIENCE_SECONDS)
        self._came: set[ReadTransaction] = set()
        self.backends = 0
        batches = ReadTransaction.batches

        def read_together(transaction: ReadTransaction, sql: str) -> Iterator[pa.RecordBatch]:
            if transaction not in self._came:
                self._came.add(transaction)
                self._barrier.wait()
            yield from batches(transaction, sql)

        monkeypatch.setattr(ReadTransaction, "batches", read_together)

    def _count(self) -> None:
        query = (
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and backend_type = 'client backend' and state like 'idle in transaction%'"
        )
        self.backends = execute(self._url, query).fetchone()[0]


def meanwhile(monkeypatch: pytest.MonkeyPatch, url: str, *statements: str) -> None:
    """Change the database when the first connection's moment is fixed, before there are others."""
    share = ReadTransaction.share

    def share_and_change(transaction: ReadTransaction) -> SharedSnapshot:
        shared = share(transaction)
        execute(url, *statements)
        return shared

    monkeypatch.setattr(ReadTransaction, "share", share_and_change)


def let_the_first_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first connection begin when the others have failed to open."""
    make_small_tables_worth_it(monkeypatch)
    known = threading.Event()
    work, join_in = side_by_side.SideBySide._work, side_by_side.SideBySide._join_in

    def wait_and_work(connections: side_by_side.SideBySide, transaction: ReadTransaction) -> None:
        assert known.wait(_PATIENCE_SECONDS)
        work(connections, transaction)

    def join_and_tell(connections: side_by_side.SideBySide, *arguments: Any) -> None:
        try:
            join_in(connections, *arguments)
        finally:
            known.set()

    monkeypatch.setattr(side_by_side.SideBySide, "_work", wait_and_work)
    monkeypatch.setattr(side_by_side.SideBySide, "_join_in", join_and_tell)
