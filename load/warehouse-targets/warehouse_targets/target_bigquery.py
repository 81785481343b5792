"""The command ``target-bigquery``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_sdk import typing as th

from warehouse_targets.target import SCHEMA_SETTING, WarehouseTarget, run_command

if TYPE_CHECKING:
    from warehouse_targets.warehouse import TargetWarehouse


class BigQueryTarget(WarehouseTarget):
    """Loads Singer streams into BigQuery."""

    name = "target-bigquery"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "project",
            th.StringType,
            required=True,
            description="Google Cloud project of the datasets; jobs run in it too.",
        ),
        th.Property(
            "location",
            th.StringType,
            default="US",
            description="Where the datasets are, such as EU or europe-west3.",
        ),
        th.Property(
            "credentials",
            th.StringType,
            secret=True,
            description="Key of a service account, the text of its JSON file.",
        ),
        th.Property(
            "credentials_path",
            th.StringType,
            description=(
                "File with such a key. Without both, Application Default Credentials log in: what"
                " GOOGLE_APPLICATION_CREDENTIALS names, gcloud's login, or the machine's own"
                " service account."
            ),
        ),
        th.Property(
            "gcs_staging_url",
            th.StringType,
            description=(
                "Place in a bucket, gs://bucket/prefix, that files go through on their way. Without"
                " it they are uploaded straight to BigQuery."
            ),
        ),
        SCHEMA_SETTING,
    ).to_dict()

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
