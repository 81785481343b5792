"""One transfer of the metadata database: its source, and its schema in a warehouse."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from airflow_audit.airflow_api import AirflowFailException
from airflow_audit.hooks.meltano import MeltanoHook
from airflow_audit.meltano_contract import STATE_ID_SUFFIX
from airflow_audit.source_login import (
    ENVIRONMENT_VARIABLE,
    NoSourceLoginError,
    SourceLogin,
    source_login,
)
from airflow_audit.warehouses import WarehouseLogin, WarehouseProfile, warehouse_login


@dataclass(frozen=True)
class Transfer:
    """One transfer of the metadata database into a warehouse.

    Attributes:
        slug: Short name of the Airflow environment.
        schema: Schema in the warehouse.
        warehouse: The warehouse.
        source: Login to the metadata database; None for the Meltano project's own.
        target: Login to the warehouse.
    """

    slug: str
    schema: str
    warehouse: WarehouseProfile
    source: SourceLogin | None
    target: WarehouseLogin

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for Meltano."""
        return {
            "ENVIRONMENT_SLUG": self.slug,
            **({ENVIRONMENT_VARIABLE: self.source.database_url} if self.source else {}),
            self.warehouse.variable("default_target_schema"): self.schema,
            STATE_ID_SUFFIX: self.state_id_suffix,
            **self.target.environment,
        }

    @property
    def secrets(self) -> list[str]:
        """Values to mask in logs."""
        return [*(self.source.secrets if self.source else ()), *self.target.secrets]

    @property
    def state_id_suffix(self) -> str:
        """Suffix that gives each transfer a state of its own.

        With a shared state each of two transfers would miss what the other has read.
        """
        if self.schema == self.warehouse.raw_schema(self.slug) and not self.target.environment:
            return self.slug  # as on the command line
        place = {k: v for k, v in self.target.environment.items() if v not in self.target.secrets}
        target = json.dumps([self.schema, place], sort_keys=True)
        return f"{self.slug}-{hashlib.sha256(target.encode()).hexdigest()[:8]}"


def resolve_transfer(  # noqa: PLR0913  # an operator's arguments
    hook: MeltanoHook,
    warehouse: WarehouseProfile,
    slug: str,
    schema: str,
    *,
    source_conn_id: str | None,
    connection_id: str | None,
    service_connection_name: str,
) -> Transfer:
    """Find the logins to source and warehouse, and log where they come from.

    Args:
        hook: Runs Meltano, which prints the SQL for a missing login.
        warehouse: Target warehouse.
        slug: Short name of the Airflow environment.
        schema: Schema in the warehouse.
        source_conn_id: See :func:`airflow_audit.source_login.source_login`.
        connection_id: See :func:`airflow_audit.warehouses.warehouse_login`.
        service_connection_name: See the same.

    Raises:
        AirflowFailException: A login is missing or of the wrong type, or the loader of that
            warehouse is not installed.
    """
    hook.require_plugin(warehouse.loader, warehouse.name)
    try:
        source = source_login(source_conn_id)
    except NoSourceLoginError as error:
        grants = hook.output(["invoke", "tap-airflow-metadata", "--grants"], environment={})
        hook.log.error("%s:\n%s", error, "".join(grants))  # noqa: TRY400
        raise AirflowFailException(str(error)) from None
    target = warehouse_login(warehouse, connection_id, service_connection_name)
    hook.log.info(
        "Environment %s: from %s into the schema %s of %s (login from %s)",
        slug,
        source.found_in,
        schema,
        warehouse.name,
        target.found_in,
    )
    return Transfer(slug, schema, warehouse, source, target)
