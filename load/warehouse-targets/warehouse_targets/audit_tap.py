"""What our own tap sends beside what every Singer tap does; other taps load without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MANIFEST = "_sync_manifest"
"""Its last stream: a row for each table of the sync."""

ENVIRONMENT = "environment_slug"
"""Column of the manifest: the Airflow environment that was read."""

REPLAY_LAG = "replay_lag_seconds"
"""Column of the manifest: how far a standby was behind; null of a primary."""

_MODE = "x-mode"


def is_of_audit_tap(schema: Mapping[str, Any]) -> bool:
    """Return whether a SCHEMA message's JSON schema names the table's mode, as only ours does."""
    return _MODE in schema


def mode_of(schema: Mapping[str, Any], key: object) -> str:
    """Return how a table's rows arrive in the warehouse.

    Args:
        schema: JSON schema of a SCHEMA message.
        key: Key columns. Another tap's table is merged if it has some, and appended to if not.
    """
    return str(schema.get(_MODE, "merge" if key else "append"))
