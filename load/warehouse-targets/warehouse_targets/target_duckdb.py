"""The command ``target-duckdb``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from warehouse_targets.target import WarehouseTarget, run_command
from warehouse_targets.warehouse_settings import config_jsonschema

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse


class DuckDBTarget(WarehouseTarget):
    """Loads Singer streams into a DuckDB file."""

    name = "target-duckdb"
    config_jsonschema: ClassVar[dict[str, Any]] = config_jsonschema("duckdb")

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
