"""The command ``target-redshift``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from warehouse_targets.target import WarehouseTarget, run_command
from warehouse_targets.warehouse_settings import config_jsonschema

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse


class RedshiftTarget(WarehouseTarget):
    """Loads Singer streams into a schema of a Redshift database."""

    name = "target-redshift"
    config_jsonschema: ClassVar[dict[str, Any]] = config_jsonschema("redshift")

    def make_warehouse(self) -> TargetWarehouse:
        """Return the database of the settings.

        Raises:
            TargetSettingsError: A setting has no possible value, or lacks another.
        """
        from warehouse_targets.redshift_warehouse import RedshiftWarehouse  # noqa: PLC0415

        return RedshiftWarehouse(self.config, self.schema_name)


def main() -> NoReturn:
    """Run the command."""
    run_command(RedshiftTarget)
