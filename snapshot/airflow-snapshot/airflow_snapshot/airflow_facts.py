"""Facts about Airflow; airflow_facts.json is generated from the tap's catalogue."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from functools import cache
from importlib import resources
from shutil import which
from typing import Any

from airflow_snapshot.errors import RefusedError, SnapshotSettingsError

# The final states: any other is unfinished, also one that a newer Airflow adds, such as the
# `awaiting_input` of 3.3.
FINAL_RUN_STATES = ("success", "failed")
FINAL_TASK_STATES = ("success", "failed", "skipped", "upstream_failed", "removed")

_SECONDS_FOR_AIRFLOW = 120


@cache
def _facts() -> dict[str, Any]:
    file = resources.files("airflow_snapshot") / "airflow_facts.json"
    facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return facts


def airflow_version(revision: str | None) -> str | None:
    """Return the first Airflow release with this schema revision, None if unknown."""
    version: str | None = _facts()["revisions"].get(revision)
    return version


def kept_columns() -> dict[str, list[str]]:
    """Return the columns that a snapshot without secrets keeps, by table; others are emptied."""
    columns: dict[str, list[str]] = _facts()["kept_columns"]
    return columns


def cleaned_columns() -> dict[str, dict[str, str]]:
    """Return SQL of the part of such a column that is kept, by table and column."""
    columns: dict[str, dict[str, str]] = _facts()["cleaned_columns"]
    return columns


def secret_columns() -> dict[str, list[str]]:
    """Return the columns that hold or may hold secrets, by table."""
    columns: dict[str, list[str]] = _facts()["secret_columns"]
    return columns


def has_to_migrate(source_version: str, target_version: str) -> bool:
    """Return whether a database of one release has to be migrated for another.

    Args:
        source_version: First release with the schema of the database.
        target_version: Release that will use it.

    Raises:
        RefusedError: The database is of a newer release.
        SnapshotSettingsError: The version cannot be read.
    """
    target = _schema_since(_version_tuple(target_version))
    source = _version_tuple(source_version)
    if source > target:
        msg = (
            f"The snapshot is of Airflow {source_version} or newer, and the new environment runs"
            f" {target_version}. Airflow cannot use a newer database: install {source_version}"
            " or newer there"
        )
        raise RefusedError(msg)
    return source < target


def _schema_since(version: tuple[int, ...]) -> tuple[int, ...]:
    """Return the first release with the schema of a release; of an unknown newer one, itself."""
    known = [_version_tuple(first) for first in _facts()["revisions"].values()]
    if version[:2] > max(known)[:2]:
        return version
    return max((first for first in known if first <= version), default=version)


def _version_tuple(version: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    if not found:
        msg = f"{version!r} is no version of Airflow, such as 2.11.0"
        raise SnapshotSettingsError(msg)
    return tuple(int(part or 0) for part in found.groups())


def installed_airflow_version() -> str | None:
    """Return the version of the `airflow` on the PATH; None if there is none or it does not say."""
    airflow = which("airflow")
    if not airflow:
        return None
    # Airflow writes a configuration into its home when it has none.
    with tempfile.TemporaryDirectory() as home:
        try:
            done = subprocess.run(
                [airflow, "version"],
                env=os.environ | {"AIRFLOW_HOME": home},
                capture_output=True,
                text=True,
                timeout=_SECONDS_FOR_AIRFLOW,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    lines = [line for line in done.stdout.splitlines() if re.fullmatch(r"\d+\.\d+\.\d+\S*", line)]
    return lines[-1] if done.returncode == 0 and lines else None
