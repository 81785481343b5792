"""Connections that read side by side, all in the moment of the first one."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from tap_airflow_metadata.errors import TapError
from tap_airflow_metadata.read_transaction import ReadTransaction, SharedSnapshot
from tap_airflow_metadata.settings import Settings

logger = logging.getLogger("tap-airflow-metadata")

# Less is read before another connection is open, and not worth a file of its own.
LEAST_SHARE_BYTES = 32 * 2**20
# How often a query is cancelled anew, because it may have begun just after it was cancelled.
_CANCEL_EVERY_SECONDS = 0.2
# How long, after the end, an attempt to connect may take to notice that it came too late.
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Job:
    """A piece of the reading.

    Attributes:
        byte_count: How much of the server's disk it reads, about.
        run: Does it, with one of the connections.
    """

    byte_count: int
    run: Callable[[ReadTransaction], None]


class SideBySide:
    """Connections that share the jobs of a sync; a context manager, they end with the block.

    The first one begins alone and never waits for others. These are opened meanwhile, all or none:
    where one is refused, as by the limit of a role, or comes too late, as behind a pooler that has
    no more, or would see something else, as behind one that leads to several servers, the first one
    does everything, and a log line says why.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.first = ReadTransaction(settings)
        self._working: list[ReadTransaction] = []
        self._jobs: deque[Job] = deque()
        self._error: BaseException | None = None
        self._is_over = self._is_refused = False
        self._lock = threading.Lock()
        self._opener: threading.Thread | None = None

    def __enter__(self) -> SideBySide:  # noqa: PYI034  (Self needs 3.11)
        """Open the first connection; see :class:`ReadTransaction`."""
        self.first.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """End all transactions."""
        self.first.__exit__()
        if self._opener:
            # What waits in a pooler's queue gets its turn now, finds no snapshot, and goes.
            self._opener.join(_PATIENCE_SECONDS)

    def run(self, jobs: Iterable[Job]) -> None:
        """Do all jobs, the largest first if there are several connections, else in their order.

        Raises:
            TapError: The first error of any of them; the others were cancelled.
        """
        jobs = list(jobs)
        byte_count = sum(job.byte_count for job in jobs)
        further = min(self._settings.connections, byte_count // LEAST_SHARE_BYTES) - 1
        if further < 1:
            for job in jobs:
                job.run(self.first)
            return
        self._jobs.extend(sorted(jobs, key=lambda job: -job.byte_count))
        self._working.append(self.first)
        first = threading.Thread(target=self._work, args=[self.first], daemon=True)
        # Python waits for no daemon at its end: an attempt to connect cannot be cancelled.
        self._opener = threading.Thread(
            target=self._join_in, args=[self.first.share(), further], daemon=True
        )
        self._opener.start()
        first.start()
        started = time.monotonic()
        self._wait(first)
        with self._lock:
            self._is_over = True
        if len(self._working) > 1:
            self._wait(self._opener)
        elif not (self._is_refused or self._error):
            seconds = time.monotonic() - started
            logger.warning(
                "One connection read everything: connections is %s, but no other one was given"
                " within %.1f seconds. A pooler may have no more of them",
                self._settings.connections,
                seconds,
            )
        if self._error:
            raise self._error

    def _work(self, transaction: ReadTransaction) -> None:
        try:
            while not self._error:
                with self._lock:
                    if not self._jobs:
                        return
                    job = self._jobs.popleft()
                job.run(transaction)
        except BaseException as error:  # noqa: BLE001  (raised in the thread that waits)
            self._error = self._error or error

    def _join_in(self, shared: SharedSnapshot, further: int) -> None:
        """Open the further connections, and work with them."""
        try:
            with ExitStack() as opened:
                transactions = [
                    opened.enter_context(ReadTransaction(self._settings, shared))
                    for _ in range(further)
                ]
                with self._lock:
                    if self._is_over:
                        return
                    self._working.extend(transactions)
                with ThreadPoolExecutor(further) as threads:
                    list(threads.map(self._work, transactions))
        except TapError as error:
            with self._lock:
                self._is_refused = not self._is_over
            if self._is_refused:
                logger.warning("One connection reads everything. Another one failed: %s", error)

    def _wait(self, thread: threading.Thread) -> None:
        """Wait for a thread; after an error, or an interruption, cancel what still runs."""
        while thread.is_alive():
            try:
                thread.join(_CANCEL_EVERY_SECONDS)
            except BaseException as error:  # noqa: BLE001  (raised when all is cancelled)
                self._error = self._error or error
            if self._error:
                for transaction in self._working:
                    transaction.cancel()
