"""What Meltano is told, in environment variables, to copy one Airflow into one warehouse."""

from __future__ import annotations

import hashlib
import json
import logging

from airflow_audit.airflow_api import AirflowFailException
from airflow_audit.hooks.meltano import MeltanoHook
from airflow_audit.source_login import (
    ENVIRONMENT_VARIABLE,
    NoSourceLoginError,
    SourceLogin,
    source_login,
)
from airflow_audit.warehouses import Warehouse, WarehouseLogin

_log = logging.getLogger(__name__)


def source_login_or_grants(source_conn_id: str | None, hook: MeltanoHook) -> SourceLogin:
    """Find the login to the metadata database; without one, log the SQL that makes one.

    Args:
        source_conn_id: Id of an Airflow connection; None to look everywhere.
        hook: What runs Meltano.

    Raises:
        AirflowFailException: There is no login.
    """
    try:
        return source_login(source_conn_id)
    except NoSourceLoginError as error:
        grants = hook.output(["invoke", "tap-airflow-metadata", "--grants"], environment={})
        _log.error("%s:\n%s", error, "".join(grants))
        raise AirflowFailException(str(error)) from None


def sync_environment(
    slug: str,
    schema: str,
    warehouse: Warehouse,
    source: SourceLogin | None,
    target: WarehouseLogin,
) -> dict[str, str]:
    """Return the variables of the tap, the loader and dbt, and where the state is kept.

    Args:
        slug: Short name of the Airflow environment.
        schema: Schema of the copy.
        warehouse: Which one.
        source: Login to the metadata database; None to leave it to the Meltano project.
        target: Login to the warehouse.
    """
    return {
        "ENVIRONMENT_SLUG": slug,
        **({ENVIRONMENT_VARIABLE: source.database_url} if source else {}),
        warehouse.variable("default_target_schema"): schema,
        "MELTANO_RUN_STATE_ID_SUFFIX": _state_id_suffix(slug, schema, target),
        **target.environment,
    }


def _state_id_suffix(slug: str, schema: str, target: WarehouseLogin) -> str:
    """Return what tells the state of one copy from that of another.

    Two copies of one environment would miss what the other one has read.
    """
    if schema == f"airflow_{slug}" and not target.environment:
        return slug  # as on the command line
    place = {k: v for k, v in target.environment.items() if v not in target.secrets}
    told = json.dumps([schema, place], sort_keys=True)
    return f"{slug}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"
