"""Operators that write the report of the audit marts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow_audit.operators.meltano import MeltanoOperator
from airflow_audit.warehouses import (
    BIGQUERY,
    DEFAULT_SERVICE_CONNECTION,
    DUCKDB,
    REDSHIFT,
    SNOWFLAKE,
    WarehouseProfile,
    warehouse_login,
)


class AuditReportOperator(MeltanoOperator):
    """Writes the report of the audit marts: one HTML file, or a summary.

    Returns as XCom the destination, or None for the project's default.

    Args:
        destination: Path on the worker, or ``s3://…`` or ``gs://…``; by default the project's
            ``output/report.html``.
        report_format: ``html``, ``markdown`` or ``json``.
        environments: Slugs of Airflow environments; by default all in the marts.
        days: Length of the period, which ends at the newest sync.
        team: Only DAGs of this team or owner.
        tag: Only DAGs with this tag.
        service_connection_name: See MetadataSyncOperator.
        connection_id: See MetadataSyncOperator.
        kwargs: Arguments of Airflow's BaseOperator, and ``project_dir``.
    """

    template_fields: Sequence[str] = (
        "destination",
        "report_format",
        "environments",
        "team",
        "tag",
        "service_connection_name",
        "connection_id",
        "project_dir",
    )
    warehouse: ClassVar[WarehouseProfile] = DUCKDB

    def __init__(  # noqa: PLR0913  # operators take all their arguments here
        self,
        *,
        destination: str | None = None,
        report_format: str = "html",
        environments: Sequence[str] | None = None,
        days: int | None = None,
        team: str | None = None,
        tag: str | None = None,
        service_connection_name: str = DEFAULT_SERVICE_CONNECTION,
        connection_id: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.destination = destination
        self.report_format = report_format
        self.environments = environments
        self.days = days
        self.team = team
        self.tag = tag
        self.service_connection_name = service_connection_name
        self.connection_id = connection_id

    def execute(self, context: Mapping[str, Any]) -> str | None:  # noqa: ARG002
        """Write the report.

        Raises:
            AirflowFailException: It failed, and a retry cannot help.
            AirflowException: It failed; a retry may help.
        """
        plugin = self.warehouse.report
        self.hook.require_plugin(plugin, self.warehouse.name)
        login = warehouse_login(self.warehouse, self.connection_id, self.service_connection_name)
        self.hook.run(
            ["invoke", plugin],
            environment={**login.environment, **self._variables()},
            secrets=login.secrets,
        )
        return self.destination

    def _variables(self) -> dict[str, str]:
        """The command's options, as its environment variables."""
        options = {
            "output": self.destination,
            "format": self.report_format,
            "environments": ",".join(self.environments or ()),
            "days": self.days,
            "team": self.team,
            "tag": self.tag,
        }
        return {
            f"AUDIT_REPORT_{name.upper()}": str(value) for name, value in options.items() if value
        }


class AuditReportOperatorDuckDB(AuditReportOperator):
    """:class:`AuditReportOperator` of the marts in a DuckDB file on the worker."""

    warehouse = DUCKDB


class AuditReportOperatorSnowflake(AuditReportOperator):
    """:class:`AuditReportOperator` of the marts in Snowflake."""

    warehouse = SNOWFLAKE


class AuditReportOperatorRedshift(AuditReportOperator):
    """:class:`AuditReportOperator` of the marts in Amazon Redshift."""

    warehouse = REDSHIFT


class AuditReportOperatorBigQuery(AuditReportOperator):
    """:class:`AuditReportOperator` of the marts in Google BigQuery."""

    warehouse = BIGQUERY
