"""The command ``target-duckdb``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_sdk import typing as th

from warehouse_targets.target import SCHEMA_SETTING, WarehouseTarget, run_command

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse


class DuckDBTarget(WarehouseTarget):
    """Loads Singer streams into a DuckDB file."""

    name = "target-duckdb"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "path",
            th.StringType,
            required=True,
            description="DuckDB file; it and its folder are made if they are not there.",
        ),
        th.Property(
            "memory_limit",
            th.StringType,
            # With it the process stays below 1 GB for tables of any size.
            default="400MB",
            description=(
                "Memory that DuckDB takes, such as 4GB; what does not fit goes to disk, beside the"
                " file."
            ),
        ),
        SCHEMA_SETTING,
    ).to_dict()

    def make_warehouse(self) -> TargetWarehouse:
        """Return the file of the setting ``path``.

        Raises:
            TargetSettingsError: There can be no such file, or the memory is no size.
        """
        from warehouse_targets.duckdb_warehouse import DuckDBWarehouse  # noqa: PLC0415

        return DuckDBWarehouse(
            Path(self.config["path"]), self.schema_name, self.config["memory_limit"]
        )


def main() -> NoReturn:
    """Run the command."""
    run_command(DuckDBTarget)
