"""The command ``target-snowflake``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_sdk import typing as th

from warehouse_targets.target import SCHEMA_SETTING, WarehouseTarget, run_command

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse


class SnowflakeTarget(WarehouseTarget):
    """Loads Singer streams into a Snowflake database."""

    name = "target-snowflake"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "account",
            th.StringType,
            required=True,
            description="Account identifier, <organization>-<account>.",
        ),
        th.Property("user", th.StringType, required=True, description="User that logs in."),
        th.Property("role", th.StringType, required=True, description="Role of the session."),
        th.Property(
            "warehouse",
            th.StringType,
            required=True,
            description="Virtual warehouse that runs the statements.",
        ),
        th.Property(
            "database",
            th.StringType,
            required=True,
            description="Database of the schema; it has to be there.",
        ),
        th.Property(
            "password",
            th.StringType,
            secret=True,
            description="Password, one of the ways to log in.",
        ),
        th.Property(
            "private_key",
            th.StringType,
            secret=True,
            description="Private key in PEM, one of the ways to log in.",
        ),
        th.Property(
            "private_key_path",
            th.StringType,
            description="File with the private key in PEM, one of the ways to log in.",
        ),
        th.Property(
            "private_key_passphrase",
            th.StringType,
            secret=True,
            description="Passphrase of an encrypted private key.",
        ),
        th.Property(
            "oauth_token",
            th.StringType,
            secret=True,
            description="OAuth access token, one of the ways to log in.",
        ),
        SCHEMA_SETTING,
    ).to_dict()

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
