"""The command ``target-redshift``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_sdk import typing as th

from warehouse_targets.errors import TargetSettingsError
from warehouse_targets.target import SCHEMA_SETTING, WarehouseTarget, run_command

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse

_STAGING_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/[\w!.*()-]+)*/?")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


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
        url = self.config.get("s3_staging_url") or None
        role = self.config.get("copy_role_arn") or None
        if url and not _STAGING_URL.fullmatch(url):
            msg = f"s3_staging_url is {url!r}; it has to be like s3://bucket/prefix"
            raise TargetSettingsError(msg)
        if role and not _ROLE_ARN.fullmatch(role):
            msg = (
                f"copy_role_arn is {role!r}; it has to be like arn:aws:iam::123456789012:role/name"
            )
            raise TargetSettingsError(msg)
        certificates = self.config.get("sslrootcert") or "system"
        if certificates != "system" and not Path(certificates).is_file():
            # With sslmode require libpq would check nothing then, and say nothing.
            msg = f"sslrootcert: there is no file {certificates}"
            raise TargetSettingsError(msg)
        if role and not url:
            msg = "copy_role_arn serves to read files, so it needs s3_staging_url"
            raise TargetSettingsError(msg)

        from warehouse_targets.redshift_warehouse import (  # noqa: PLC0415
            RedshiftLogin,
            RedshiftWarehouse,
            S3Staging,
        )

        fields = self.config.keys() & RedshiftLogin.__dataclass_fields__.keys()
        login = RedshiftLogin(**{name: self.config[name] for name in fields})
        staging = S3Staging(url.rstrip("/"), role) if url else None
        return RedshiftWarehouse(login, self.schema_name, staging)


def main() -> NoReturn:
    """Run the command."""
    run_command(RedshiftTarget)
