"""Makes DAGs from Meltano's schedules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from airflow.configuration import conf

from airflow_audit.airflow_api import DAG
from airflow_audit.compiled_schedules import COMMAND, Schedule, read_schedules
from airflow_audit.operators.meltano_job import MeltanoJobOperator

# Before any run; there is no catching up.
_START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def schedule_dags(file: Path, *, default_args: Mapping[str, Any] | None = None) -> dict[str, DAG]:
    """Return a DAG for each of Meltano's schedules, by its id.

    Each has one task, the whole job, as in Meltano. A retry reads what changed since the last
    completed sync.

    Args:
        file: Compiled schedules, ``meltano_schedules.json``.
        default_args: Arguments of the tasks, of Airflow's BaseOperator or of
            :class:`~airflow_audit.operators.meltano_job.MeltanoJobOperator`.

    Raises:
        SchedulesError: The file is missing, out of date or malformed.
    """
    folder = conf.get("airflow_audit", "project_dir", fallback="")
    project = Path(folder) if folder and (Path(folder) / "meltano.yml").exists() else None
    compiled = read_schedules(file, project)
    dags = [
        _dag(schedule, ", ".join(compiled.compiled_from), dict(default_args or {}))
        for schedule in compiled.schedules
    ]
    return {dag.dag_id: dag for dag in dags}


def _dag(schedule: Schedule, compiled_from: str, default_args: dict[str, Any]) -> DAG:
    dag = DAG(
        f"airflow-audit-{schedule.name}",
        description=f"Runs Meltano's job {schedule.job}",
        schedule=schedule.cron,
        start_date=_START,
        catchup=False,
        max_active_runs=1,
        tags=["airflow-audit", "meltano"],
        default_args=default_args,
        doc_md=_documentation(schedule, compiled_from),
    )
    MeltanoJobOperator(
        task_id=schedule.job,
        job_name=schedule.job,
        environment_variables=schedule.env,
        dag=dag,
    )
    return dag


def _documentation(schedule: Schedule, compiled_from: str) -> str:
    tasks = "\n".join(f"    {task}" for task in schedule.tasks)
    variables = "".join(f"\n    {name}={value}" for name, value in schedule.env.items())
    return (
        f"Meltano's schedule `{schedule.name}` runs its job `{schedule.job}`:\n\n{tasks}\n\n"
        + (f"with the environment variables\n{variables}\n\n" if variables else "")
        + f"Compiled from {compiled_from} by `{COMMAND}`; change it there."
    )
