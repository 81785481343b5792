"""A line every few seconds on work that takes long, on standard error."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import click

_SECONDS = 5


class Progress:
    """Tells of tables and bytes."""

    def __init__(self, title: str) -> None:
        """Begin to measure time.

        Args:
            title: What is done, such as `Taking`.
        """
        self._title = title
        self._begun = time.monotonic()
        self._done = 0

    def table_done(self) -> None:
        """Count a table."""
        self._done += 1

    @contextlib.contextmanager
    def over(self, tables: int, size: Callable[[], int] | None = None) -> Iterator[None]:
        """Tell of the work of the block.

        Args:
            tables: How many there are.
            size: Gives the bytes written so far.
        """
        self._done = 0
        ended = threading.Event()
        teller = threading.Thread(target=self._tell, args=(tables, size, ended), daemon=True)
        teller.start()
        try:
            yield
        finally:
            ended.set()
            teller.join()

    def _tell(self, tables: int, size: Callable[[], int] | None, ended: threading.Event) -> None:
        while not ended.wait(_SECONDS):
            seconds = time.monotonic() - self._begun
            written = f", {size() / 1e6:,.0f} MB written" if size else ""
            click.echo(
                f"{self._title}: {self._done} of {tables} tables counted{written}, {seconds:.0f} s",
                err=True,
            )

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell that something is done that has no parts to count."""
        begun = time.monotonic()
        click.echo(f"{title} …", err=True)
        yield
        click.echo(f"{title}: {time.monotonic() - begun:.1f} s", err=True)
