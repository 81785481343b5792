"""Tell what the real Airflow made of the DAG files; run by the Airflow's own interpreter.

Arguments: the file to write (JSON), and the first and last moment (ISO) to plan runs for. Written
is, per DAG: its tasks as Airflow would put them into `task_instance`, and its data intervals.
"""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any


def serialized_dags() -> "dict[str, Any]":
    """Every DAG as the scheduler reads it from the database, by its id."""
    # Only the interpreter that this is run by has an Airflow.
    from airflow.models.dag import DagModel  # noqa: PLC0415
    from airflow.models.serialized_dag import (  # noqa: PLC0415
        SerializedDagModel,
    )
    from airflow.utils.session import create_session  # noqa: PLC0415

    with create_session() as session:
        dags: dict[str, Any] = {}
        for (dag_id,) in session.query(DagModel.dag_id).all():
            found = SerializedDagModel.get(dag_id, session=session)
            if found:
                dags[dag_id] = found.dag
        return dags


def task_facts(dag: Any, task: Any) -> "dict[str, Any]":  # noqa: ANN401 - Airflow's own
    """What Airflow writes of a task into its instances."""
    retry_delay = getattr(task, "retry_delay", None) or timedelta()
    # Before Airflow 3 the column is empty unless the operator's shown name differs.
    shown = getattr(task, "operator_name", None) or getattr(task, "_operator_name", None)
    heavier = [dag.task_dict[each] for each in task.get_flat_relative_ids(upstream=False)]
    return {
        "operator": task.task_type,
        "shown_operator": shown,
        "owner": task.owner,
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "queue": task.queue,
        "priority_weight": task.priority_weight + sum(each.priority_weight for each in heavier),
        "retries": task.retries,
        "retry_delay_seconds": retry_delay.total_seconds(),
        "upstream": sorted(task.upstream_task_ids),
        "downstream": sorted(task.downstream_task_ids),
    }


def intervals(dag: Any, first: datetime, last: datetime) -> "list[list[str]]":  # noqa: ANN401
    """Logical date, start and end of the interval and earliest moment of every run in a time."""
    return [
        [
            info.logical_date.isoformat(),
            info.data_interval.start.isoformat(),
            info.data_interval.end.isoformat(),
            info.run_after.isoformat(),
        ]
        for info in dag.iter_dagrun_infos_between(first, last)
    ]


def main(target: str, first: str, last: str) -> None:
    """Write the facts of every DAG to `target`."""
    span = datetime.fromisoformat(first), datetime.fromisoformat(last)
    facts = {
        dag_id: {
            "owners": dag.owner,
            "tasks": {each.task_id: task_facts(dag, each) for each in dag.task_dict.values()},
            "intervals": intervals(dag, *span) if dag.timetable.periodic else [],
        }
        for dag_id, dag in serialized_dags().items()
    }
    Path(target).write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
