"""The state of each table: as of when it was read, and where the next read begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tap_airflow_metadata.catalogue import Table
from tap_airflow_metadata.errors import LaggingStandbyError, OlderSourceError
from tap_airflow_metadata.read_transaction import SourceIdentity
from tap_airflow_metadata.settings import Settings


class Bookmarks:
    """The bookmarks of the last completed sync of each table.

    Args:
        settings: What to read.
        state: Bookmark by stream. ``synced_until`` is the ``extracted_at`` of the sync and
            ``selection`` the fingerprint of what was read; ``read_from`` and ``next_transaction``
            come from :class:`OpenTransactions`, and older versions of this tap did not write them.
    """

    def __init__(self, settings: Settings, state: Mapping[str, Mapping[str, Any]]) -> None:
        self._settings = settings
        self._state = state

    def require_not_older(self, tables: Iterable[Table], identity: SourceIdentity) -> None:
        """Raise an error if a table was synced as of later, so that older rows would replace newer.

        Raises:
            OlderSourceError: It was, and the database will not catch up.
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
        """Return since when changes are read, None for a full read.

        A snapshot that is synced again is read in full: in mode append its rows replace those of
        the same ``extracted_at``, of which all have to be there to be counted.
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

    def is_known(self, table: Table, selection: str) -> bool:
        """Return whether the last completed sync read the table, in the same way."""
        return self._state.get(table.name, {}).get("selection") == selection

    def next(self, table: Table, selection: str, identity: SourceIdentity) -> dict[str, Any]:
        """Return the bookmark of a table for after this sync is loaded."""
        last = self._state.get(table.name, {})
        if last.get("selection") != selection:
            last = {}  # perhaps of another database, with other transactions
        read_from = identity.transactions.read_from(identity.extracted_at, last)
        return {
            "synced_until": identity.extracted_at.isoformat(),
            "read_from": read_from.isoformat() if read_from else None,
            "next_transaction": identity.transactions.next_id,
            "selection": selection,
        }

    def _last_moment(self, table: Table) -> datetime | None:
        """Return as of when a table was last synced, None if it never was."""
        synced_until = self._state.get(table.name, {}).get("synced_until")
        return datetime.fromisoformat(synced_until) if synced_until else None
