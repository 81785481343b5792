"""What neutralising a copy changed, in words and numbers, without any secret value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class AppliedChange:
    """What one statement did.

    Attributes:
        sentence: What was done, in the past tense: "paused every DAG".
        table: The changed table.
        rows: How many rows it changed.
    """

    sentence: str
    table: str
    rows: int


@dataclass(frozen=True)
class Report:
    """What neutralising a copy changed, and what the user has to look at.

    Attributes:
        changes: In order, with those that changed no row.
        emptied: Names of connections and variables whose encrypted values no key reads.
        connections: Names of connections that still lead to the old environment.
        variables: Names of variables that still name something of the old environment.
        dry_run: Whether everything was rolled back.
    """

    changes: tuple[AppliedChange, ...]
    emptied: tuple[str, ...]
    connections: tuple[str, ...]
    variables: tuple[str, ...]
    dry_run: bool

    def lines(self) -> Iterator[str]:
        """Yield the lines to print."""
        would = "would have " if self.dry_run else ""
        for change in self.changes:
            if change.rows:
                yield f"{would}{change.sentence} ({change.table}: {change.rows})"
        if not any(change.rows for change in self.changes):
            yield "nothing to change"
        yield from _listed(
            f"{would}emptied, because no key that reads them was given:", self.emptied
        )
        yield from _listed(
            "connections that still lead to a host or account of the old environment:",
            self.connections,
        )
        yield from _listed(
            "variables that still name a host or account of the old environment:", self.variables
        )
        if self.dry_run:
            yield "dry run: nothing was changed"


def _listed(heading: str, names: tuple[str, ...]) -> Iterator[str]:
    if names:
        yield heading
        yield from (f"  {name}" for name in names)
