"""The command ``target-redshift``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from warehouse_targets.errors import SettingsError
from warehouse_targets.target import WarehouseTarget, run_command
from warehouse_targets.warehouse_settings import config_jsonschema

if TYPE_CHECKING:
    from warehouse_targets.warehouse import Warehouse

_STAGING_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/[\w!.*()-]+)*/?")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")


class RedshiftTarget(WarehouseTarget):
    """Loads Singer streams into a schema of a Redshift database."""

    name = "target-redshift"
    config_jsonschema: ClassVar[dict[str, Any]] = config_jsonschema("redshift")

    def make_warehouse(self) -> Warehouse:
        """Return the database of the settings.

        Raises:
            SettingsError: A setting has no possible value, or lacks another.
        """
        url = self.config.get("s3_staging_url") or None
        role = self.config.get("copy_role_arn") or None
        if url and not _STAGING_URL.fullmatch(url):
            msg = f"s3_staging_url is {url!r}; it has to be like s3://bucket/prefix"
            raise SettingsError(msg)
        if role and not _ROLE_ARN.fullmatch(role):
            msg = (
                f"copy_role_arn is {role!r}; it has to be like arn:aws:iam::123456789012:role/name"
            )
            raise SettingsError(msg)
        certificates = self.config.get("sslrootcert") or "system"
        if certificates != "system" and not Path(certificates).is_file():
            # With sslmode require libpq would check nothing then, and say nothing.
            msg = f"sslrootcert: there is no file {certificates}"
            raise SettingsError(msg)
        if role and not url:
            msg = "copy_role_arn serves to read files, so it needs s3_staging_url"
            raise SettingsError(msg)

        from warehouse_targets.redshift_cluster import (  # noqa: PLC0415
            RedshiftCluster,
            RedshiftLogin,
            S3Staging,
        )

        fields = self.config.keys() & RedshiftLogin.__dataclass_fields__.keys()
        login = RedshiftLogin(**{name: self.config[name] for name in fields})
        staging = S3Staging(url.rstrip("/"), role) if url else None
        return RedshiftCluster(login, self.schema_name, staging)


def main() -> NoReturn:
    """Run the command."""
    run_command(RedshiftTarget)
