"""The command ``target-redshift``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_sdk import typing as th

from warehouse_targets.target import SCHEMA_SETTING, WarehouseTarget, run_command

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse


class RedshiftTarget(WarehouseTarget):
    """Loads Singer streams into a schema of a Redshift database."""

    name = "target-redshift"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "host",
            th.StringType,
            required=True,
            description="Endpoint of the cluster or workgroup, without its port.",
        ),
        th.Property("port", th.IntegerType, default=5439, description="Port of the endpoint."),
        th.Property("user", th.StringType, required=True, description="Database user."),
        th.Property(
            "password",
            th.StringType,
            required=True,
            secret=True,
            description="The user's password.",
        ),
        th.Property("database", th.StringType, required=True, description="Database to load."),
        th.Property(
            "sslmode",
            th.StringType,
            default="require",
            allowed_values=["require", "verify-ca", "verify-full"],
            description=(
                "How far the server's certificate is checked; the connection is always encrypted."
            ),
        ),
        th.Property(
            "sslrootcert",
            th.StringType,
            description=(
                "File with the certificates that the server's is checked against, or system for"
                " those of the operating system. Without it libpq's PGSSLROOTCERT names them."
            ),
        ),
        SCHEMA_SETTING,
        th.Property(
            "s3_staging_url",
            th.StringType,
            description=(
                "Place for files on their way, s3://bucket/prefix, in the cluster's region. Without"
                " it rows are sent by INSERT, which is slow."
            ),
        ),
        th.Property(
            "copy_role_arn",
            th.StringType,
            description=(
                "ARN of the IAM role with which Redshift reads these files. Without it COPY gets"
                " the credentials of AWS with which they are written."
            ),
        ),
    ).to_dict()

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
