"""Checks before and after a load: column types, environment, moment, and that it ran alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_targets.audit_tap import ENVIRONMENT, MANIFEST, REPLAY_LAG, UNCHANGED_SINCE
from warehouse_targets.columns import EXTRACTED_AT, ColumnType
from warehouse_targets.errors import (
    ColumnTypeChangedError,
    OlderStandbyError,
    OlderSyncError,
    OtherEnvironmentError,
    OverlappingLoadError,
)
from warehouse_targets.standing_tables import COMPARED, SyncedTable
from warehouse_targets.warehouse import TableToLoad

if TYPE_CHECKING:
    from dlt.destinations.sql_client import SqlClientBase

_BEFORE_ALL = datetime.min.replace(tzinfo=timezone.utc)


def check_column_types(
    sent: Mapping[str, Mapping[str, ColumnType]], there: Mapping[str, Mapping[str, str | None]]
) -> None:
    """Refuse columns that are of another type in the warehouse.

    Args:
        sent: Types by column as they would be stored, by table.
        there: Types by lower-case column, by table; a table that is not there has none.

    Raises:
        ColumnTypeChangedError: There are some.
    """
    changes = [
        f"{table}.{name} is {there[table][name.lower()]}, now sent as {kind}"
        for table, columns in sent.items()
        for name, kind in columns.items()
        if there[table].get(name.lower(), kind) != kind
    ]
    if changes:
        msg = (
            f"Column types changed: {'; '.join(changes)}. Nothing was loaded. Rename or drop"
            " the table or the column in the warehouse, or undo the change"
        )
        raise ColumnTypeChangedError(msg)


class ManifestGuard:
    """Compares the manifest that was sent with the one in the warehouse."""

    def __init__(
        self,
        manifest: TableToLoad,
        table_names: Collection[str],
        columns_there: Collection[str],
    ) -> None:
        """Read what was sent.

        Args:
            manifest: What was sent.
            table_names: All tables that were sent.
            columns_there: Columns of the warehouse's manifest, none if there is none.
        """
        self._manifest = manifest
        self._table_names = table_names
        self._columns_there = columns_there
        self._moment: datetime | None = self._sent(EXTRACTED_AT)
        self._before = _BEFORE_ALL

    def check_before(self, client: SqlClientBase[Any]) -> Mapping[str, SyncedTable]:
        """Check before anything is written.

        Args:
            client: dlt's, to ask the warehouse.

        Returns:
            The latest sync of each table that the manifest tells of.

        Raises:
            OtherEnvironmentError: The schema holds another Airflow environment.
            OlderSyncError: It holds a later sync of the same tables.
            OlderStandbyError: It does, and the source is a standby that will catch up.
        """
        if not (self._moment and self._columns_there):
            return {}
        latest = self._latest_rows(client)
        self._check_environment(latest, client.dataset_name)
        these = [row for row in latest if row.table_name in self._table_names]
        self._before = max((row.moment for row in these), default=_BEFORE_ALL)
        self._check_moment(self._moment, self._before, client.dataset_name)
        return _synced_tables(latest)

    def check_after(self, client: SqlClientBase[Any]) -> None:
        """Refuse success if another load of the same tables ended since this one began.

        Whichever of the two is the last to write its manifest sees the other's. It passes on no
        STATE, so the next sync reads all again that may have been replaced by older rows.

        Args:
            client: As before.

        Raises:
            OverlappingLoadError: Another did.
        """
        if not self._moment:
            return
        other = self._other_moment(client, self._moment)
        if other > self._before:
            msg = (
                f"Another load wrote the same tables of {client.dataset_name} at the same"
                f" time, as of {other.isoformat()}. Run the sync again, when no other runs"
            )
            raise OverlappingLoadError(msg)

    def _check_environment(self, latest: Iterable[_ManifestRow], schema_name: str) -> None:
        """Refuse another Airflow environment: the two would be one, and each mark the other's rows.

        Slugs that differ in a hyphen share a schema where none is allowed.
        """
        if ENVIRONMENT not in self._manifest.columns:
            return
        slug = self._sent(ENVIRONMENT)
        others = (row.environment for row in latest if row.environment not in {None, slug})
        if other := next(others, None):
            msg = (
                f"default_target_schema: {schema_name} holds the Airflow"
                f" environment {other}, so {slug} cannot be loaded into it. Nothing was loaded."
                " Name another schema, or another ENVIRONMENT_SLUG"
            )
            raise OtherEnvironmentError(msg)

    def _check_moment(self, moment: datetime, latest: datetime, schema_name: str) -> None:
        """Refuse what was read in an earlier moment: it would take the place of newer rows.

        The tap refuses it too, but by its state, which may be lost and which a full refresh
        leaves out.
        """
        if latest <= moment:
            return
        msg = (
            f"What was sent is as of {moment.isoformat()}, but {schema_name} holds"
            f" the same tables as of {latest.isoformat()}. Nothing was loaded, because older rows"
            " would take the place of newer ones."
        )
        if REPLAY_LAG in self._manifest.columns and self._sent(REPLAY_LAG) is not None:
            msg = f"{msg} The source is a standby: try again when it has replayed what it lacks"
            raise OlderStandbyError(msg)
        msg = (
            f"{msg} Of a snapshot, take a newer one, or sync this one under another"
            " ENVIRONMENT_SLUG to have it beside"
        )
        raise OlderSyncError(msg)

    def _latest_rows(self, client: SqlClientBase[Any]) -> list[_ManifestRow]:
        """Return the rows of each table's latest moment, which two syncs may share."""
        name = client.make_qualified_table_name(MANIFEST)
        there = {column.lower() for column in self._columns_there}
        values = [column if column in there else "null" for column in (ENVIRONMENT, *COMPARED)]
        since = f"latest.{EXTRACTED_AT}"
        if UNCHANGED_SINCE in there:
            since = f"coalesce({UNCHANGED_SINCE}, {since})"
        query = (
            f"select latest.table_name, latest.{EXTRACTED_AT}, {since}, {', '.join(values)}"  # noqa: S608  # names are quoted
            f" from {name} as latest inner join (select table_name, max({EXTRACTED_AT}) as moment"
            f" from {name} group by table_name) as moments"
            f" on latest.table_name = moments.table_name and latest.{EXTRACTED_AT} = moments.moment"
        )
        with client.execute_query(query) as found:
            return [
                _ManifestRow(table, _utc(moment), _utc(since), *values)
                for table, moment, since, *values in found.fetchall()
            ]

    def _other_moment(self, client: SqlClientBase[Any], but_for: datetime) -> datetime:
        """Return the latest other moment of one of these tables, year 1 if there is none."""
        name = client.make_qualified_table_name(MANIFEST)
        query = (
            f"select max({EXTRACTED_AT}) from {name} where {EXTRACTED_AT} <> %s"  # noqa: S608  # the name is quoted
            f" and table_name in ({', '.join(['%s'] * len(self._table_names))})"
        )
        with client.execute_query(query, but_for, *self._table_names) as found:
            [[latest]] = cast("Sequence[Sequence[Any]]", found.fetchall())
        return _utc(latest) if latest else _BEFORE_ALL

    def _sent(self, column: str) -> Any:  # noqa: ANN401
        """Return what all rows that were sent have in a column, None if there are no rows."""
        files = self._manifest.files
        sent = pa.concat_tables(pq.read_table(file.path, columns=[column]) for file in files)
        return next(iter(sent[column].unique().to_pylist()), None)


@dataclass(frozen=True)
class _ManifestRow:
    """A row of the warehouse's manifest; what an older one lacks is None."""

    table_name: str
    moment: datetime
    stands_since: datetime
    environment: str | None
    mode: str | None
    is_full_read: bool | None
    sent_rows: int | None
    content_hash: str | None


def _synced_tables(latest: Iterable[_ManifestRow]) -> dict[str, SyncedTable]:
    """Return what each table's latest sync read; nothing of tables with two that differ."""
    found: dict[str, set[SyncedTable]] = {}
    for row in latest:
        synced = SyncedTable(
            row.mode or "",
            bool(row.is_full_read),
            -1 if row.sent_rows is None else row.sent_rows,
            row.content_hash,
            row.stands_since,
        )
        found.setdefault(row.table_name, set()).add(synced)
    return {name: next(iter(rows)) for name, rows in found.items() if len(rows) == 1}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc)
