"""Transactions that are open during a sync, and how far back the next sync has to read.

A row carries the time of its change, but is visible only when its transaction commits. So changes
by a transaction that was still open may carry any time since that transaction began.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

# Every login sees the ids of transactions that have written. When one began is hidden from a login
# without pg_read_all_stats, except for its own role's, and unknown of prepared transactions and of
# sessions without track_activities.
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
# By the names that PostgreSQL 12 knows too.
SNAPSHOT_SQL = """
    select txid_snapshot_xmin(snapshot), txid_snapshot_xmax(snapshot)
    from txid_current_snapshot() as snapshot
"""
_EPOCH = 2**32


@dataclass(frozen=True)
class OpenTransactions:
    """The transactions of others that were open during a sync.

    Attributes:
        seen: Which of them are known: ``all``, with the time each began; ``writing``, those that
            had written, by their ids alone; ``none``, of a restored snapshot.
        oldest_began_at: When the oldest began; None if there was none, or if only ids are known.
        oldest_id: Smallest id of those that had written; None if there was none.
        next_id: A transaction that first writes afterwards has this id or a larger one.
    """

    seen: Literal["all", "writing", "none"]
    oldest_began_at: datetime | None = None
    oldest_id: int | None = None
    next_id: int | None = None

    def read_from(self, moment: datetime, last: Mapping[str, Any]) -> datetime | None:
        """Return a time that no change is older than which this sync could not see.

        Args:
            moment: ``extracted_at`` of this sync.
            last: Bookmark of the previous sync of the same database; empty if there is none.

        Returns:
            Where the next sync has to begin, before the lookback; None if unknown.
        """
        if self.seen == "all":
            return min(moment, self.oldest_began_at or moment)
        if self.oldest_id is None:
            return moment
        if not last.get("next_transaction"):
            return None
        # Either all of them first wrote after the previous sync, or one wrote before it.
        is_later = self.oldest_id >= last["next_transaction"]
        known = last["synced_until"] if is_later else last["read_from"]
        return datetime.fromisoformat(known) if known else None


def on_standby(xmin: int, xmax: int) -> OpenTransactions:
    """Return what a standby knows of its primary's transactions: the snapshot's limits."""
    return OpenTransactions("writing", oldest_id=xmin if xmin < xmax else None, next_id=xmax)


def on_primary(
    activity: Iterable[tuple[int | None, datetime | None, bool | None]], xmax: int
) -> OpenTransactions:
    """Return the open transactions of a primary.

    Args:
        activity: Rows of ``ACTIVITY_SQL``, read before the snapshot of the sync.
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
        # The snapshot ends after the last finished transaction; open ones may have larger ids.
        next_id=max([xmax, *(number + 1 for number in ids)]),
    )


def _with_epoch(xid: int, near: int) -> int:
    """Return a transaction's 64-bit id, given its lower 32 bits and an id near it."""
    return near + (xid - near + _EPOCH // 2) % _EPOCH - _EPOCH // 2
