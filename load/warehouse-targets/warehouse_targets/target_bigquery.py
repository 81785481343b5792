"""The command ``target-bigquery``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from warehouse_targets.target import WarehouseTarget, run_command
from warehouse_targets.warehouse_settings import config_jsonschema

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse


class BigQueryTarget(WarehouseTarget):
    """Loads Singer streams into BigQuery."""

    name = "target-bigquery"
    config_jsonschema: ClassVar[dict[str, Any]] = config_jsonschema("bigquery")

    def make_warehouse(self) -> TargetWarehouse:
        """Return the project of the settings.

        Raises:
            TargetSettingsError: One of them is wrong.
        """
        from warehouse_targets.bigquery_warehouse import BigQueryWarehouse  # noqa: PLC0415

        return BigQueryWarehouse(self.config, self.schema_name)


def main() -> NoReturn:
    """Run the command."""
    run_command(BigQueryTarget)
