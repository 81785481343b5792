"""Operators that copy Airflow's metadata database into a warehouse and build the marts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airflow_audit.airflow_api import AirflowFailException, Asset
from airflow_audit.environment_slug import default_environment_slug, find_environment_slug
from airflow_audit.lineage import lineage
from airflow_audit.operators.meltano import MeltanoOperator
from airflow_audit.source_login import ENVIRONMENT_VARIABLE
from airflow_audit.transfer import Transfer, resolve_transfer
from airflow_audit.warehouses import (
    BIGQUERY,
    DEFAULT_SERVICE_CONNECTION,
    DUCKDB,
    REDSHIFT,
    SNOWFLAKE,
    WarehouseProfile,
)


class MetadataSyncOperator(MeltanoOperator):
    """Copies Airflow's metadata database in one read transaction, and builds the marts.

    Returns as XCom: ``tables`` (by table: ``source_rows``, ``sent_rows``, ``bytes``,
    ``seconds``), ``loaded_rows``, ``load_seconds``, ``schema`` and ``environment_slug``.

    Args:
        environment_slug: Short name of this Airflow; by default ``ENVIRONMENT_SLUG``,
            ``DATACOVES__ENVIRONMENT_SLUG``, or the name in Airflow's base URL.
        tables: Tables instead of the default set; ``[]`` for all that may be read.
        additional_tables: Tables in addition to the default set.
        destination_schema: Schema in the warehouse; by default ``airflow_<slug>``, which the marts
            need.
        service_connection_name: Login to the warehouse: variables ``DATACOVES__<NAME>__…`` or an
            Airflow connection of that id. Without either, the loader's own environment variables.
        connection_id: An Airflow connection to the warehouse, instead of a service connection.
        source_conn_id: An Airflow connection, of type Postgres, to Airflow's metadata database; by
            default ``airflow_audit_source``, then ``TAP_AIRFLOW_METADATA_DATABASE_URL``, then, on
            Airflow 2, Airflow's own.
        mode: ``merge``, ``mirror`` or ``append``; by default the project's, ``merge``.
        full_refresh: Read all rows, mark those that are gone from Airflow, and test all marts.
        run_dbt: Build and test the marts afterwards.
        dbt_select: Build only these marts, in dbt's selection syntax.
        outlets: By default one asset, ``airflow-audit://<warehouse>/<schema>``, if the slug is
            known when the file is parsed.
        kwargs: Arguments of Airflow's BaseOperator, and ``project_dir``.
    """

    template_fields: Sequence[str] = (
        "environment_slug",
        "tables",
        "additional_tables",
        "destination_schema",
        "service_connection_name",
        "connection_id",
        "source_conn_id",
        "mode",
        "dbt_select",
        "project_dir",
    )
    warehouse: ClassVar[WarehouseProfile] = DUCKDB

    def __init__(  # noqa: PLR0913  # operators take all their arguments here
        self,
        *,
        environment_slug: str | None = None,
        tables: Sequence[str] | None = None,
        additional_tables: Sequence[str] | None = None,
        destination_schema: str | None = None,
        service_connection_name: str = DEFAULT_SERVICE_CONNECTION,
        connection_id: str | None = None,
        source_conn_id: str | None = None,
        mode: str | None = None,
        full_refresh: bool = False,
        run_dbt: bool = True,
        dbt_select: str | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**kwargs)
        self.environment_slug = environment_slug
        self.tables = tables
        self.additional_tables = additional_tables
        self.destination_schema = destination_schema
        self.service_connection_name = service_connection_name
        self.connection_id = connection_id
        self.source_conn_id = source_conn_id
        self.mode = mode
        self.full_refresh = full_refresh
        self.run_dbt = run_dbt
        self.dbt_select = dbt_select
        self._lineage: tuple[str, str, list[str]] | None = None
        slug = environment_slug or default_environment_slug()
        if slug and "outlets" not in kwargs and "{{" not in f"{slug} {destination_schema}":
            self.add_outlets([Asset(f"airflow-audit://{self.warehouse.name}/{self.schema(slug)}")])

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Copy, then build the marts.

        Raises:
            AirflowFailException: It failed, and a retry cannot help.
            AirflowException: It failed; a retry may help.
        """
        slug = find_environment_slug(self.environment_slug)
        schema = self.schema(slug)
        transfer = resolve_transfer(
            self.hook,
            self.warehouse,
            slug,
            schema,
            source_conn_id=self.source_conn_id,
            connection_id=self.connection_id,
            service_connection_name=self.service_connection_name,
        )
        environment, secrets = self._environment(transfer), transfer.secrets
        self.log.info("Copying the metadata database")
        # Airflow already runs a task only once; Meltano would wait for the lock of a killed run.
        log = self.hook.run(
            ["run", "--force", "tap-airflow-metadata", self.warehouse.loader],
            environment=environment,
            secrets=secrets,
        )
        if self.run_dbt:
            self.log.info("Building the marts")
            build = ["invoke", f"{self.warehouse.dbt}:build"]
            if self.dbt_select:
                # Tests of models that are not selected would query missing tables.
                build += ["--indirect-selection=buildable", "--select", *self.dbt_select.split()]
            self.hook.run(build, environment=environment, secrets=secrets)
        done = log.as_dict() | {"environment_slug": slug, "schema": schema}
        self._lineage = (environment[ENVIRONMENT_VARIABLE], schema, list(done["tables"]))
        self._describe_events(context, done)
        return done

    def default_schema(self, slug: str) -> str:
        """Return the schema to use without ``destination_schema``."""
        return self.warehouse.raw_schema(slug)

    def schema(self, slug: str) -> str:
        """Return the schema in the warehouse.

        Raises:
            AirflowFailException: The warehouse allows no such name, or the marts would not read it.
        """
        schema = self.destination_schema or self.default_schema(slug)
        self.warehouse.check_schema(schema)
        if self.run_dbt and schema != (raw_schema := self.warehouse.raw_schema(slug)):
            msg = (
                f"destination_schema is {schema!r}, but the marts are built from {raw_schema}."
                " Leave destination_schema out, or set run_dbt=False to copy alone"
            )
            raise AirflowFailException(msg)
        return schema

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:  # noqa: ANN401, ARG002
        """Return the lineage, for Airflow's OpenLineage provider."""
        if self._lineage is None:
            return None
        database_url, schema, tables = self._lineage
        return lineage(database_url, self.warehouse.name, schema, tables)

    def _environment(self, transfer: Transfer) -> dict[str, str]:
        environment = transfer.environment
        if self.tables is not None:
            environment["TAP_AIRFLOW_METADATA_TABLES"] = json.dumps(list(self.tables))
        if self.additional_tables:
            tables = json.dumps(list(self.additional_tables))
            environment["TAP_AIRFLOW_METADATA_ADDITIONAL_TABLES"] = tables
        if self.mode:
            environment["AIRFLOW_AUDIT_MODE"] = self.mode
        if self.full_refresh:
            # Unlike the option of `meltano run`, the build sees it, too, and tests everything.
            environment["MELTANO_RUN_FULL_REFRESH"] = "true"
        return environment

    def _describe_events(self, context: Mapping[str, Any], done: Mapping[str, Any]) -> None:
        """Add what was loaded to the asset events (Airflow 2.10 and newer)."""
        events = context.get("outlet_events")
        for outlet in self.outlets:
            if events is not None and isinstance(outlet, Asset):
                events[outlet].extra = {
                    "schema": done["schema"],
                    "rows": {name: rows for name, rows in done["loaded_rows"].items() if rows},
                }


class MetadataSyncOperatorDuckDB(MetadataSyncOperator):
    """:class:`MetadataSyncOperator` into a DuckDB file on the worker."""

    warehouse = DUCKDB


class MetadataSyncOperatorSnowflake(MetadataSyncOperator):
    """:class:`MetadataSyncOperator` into Snowflake."""

    warehouse = SNOWFLAKE


class MetadataSyncOperatorRedshift(MetadataSyncOperator):
    """:class:`MetadataSyncOperator` into Amazon Redshift."""

    warehouse = REDSHIFT


class MetadataSyncOperatorBigQuery(MetadataSyncOperator):
    """:class:`MetadataSyncOperator` into Google BigQuery."""

    warehouse = BIGQUERY
