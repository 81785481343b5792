"""DAGs with the operator, as they stand in the DAGs folder. Each has one task, `sync`."""

SYNC = "audit_sync"
BUILD = "audit_sync_and_build"
SLOW = "audit_sync_slow"
LOCKED = "audit_sync_locked"
WRONG_PASSWORD = "audit_sync_wrong_password"
NO_CONNECTION = "audit_sync_no_connection"
MISSPELLED = "audit_sync_misspelled"
CONSUMER = "reads_what_was_loaded"

ALL = (SYNC, BUILD, SLOW, LOCKED, WRONG_PASSWORD, NO_CONNECTION, MISSPELLED, CONSUMER)

# Airflow looks only at files with the words "airflow" and "dag" in them.
_FILE = f"""
from datetime import datetime, timedelta, timezone

from airflow_audit.airflow_api import DAG, Asset, BaseOperator
from airflow_audit.operators.metadata_sync import MetadataSyncOperatorDuckDB


class Reads(BaseOperator):
    def execute(self, context):
        pass


def dag_of(dag_id, **arguments):
    with DAG(dag_id, start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), schedule=None):
        MetadataSyncOperatorDuckDB(
            task_id="sync",
            **{{"retries": 1, "retry_delay": timedelta(seconds=1), "run_dbt": False, **arguments}},
        )


dag_of("{SYNC}")
dag_of("{BUILD}", run_dbt=True, dbt_select="+fct_dag_runs +dim_dags")
# Waits where a table is locked; its warehouse is another one.
dag_of("{SLOW}", connection_id="other_warehouse", retries=0)
dag_of("{LOCKED}", connection_id="other_warehouse", retries=20, retry_delay=timedelta(seconds=2))
dag_of("{WRONG_PASSWORD}", source_conn_id="wrong_password", retries=3)
dag_of("{NO_CONNECTION}", source_conn_id="nowhere", retries=3)
dag_of("{MISSPELLED}", tables=["dag_run", "dag_runn"], retries=3)

with DAG(
    "{CONSUMER}",
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    schedule=[Asset("airflow-audit://duckdb/airflow_live")],
):
    Reads(task_id="read")
"""

FILES = {"syncs.py": _FILE}
