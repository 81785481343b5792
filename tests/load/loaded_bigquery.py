"""A project of BigQuery's stand-in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from google.api_core.exceptions import NotFound
from google.cloud import bigquery
from google.oauth2 import service_account

from tests.load.loaded_warehouse import LoadedWarehouse
from tests.stand_ins.bigquery import REGION, BigQueryStandIn
from warehouse_targets.target import WarehouseTarget
from warehouse_targets.target_bigquery import BigQueryTarget

_TYPES = {
    "STRING": "text",
    "INTEGER": "bigint",
    "FLOAT": "double",
    "BOOLEAN": "bool",
    "TIMESTAMP": "timestamp",
    "DATE": "date",
}
_SCOPES = ["https://www.googleapis.com/auth/bigquery"]


@dataclass(kw_only=True)
class LoadedBigQuery(LoadedWarehouse):
    """One project.

    Attributes:
        stand_in: The server.
        project: Its name.
        staging_url: Place that files go through, none if they are sent straight.
    """

    stand_in: BigQueryStandIn
    project: str
    staging_url: str | None = None
    key: dict[str, Any] = field(init=False)

    target: ClassVar[type[WarehouseTarget]] = BigQueryTarget
    takes_hyphens: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.key = self.stand_in.key()

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "project": self.project,
            "location": REGION,
            "credentials": json.dumps(self.key),
            "gcs_staging_url": self.staging_url,
        }

    @property
    def client(self) -> bigquery.Client:
        login = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            self.key, scopes=_SCOPES
        )
        return bigquery.Client(self.project, login, location=REGION)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        dataset = f"{self.project}.{self.schema_name}"
        config = bigquery.QueryJobConfig(default_dataset=dataset)
        with self.client as client:
            return [tuple(row) for row in client.query(sql, job_config=config).result()]

    def quoted(self, name: str) -> str:
        return f"`{name}`"

    def plain_name(self, name: str) -> str:
        return re.sub(r"\W", "_", name, flags=re.ASCII)

    def microseconds(self, column: str) -> str:
        return f"unix_micros({column})"

    def tables(self) -> list[tuple[str, str]]:
        with self.client as client:
            return sorted(
                (dataset.dataset_id, table.table_id)
                for dataset in client.list_datasets()
                for table in client.list_tables(dataset.dataset_id)
            )

    def columns(self, table: str) -> list[tuple[str, str]]:
        with self.client as client:
            try:
                fields = client.get_table(f"{self.project}.{self.schema_name}.{table}").schema
            except NotFound:
                return []
        return [(found.name, _TYPES.get(found.field_type, found.field_type)) for found in fields]

    def traces(self) -> list[str]:
        with self.client as client:
            datasets = [dataset.dataset_id for dataset in client.list_datasets()]
        return [name for name in datasets if "loading" in name] + self.stand_in.objects()
