"""The state of each table: of which moment it is, and where its next read begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tap_airflow_metadata.catalogue import Table
from tap_airflow_metadata.errors import LaggingStandbyError, OlderSourceError
from tap_airflow_metadata.read_transaction import SourceIdentity
from tap_airflow_metadata.settings import Settings


class Bookmarks:
    """What the last completed sync of each table left.

    Args:
        settings: What is read.
        state: Bookmark of each stream. ``synced_until`` is the moment of the sync and
            ``selection`` the fingerprint of what was read; ``read_from`` and ``next_transaction``
            are those of :class:`OpenTransactions`, and an older version of this tap left none.
    """

    def __init__(self, settings: Settings, state: Mapping[str, Mapping[str, Any]]) -> None:
        self._settings = settings
        self._state = state

    def require_not_older(self, tables: Iterable[Table], identity: SourceIdentity) -> None:
        """Raise an error if a table was synced in a later moment: its rows would become older.

        Raises:
            OlderSourceError: It was, and the database stays as old as it is.
            LaggingStandbyError: It was, and the standby may catch up.
        """
        moments = [last for table in tables if (last := self._last_moment(table))]
        if not moments or identity.extracted_at >= max(moments):
            return
        is_as_of, was_as_of = identity.extracted_at.isoformat(), max(moments).isoformat()
        if identity.replay_lag_seconds is not None:
            msg = (
                f"The standby has replayed what was committed until {is_as_of}, but what is in the"
                f" warehouse is as of {was_as_of}: it has not yet replayed what was synced before."
                " Try again later; if that does not help, see whether it still replays, or read"
                " the primary"
            )
            raise LaggingStandbyError(msg)
        msg = (
            f"The database is as of {is_as_of}, but what is in the warehouse is as of {was_as_of}:"
            " older rows would take the place of newer ones. Of a snapshot, take a newer one, or"
            " sync this one under another ENVIRONMENT_SLUG to have it beside; of any other"
            " database, set its server's clock"
        )
        raise OlderSourceError(msg)

    def since(self, table: Table, selection: str, identity: SourceIdentity) -> datetime | None:
        """Return the moment since which changes are read, None for a full read.

        A snapshot that is synced once more is read whole: in mode append the rows of a moment
        replace those of the same moment, and whoever counts the rows of a moment finds them all.
        """
        bookmark = self._state.get(table.name, {})
        last = self._last_moment(table)
        if self._settings.mode == "mirror" or table.change is None:
            return None
        if bookmark.get("selection") != selection or last in (None, identity.extracted_at):
            return None
        read_from = bookmark.get("read_from", bookmark["synced_until"])
        if read_from is None:
            return None
        lookback = timedelta(seconds=self._settings.lookback_seconds)
        return datetime.fromisoformat(read_from) - lookback

    def next(self, table: Table, selection: str, identity: SourceIdentity) -> dict[str, Any]:
        """Return the state of a table once this sync is loaded."""
        last = self._state.get(table.name, {})
        if last.get("selection") != selection:
            last = {}  # maybe of another database, with transactions of its own
        read_from = identity.transactions.read_from(identity.extracted_at, last)
        return {
            "synced_until": identity.extracted_at.isoformat(),
            "read_from": read_from.isoformat() if read_from else None,
            "next_transaction": identity.transactions.next_id,
            "selection": selection,
        }

    def _last_moment(self, table: Table) -> datetime | None:
        """Return the moment of the last sync of a table, None if there was none."""
        synced_until = self._state.get(table.name, {}).get("synced_until")
        return datetime.fromisoformat(synced_until) if synced_until else None
