"""Transactions that were open in the moment of a sync, and how far back the next one has to read.

A row carries the time at which it was changed, and is seen once its transaction commits. So what a
transaction had changed that was still open in the moment of a sync may carry any time since that
transaction began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

# Everybody sees which transactions of others have written, as those have an id; since when one is
# open is hidden from a login without pg_read_all_stats, but for its own role's, and unknown of a
# prepared one and of a session without track_activities.
ACTIVITY_SQL = """
    select backend_xid::text::bigint, xact_start,
        query = '<insufficient privilege>' or state = 'disabled'
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
        and coalesce(backend_type, '') <> 'autovacuum worker'
    union all
    select transaction::text::bigint, null, true
    from pg_prepared_xacts
    where database = current_database()
"""
# The names that PostgreSQL 12 knows too.
SNAPSHOT_SQL = """
    select txid_snapshot_xmin(snapshot), txid_snapshot_xmax(snapshot)
    from txid_current_snapshot() as snapshot
"""
_EPOCH = 2**32


@dataclass(frozen=True)
class OpenTransactions:
    """The transactions of others that were open in a moment.

    Attributes:
        seen: Which of them are known: ``all``, with the time each began; ``writing``, those that
            had written, by their ids alone; ``none``, of a restored snapshot.
        oldest_began_at: When the oldest began; None if there was none, or if only ids are known.
        oldest_id: Smallest id of those that had written; None if there was none.
        next_id: A transaction that first writes after the moment has this id or a larger one.
    """

    seen: Literal["all", "writing", "none"]
    oldest_began_at: datetime | None = None
    oldest_id: int | None = None
    next_id: int | None = None

    def read_from(self, moment: datetime, last: Mapping[str, Any]) -> datetime | None:
        """Return a time before which no row changed that this sync could not see.

        Args:
            moment: The moment of this sync.
            last: Bookmark of the sync before, of the same database; empty if there is none.

        Returns:
            Where the next sync has to begin, but for the lookback; None if it cannot be told.
        """
        if self.seen == "all":
            return min(moment, self.oldest_began_at or moment)
        if self.oldest_id is None:
            return moment
        if not last.get("next_transaction"):
            return None
        # Either all of them first wrote after the last moment, or one is from before it.
        is_later = self.oldest_id >= last["next_transaction"]
        known = last["synced_until"] if is_later else last["read_from"]
        return datetime.fromisoformat(known) if known else None


def on_standby(xmin: int, xmax: int) -> OpenTransactions:
    """Return what a standby knows of its primary's: the snapshot's limits."""
    return OpenTransactions("writing", oldest_id=xmin if xmin < xmax else None, next_id=xmax)


def on_primary(
    activity: Iterable[tuple[int | None, datetime | None, bool | None]], xmax: int
) -> OpenTransactions:
    """Return what a primary tells.

    Args:
        activity: Rows of ``ACTIVITY_SQL``, read before the moment's snapshot was taken.
        xmax: Of that snapshot.
    """
    activity = list(activity)
    ids = [_with_epoch(number, xmax) for number, _, _ in activity if number is not None]
    starts = [began_at for _, began_at, _ in activity if began_at is not None]
    is_all = not any(is_hidden for _, _, is_hidden in activity)
    return OpenTransactions(
        seen="all" if is_all else "writing",
        oldest_began_at=min(starts, default=None) if is_all else None,
        oldest_id=min(ids, default=None),
        # The snapshot ends behind the last transaction that is over; open ones may have later ids.
        next_id=max([xmax, *(number + 1 for number in ids)]),
    )


def _with_epoch(xid: int, near: int) -> int:
    """Return a transaction's id in 64 bits, given 32 of them and an id that is near it."""
    return near + (xid - near + _EPOCH // 2) % _EPOCH - _EPOCH // 2
