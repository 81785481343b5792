"""Progress of long work: a line on standard error every few seconds."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import click

_SECONDS = 10


class Progress:
    """Reports tables and bytes."""

    def __init__(self, title: str) -> None:
        """Start the clock.

        Args:
            title: The work, such as `Taking`.
        """
        self._title = title
        self._started = time.monotonic()
        self._done = 0

    def table_done(self) -> None:
        """Count a table as done."""
        self._done += 1

    @contextlib.contextmanager
    def over(self, tables: int, size: Callable[[], int] | None = None) -> Iterator[None]:
        """Report on the block.

        Args:
            tables: How many there are.
            size: Returns the bytes written so far.
        """
        self._done = 0

        def status() -> str:
            written = f", {size() / 1e6:,.0f} MB written" if size else ""
            return f"{self._title}: {self._done} of {tables} tables counted{written}"

        with _reporting(status, self._started):
            yield

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Report on a block that has no parts to count."""
        started = time.monotonic()
        click.echo(f"{title} …", err=True)
        with _reporting(lambda: f"{title} …", started):
            yield
        click.echo(f"{title}: {time.monotonic() - started:.1f} s", err=True)


@contextlib.contextmanager
def _reporting(status: Callable[[], str], started: float) -> Iterator[None]:
    """Print the status and the seconds so far, every few seconds."""
    ended = threading.Event()

    def report() -> None:
        while not ended.wait(_SECONDS):
            click.echo(f"{status()}, {time.monotonic() - started:.0f} s", err=True)

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()
