"""The command ``target-snowflake``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from warehouse_targets.target import WarehouseTarget, run_command
from warehouse_targets.warehouse_settings import config_jsonschema

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse


class SnowflakeTarget(WarehouseTarget):
    """Loads Singer streams into a Snowflake database."""

    name = "target-snowflake"
    config_jsonschema: ClassVar[dict[str, Any]] = config_jsonschema("snowflake")

    def make_warehouse(self) -> TargetWarehouse:
        """Return the database of the settings.

        Raises:
            TargetSettingsError: There is not exactly one login, or a setting cannot be.
        """
        from warehouse_targets.snowflake_warehouse import SnowflakeWarehouse  # noqa: PLC0415

        return SnowflakeWarehouse(self.config, self.schema_name)


def main() -> NoReturn:
    """Run the command."""
    run_command(SnowflakeTarget)
