"""Checks before and after a load: column types, environment, moment, and that it ran alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_targets.audit_tap import ENVIRONMENT, MANIFEST, REPLAY_LAG
from warehouse_targets.columns import EXTRACTED_AT, ColumnType
from warehouse_targets.errors import (
    ColumnTypeChangedError,
    OlderStandbyError,
    OlderSyncError,
    OtherEnvironmentError,
    OverlappingLoadError,
)
from warehouse_targets.warehouse import TableToLoad

if TYPE_CHECKING:
    import dlt

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
        pipeline: dlt.Pipeline,
        manifest: TableToLoad,
        table_names: Sequence[str],
        columns_there: Collection[str],
    ) -> None:
        """Read what was sent.

        Args:
            pipeline: dlt's, to ask the warehouse.
            manifest: What was sent.
            table_names: All tables that were sent.
            columns_there: Columns of the warehouse's manifest, none if there is none.
        """
        self._pipeline = pipeline
        self._manifest = manifest
        self._table_names = table_names
        self._columns_there = columns_there
        self._moment: datetime | None = self._sent(EXTRACTED_AT)
        self._before = _BEFORE_ALL

    def check_before(self) -> None:
        """Check before anything is written.

        Raises:
            OtherEnvironmentError: The schema holds another Airflow environment.
            OlderSyncError: It holds a later sync of the same tables.
            OlderStandbyError: It does, and the source is a standby that will catch up.
        """
        if self._moment and self._columns_there:
            self._check_environment()
            self._before = self._latest_moment()
            self._check_moment(self._moment, self._before)

    def check_after(self) -> None:
        """Refuse success if another load of the same tables ended since this one began.

        Whichever of the two is the last to write its manifest sees the other's. It passes on no
        STATE, so the next sync reads all again that may have been replaced by older rows.

        Raises:
            OverlappingLoadError: Another did.
        """
        if not self._moment:
            return
        other = self._latest_moment(but_for=self._moment)
        if other > self._before:
            msg = (
                f"Another load wrote the same tables of {self._pipeline.dataset_name} at the same"
                f" time, as of {other.isoformat()}. Run the sync again, when no other runs"
            )
            raise OverlappingLoadError(msg)

    def _check_environment(self) -> None:
        """Refuse another Airflow environment: the two would be one, and each mark the other's rows.

        Slugs that differ in a hyphen share a schema where none is allowed.
        """
        if ENVIRONMENT not in self._manifest.columns or ENVIRONMENT not in self._columns_there:
            return
        slug = self._sent(ENVIRONMENT)
        other = self._found(f"min({ENVIRONMENT})", f"{ENVIRONMENT} <> %s", slug)
        if other is not None:
            msg = (
                f"default_target_schema: {self._pipeline.dataset_name} holds the Airflow"
                f" environment {other}, so {slug} cannot be loaded into it. Nothing was loaded."
                " Name another schema, or another ENVIRONMENT_SLUG"
            )
            raise OtherEnvironmentError(msg)

    def _check_moment(self, moment: datetime, latest: datetime) -> None:
        """Refuse what was read in an earlier moment: it would take the place of newer rows.

        The tap refuses it too, but by its state, which may be lost and which a full refresh
        leaves out.
        """
        if latest <= moment:
            return
        msg = (
            f"What was sent is as of {moment.isoformat()}, but {self._pipeline.dataset_name} holds"
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

    def _latest_moment(self, *, but_for: datetime | None = None) -> datetime:
        """Return the moment of the latest sync of one of these tables, year 1 if there is none."""
        of_these = f"table_name in ({', '.join(['%s'] * len(self._table_names))})"
        values: list[object] = list(self._table_names)
        if but_for:
            of_these, values = f"{of_these} and {EXTRACTED_AT} <> %s", [*values, but_for]
        latest = self._found(f"max({EXTRACTED_AT})", of_these, *values)
        return latest.astimezone(timezone.utc) if latest else _BEFORE_ALL

    def _found(self, what: str, where: str, *values: object) -> Any:  # noqa: ANN401
        """Return a value of the warehouse's manifest."""
        with self._pipeline.sql_client() as client:
            name = client.make_qualified_table_name(MANIFEST)
            query = f"select {what} from {name} where {where}"  # noqa: S608  # the name is quoted
            with client.execute_query(query, *values) as found:
                [[value]] = cast("Sequence[Sequence[Any]]", found.fetchall())
        return value

    def _sent(self, column: str) -> Any:  # noqa: ANN401
        """Return what all rows that were sent have in a column, None if there are no rows."""
        files = self._manifest.files
        sent = pa.concat_tables(pq.read_table(file.path, columns=[column]) for file in files)
        return next(iter(sent[column].unique().to_pylist()), None)
