"""The DAGs that the project started from, and more that load the same warehouses."""

from pathlib import Path

from tests.pipeline.meltano_runs import ROOT

# Made by the files of Datacoves' users; they run by their schedule.
SNOWFLAKE_SYNC, REDSHIFT_SYNC = "snowflake_airflow_sync", "redshift_airflow_sync"
# Copy and build; by warehouse. All marts take a minute or more in the slower stand-ins.
FEW_MARTS = ("fct_dag_runs", "dim_users")
_FEW = " ".join(f"+{mart}" for mart in FEW_MARTS)
SELECTED = {"snowflake": None, "redshift": _FEW, "bigquery": _FEW}
MARTS = {name: f"marts_{name}" for name in SELECTED}
# Six tasks each, for all tables that the factory of the export names; they run by their schedule.
TRUNCATE, APPEND = "truncate__all", "append__all"
FULL_STAGE = "full_stage__slot_pool"
WRONG_KEY, KILLED = "wrong_key", "killed"
MISSING_ROLE = {name: f"missing_role_{name}" for name in SELECTED}

ALL = (
    *(SNOWFLAKE_SYNC, REDSHIFT_SYNC, TRUNCATE, APPEND, FULL_STAGE, WRONG_KEY, KILLED),
    *(*MARTS.values(), *MISSING_ROLE.values()),
)
SCHEDULED = (SNOWFLAKE_SYNC, REDSHIFT_SYNC, TRUNCATE, APPEND, FULL_STAGE)

# As the README of the export lists them, for Airflow 2.4.
EXPORTED = """
ab_permission, ab_permission_view, ab_permission_view_role, ab_register_user, ab_role, ab_user,
ab_user_role, ab_view_menu, alembic_version, callback_request, connection, dag, dag_code,
dag_pickle, dag_run, dag_tag, import_error, job, log, log_template, rendered_task_instance_fields,
sensor_instance, serialized_dag, session, sla_miss, slot_pool, task_fail, task_instance, task_map,
task_reschedule, trigger, variable, xcom
""".replace(",", " ").split()

_SYNCS = f"""
from datetime import datetime, timedelta, timezone

from airflow_audit.airflow_api import DAG
from airflow_audit.operators.metadata_sync import (
    MetadataSyncOperatorBigQuery,
    MetadataSyncOperatorRedshift,
    MetadataSyncOperatorSnowflake,
)

OPERATORS = {{
    "snowflake": MetadataSyncOperatorSnowflake,
    "redshift": MetadataSyncOperatorRedshift,
    "bigquery": MetadataSyncOperatorBigQuery,
}}


def dag_of(dag_id, warehouse, connection_id, **arguments):
    with DAG(dag_id, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), schedule=None):
        OPERATORS[warehouse](
            task_id="sync",
            connection_id=connection_id,
            retries=3,
            retry_delay=timedelta(seconds=1),
            **arguments,
        )


for warehouse, connection_id in {{
    "snowflake": "raw", "redshift": "raw_redshift", "bigquery": "raw_bigquery"
}}.items():
    dag_of("marts_" + warehouse, warehouse, connection_id, dbt_select={SELECTED!r}[warehouse])
    dag_of("missing_role_" + warehouse, warehouse, "missing_role_" + warehouse)
dag_of("{WRONG_KEY}", "snowflake", "{WRONG_KEY}")
dag_of("{KILLED}", "snowflake", "raw", run_dbt=False)
"""

_EXPORTS = """
from datetime import timedelta

from airflow_audit.dag_factory import table_export_dags

exports = dict(warehouse="bigquery", connection_id="raw_bigquery")
for name in ("TRUNCATE", "APPEND"):
    globals().update(
        table_export_dags(
            tables={{"all": {tables!r}}},
            write_disposition="WRITE_" + name,
            destination_schema="metadata_" + name.lower(),
            dag_id_prefix=name.lower() + "__",
            **exports,
        )
    )
globals().update(
    table_export_dags(
        tables=["slot_pool"],
        dag_id_prefix="full_stage__",
        stage_dir={full_stage!r},
        default_args={{"retries": 30, "retry_delay": timedelta(seconds=2)}},
        **exports,
    )
)
"""


def files(version: str, full_stage: Path) -> dict[str, str]:
    """Return all files.

    Args:
        version: Airflow's.
        full_stage: A folder that has no room left at first.
    """
    if version.startswith("2."):
        example = Path(__file__).parents[1] / "inside_airflow" / "datacoves_example.txt"
    else:
        example = ROOT / "orchestrate" / "dags" / "datacoves_sync_airflow_3.py"
    snowflake = example.read_text()
    redshift = snowflake.replace("Snowflake", "Redshift").replace("snowflake", "redshift")
    return {
        "snowflake.py": snowflake,
        "redshift.py": redshift.replace('"raw"', '"raw_redshift"'),
        "syncs.py": _SYNCS,
        "exports.py": _EXPORTS.format(tables=EXPORTED, full_stage=str(full_stage)),
    }
