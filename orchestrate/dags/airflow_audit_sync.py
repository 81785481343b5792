"""Copies Airflow's metadata database, all tables in one moment, builds the marts, and reports.

Daily what changed; weekly everything, which also marks what is gone from Airflow. The report is one
HTML file; `destination="s3://bucket/report.html"` puts it where people can open it.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow_audit.airflow_api import DAG
from airflow_audit.operators.audit_report import AuditReportOperatorDuckDB
from airflow_audit.operators.metadata_sync import MetadataSyncOperatorDuckDB

# Hours apart: only one of them can write into a DuckDB file.
for dag_id, schedule, full_refresh in (
    ("airflow_audit_sync", "17 3 * * *", False),
    ("airflow_audit_full_sync", "17 5 * * 0", True),
):
    with DAG(
        dag_id,
        schedule=schedule,
        start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
        catchup=False,
        max_active_runs=1,
        tags=["airflow-audit"],
        default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
        doc_md=__doc__,
    ):
        sync = MetadataSyncOperatorDuckDB(task_id="sync", full_refresh=full_refresh)
        sync >> AuditReportOperatorDuckDB(task_id="report")
