"""Staging schemas in a warehouse that several loads may use at once, each with one of its own."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

# No load takes this long: anything older was left by a killed one.
_OLDEST = timedelta(days=1)
_TIME_FORMAT = "%Y%m%dt%H%M%S"


def new_staging_layout() -> str:
    """Return the pattern of this load's staging schema, with ``%s`` for the schema's name."""
    now = datetime.now(timezone.utc)
    return f"%s__loading_{now.strftime(_TIME_FORMAT)}_{secrets.token_hex(4)}"


def leftover_schemas(names: Iterable[str], schema_name: str) -> list[str]:
    """Return which of a warehouse's schemas killed loads left.

    Args:
        names: Of all schemas, in any case.
        schema_name: The schema that was loaded.
    """
    made = re.compile(
        rf"{re.escape(schema_name)}__loading_(\d{{8}}t\d{{6}})_[0-9a-f]+", re.IGNORECASE
    )
    oldest = datetime.now(timezone.utc) - _OLDEST
    found = []
    for name in names:
        if match := made.fullmatch(name):
            begun = datetime.strptime(match[1].lower(), _TIME_FORMAT).replace(tzinfo=timezone.utc)
            if begun < oldest:
                found.append(name)
    return found
