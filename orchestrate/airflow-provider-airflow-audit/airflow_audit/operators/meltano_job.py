"""The operator that runs one of Meltano's jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_audit.environment_slug import find_environment_slug
from airflow_audit.operators.meltano import MeltanoOperator
from airflow_audit.source_login import (
    DEFAULT_SOURCE_CONN_ID,
    NoSourceLoginError,
    SourceLogin,
    source_login,
)
from airflow_audit.transfer import Transfer
from airflow_audit.warehouses import DEFAULT_SERVICE_CONNECTION, WAREHOUSES, warehouse_login


class MeltanoJobOperator(MeltanoOperator):
    """Runs a job of the Meltano project, with logins from Airflow.

    Returns as XCom: ``tables`` (by table: ``source_rows``, ``sent_rows``, ``bytes``,
    ``seconds``), ``loaded_rows``, ``load_seconds`` and ``environment_slug``.

    Args:
        job_name: Name of the job.
        environment_variables: Environment variables of its runs.
        warehouse: Short name of the warehouse that the job loads: ``duckdb``, ``snowflake``,
            ``redshift`` or ``bigquery``.
        environment_slug: See MetadataSyncOperator.
        service_connection_name: See MetadataSyncOperator.
        connection_id: See MetadataSyncOperator.
        source_conn_id: See MetadataSyncOperator.
        kwargs: Arguments of Airflow's BaseOperator, and ``project_dir``.
    """

    template_fields: Sequence[str] = (
        "job_name",
        "environment_variables",
        "warehouse",
        "environment_slug",
        "service_connection_name",
        "connection_id",
        "source_conn_id",
        "project_dir",
    )

    def __init__(  # noqa: PLR0913  # operators take all their arguments here
        self,
        *,
        job_name: str,
        environment_variables: Mapping[str, str] | None = None,
        warehouse: str = "duckdb",
        environment_slug: str | None = None,
        service_connection_name: str = DEFAULT_SERVICE_CONNECTION,
        connection_id: str | None = None,
        source_conn_id: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.job_name = job_name
        self.environment_variables = environment_variables
        self.warehouse = warehouse
        self.environment_slug = environment_slug
        self.service_connection_name = service_connection_name
        self.connection_id = connection_id
        self.source_conn_id = source_conn_id

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Run the job.

        Raises:
            AirflowFailException: The job failed, and a retry cannot help.
            AirflowException: The job failed; a retry may help.
        """
        warehouse = WAREHOUSES[self.warehouse]
        slug = find_environment_slug(self.environment_slug)
        schema = warehouse.raw_schema(slug)
        source = self._source_login()
        target = warehouse_login(warehouse, self.connection_id, self.service_connection_name)
        self.log.info(
            "Environment %s: job %s, logins from %s and %s",
            slug,
            self.job_name,
            source.found_in if source else "the project",
            target.found_in,
        )
        transfer = Transfer(slug, schema, warehouse, source, target)
        # Airflow already runs a task only once; Meltano would wait for the lock of a killed run.
        log = self.hook.run(
            ["run", "--force", self.job_name],
            environment={**transfer.environment, **(self.environment_variables or {})},
            secrets=transfer.secrets,
        )
        return log.as_dict() | {"environment_slug": slug}

    def _source_login(self) -> SourceLogin | None:
        try:
            return source_login(self.source_conn_id)
        except NoSourceLoginError:
            self.log.warning(
                "There is no login to Airflow's metadata database, no Airflow connection %r, and a"
                " job that reads it will fail. `meltano invoke tap-airflow-metadata --grants`"
                " prints the SQL that makes one",
                DEFAULT_SOURCE_CONN_ID,
            )
            return None
