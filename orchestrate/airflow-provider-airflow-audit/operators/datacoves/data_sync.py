"""Datacoves' operators, by the names and with the defaults that its users' DAGs have."""

from __future__ import annotations

from typing import Any

from airflow_audit.operators.metadata_sync import (
    MetadataSyncOperator,
    MetadataSyncOperatorRedshift,
    MetadataSyncOperatorSnowflake,
)

_DEFAULT_TABLES = (
    "ab_permission",
    "ab_role",
    "ab_user",
    "dag",
    "dag_run",
    "dag_tag",
    "import_error",
    "job",
    "task_fail",
    "task_instance",
)


class _DatacovesDefaults(MetadataSyncOperator):
    """Ten tables, a schema with a hyphen where the warehouse takes one, a task id, no marts."""

    replaces_hyphens = True

    def __init__(
        self,
        *,
        task_id: str = "sync_airflow_db",
        run_dbt: bool = False,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        if kwargs.get("tables") is None:
            kwargs["tables"] = list(_DEFAULT_TABLES)
        super().__init__(task_id=task_id, run_dbt=run_dbt, **kwargs)

    def wanted_schema(self, slug: str) -> str:
        """Return ``airflow-<slug>`` unless another is given; the marts need ``airflow_<slug>``."""
        if self.run_dbt:
            return super().wanted_schema(slug)
        return self.destination_schema or f"airflow-{slug}"


class DatacovesDataSyncOperatorSnowflake(_DatacovesDefaults, MetadataSyncOperatorSnowflake):
    """Copies Airflow's metadata database into Snowflake."""


class DatacovesDataSyncOperatorRedshift(_DatacovesDefaults, MetadataSyncOperatorRedshift):
    """Copies Airflow's metadata database into Amazon Redshift."""
