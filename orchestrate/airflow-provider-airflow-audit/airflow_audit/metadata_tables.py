"""The tables of Airflow's metadata database: which versions have them, and which are read."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MetadataTable:
    """One table, as the project's catalogue describes it.

    Attributes:
        name: Its name.
        since: First Airflow version with the table; None for 2.4 or older.
        until: Last Airflow version with the table; None for the newest.
        read: ``default``, ``optional`` (only when named) or ``never``.
        reason: Why it is never read.
    """

    name: str
    since: str | None
    until: str | None
    read: str
    reason: str | None

    def exists_in(self, airflow_version: str) -> bool:
        """Return whether an Airflow version has this table."""
        version = _version_tuple(airflow_version)
        if self.since and version < _version_tuple(self.since):
            return False
        # "2.11" as the last version covers every 2.11.x.
        last = _version_tuple(self.until or "")
        return version[: len(last)] <= last

    def exclusion_reason(self, airflow_version: str) -> str | None:
        """Return why this table cannot be read from an Airflow version, None if it can."""
        if self.reason:
            return self.reason
        if self.exists_in(airflow_version):
            return None
        span = " ".join(
            f"{word} {version}"
            for word, version in (("since", self.since), ("until", self.until))
            if version
        )
        return f"Airflow {airflow_version} has no such table; Airflow had it {span}."


@functools.cache
def metadata_tables() -> dict[str, MetadataTable]:
    """Return all tables by name; `make generate` writes the file from the catalogue."""
    text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    return {name: MetadataTable(name, **facts) for name, facts in json.loads(text).items()}


def _version_tuple(version: str) -> tuple[int, ...]:
    """Return ``(3, 1, 0)`` of ``3.1.0rc1``."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
