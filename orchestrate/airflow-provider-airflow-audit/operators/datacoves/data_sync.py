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
    """Ten tables, a schema with a hyphen, a task id, no marts."""

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

    def default_schema(self, slug: str) -> str:
        """Return ``airflow-<slug>``; the marts need ``airflow_<slug>``."""
        return super().default_schema(slug) if self.run_dbt else f"airflow-{slug}"


class DatacovesDataSyncOperatorSnowflake(_DatacovesDefaults, MetadataSyncOperatorSnowflake):
    """Copies Airflow's metadata database into Snowflake."""


class DatacovesDataSyncOperatorRedshift(_DatacovesDefaults, MetadataSyncOperatorRedshift):
    """Copies Airflow's metadata database into Amazon Redshift."""
