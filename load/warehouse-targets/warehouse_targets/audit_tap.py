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

CONTENT_HASH = "content_hash"
"""Column of the manifest: equal hashes are equal rows of equal columns."""

UNCHANGED_SINCE = "unchanged_since_at"
"""Column of the manifest, which the loader fills: the sync whose rows stand for those of this."""

_MODE, _KNOWN = "x-mode", "x-known"


def is_of_audit_tap(schema: Mapping[str, Any]) -> bool:
    """Return whether a SCHEMA message's JSON schema names the table's mode, as only ours does."""
    return _MODE in schema


def is_known(schema: Mapping[str, Any]) -> bool:
    """Return whether the tap's state says that the table was loaded before, read in the same way.

    If not, as with a full refresh, it is loaded whatever the warehouse holds.
    """
    return bool(schema.get(_KNOWN))


def mode_of(schema: Mapping[str, Any], key: object) -> str:
    """Return how a table's rows arrive in the warehouse.

    Args:
        schema: JSON schema of a SCHEMA message.
        key: Key columns. Another tap's table is merged if it has some, and appended to if not.
    """
    return str(schema.get(_MODE, "merge" if key else "append"))
