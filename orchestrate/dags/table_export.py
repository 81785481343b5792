"""Exports every table of Airflow's metadata database, a DAG each, between 00:00 and 00:30 UTC.

Put this file into the DAGs folder. It needs the provider, and the folder of the Meltano project in
AIRFLOW__AIRFLOW_AUDIT__PROJECT_DIR. Every argument has a default; see the function's own words.
"""

from __future__ import annotations

from airflow_audit.dag_factory import table_export_dags

globals().update(
    table_export_dags(
        # None for every table of this Airflow; a list; or groups, {"runs": ["dag_run", "log"]}.
        tables=None,
        # What Airflow's clean-ups remove goes from the copy too; "merge" keeps it, marked.
        write_disposition="truncate",
        # A loader's own variables, TARGET_DUCKDB_…, hold the login unless connection_id names one.
        warehouse="duckdb",
        # None for output/stage in the project; workers on several machines need a shared folder.
        stage_dir=None,
    )
)
