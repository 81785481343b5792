"""The demo's present, and chance that falls the same way in every build."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

NOW = datetime(2026, 11, 13, 6, 20, tzinfo=timezone.utc)
"""The demo's present, at which both databases are as if copied last."""

EARLIER = datetime(2026, 10, 1, 6, 20, tzinfo=timezone.utc)
"""The moment of the copies before."""

DAYS_OF_HISTORY = 90
SINCE = NOW.replace(hour=0, minute=0) - timedelta(days=DAYS_OF_HISTORY)
"""Midnight (UTC) at which the history of runs begins."""


def dice(*names: object) -> random.Random:
    """A generator of its own for one subject, so that one change in the company moves nothing else.

    Args:
        names: What the chance is about, such as a DAG, a run and a task.
    """
    return random.Random("/".join(map(str, names)))
