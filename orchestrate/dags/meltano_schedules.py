"""A DAG for each of Meltano's schedules, which `make airflow-schedules` compiles for this file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from airflow_audit.schedules import schedule_dags

globals().update(
    schedule_dags(
        Path(__file__).with_name("meltano_schedules.json"),
        default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    )
)
