"""DAGs as they stand in the DAGs folder."""

from tests.pipeline.meltano_runs import ROOT

# Each of these has one task.
SYNC = "audit_sync"
SLOW = "audit_sync_slow"
LOCKED = "audit_sync_locked"
WRONG_PASSWORD = "audit_sync_wrong_password"
NO_CONNECTION = "audit_sync_no_connection"
MISSPELLED = "audit_sync_misspelled"
REPORT = "audit_report"
CONSUMER = "reads_what_was_loaded"

# Made from Meltano's schedules, and by the factory; they run by their schedule.
JOB = "airflow-audit-sync-and-build"
EXPORT = "export_slot_pool"
SCHEDULED = (JOB, EXPORT)

ALL = (
    *(*SCHEDULED, SYNC, SLOW, LOCKED, WRONG_PASSWORD, NO_CONNECTION, MISSPELLED),
    *(REPORT, CONSUMER),
)

# Airflow looks only at files with the words "airflow" and "dag" in them.
_FILE = f"""
import os
from datetime import datetime, timedelta, timezone

from airflow_audit.airflow_api import DAG, Asset, BaseOperator
from airflow_audit.operators.audit_report import AuditReportOperatorDuckDB
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
# Waits where a table is locked; its warehouse is another one.
dag_of("{SLOW}", connection_id="other_warehouse", retries=0)
dag_of("{LOCKED}", connection_id="other_warehouse", retries=20, retry_delay=timedelta(seconds=2))
dag_of("{WRONG_PASSWORD}", source_conn_id="wrong_password", retries=3)
dag_of("{NO_CONNECTION}", source_conn_id="nowhere", retries=3)
dag_of("{MISSPELLED}", tables=["dag_run", "dag_runn"], retries=3)

with DAG("{REPORT}", start_date=datetime(2025, 1, 1, tzinfo=timezone.utc), schedule=None):
    AuditReportOperatorDuckDB(
        task_id="report",
        destination=os.environ["TARGET_DUCKDB_PATH"] + ".{{{{ run_id }}}}.md",
        report_format="markdown",
        environments=["live"],
        days=1,
    )

with DAG(
    "{CONSUMER}",
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    schedule=[Asset("airflow-audit://duckdb/airflow_live")],
):
    Reads(task_id="read")
"""

_EXPORT_FILE = """
from airflow_audit.dag_factory import table_export_dags

globals().update(table_export_dags(tables=["slot_pool"], dag_id_prefix="export_", stage_dir={!r}))
"""
_DAGS = ROOT / "orchestrate" / "dags"


def files(stage: str, schedules: str) -> dict[str, str]:
    """Return all files.

    Args:
        stage: Folder where exports in steps are staged.
        schedules: Meltano's, compiled.
    """
    return {
        "syncs.py": _FILE,
        "exports.py": _EXPORT_FILE.format(stage),
        "meltano_schedules.py": (_DAGS / "meltano_schedules.py").read_text(),
        "meltano_schedules.json": schedules,
    }
