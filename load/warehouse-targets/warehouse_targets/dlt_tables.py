"""dlt without the three tables that it keeps in a warehouse.

They only serve what this loader does not use, grow with every load, and cost statements. Without
them dlt compares with the real columns each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlt.common.destination import Destination
    from dlt.common.destination.client import StorageSchemaInfo
    from dlt.common.schema import Schema
    from dlt.common.schema.typing import TSchemaTables


def without_dlt_tables(destination: Destination[Any, Any]) -> Destination[Any, Any]:
    """Let a destination make, ask and write none of dlt's tables.

    Args:
        destination: One of an SQL database; it is changed.
    """
    client = type("Client", (_ClientWithoutDltTables, destination.client_class), {})
    destination.__class__ = type(
        "Destination",
        (type(destination),),
        {"client_class": client, "destination_type": destination.destination_type},
    )
    return destination


class _ClientWithoutDltTables:
    """In front of dlt's ``SqlJobClientBase``, whose methods these are."""

    schema: Schema

    def get_stored_schema_by_hash(self, version_hash: str) -> StorageSchemaInfo | None:  # noqa: ARG002
        return None

    def _execute_schema_update_sql(
        self,
        only_tables: Iterable[str],
        store_schema: bool = True,  # noqa: ARG002
    ) -> TSchemaTables:
        own = set(self.schema.dlt_table_names())
        tables = [table for table in only_tables if table not in own]
        done: TSchemaTables = super()._execute_schema_update_sql(tables, store_schema=False)  # type: ignore[misc]
        return done

    def complete_load(self, load_id: str) -> None:
        pass
