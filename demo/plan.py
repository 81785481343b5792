"""The DAGs as the real Airflow read them, from what `demo.inside_airflow` wrote."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from demo.company import Company
from demo.simulation.records import Interval, PlannedDag, PlannedTask


def read_plan(path: Path, company: Company) -> dict[str, PlannedDag]:
    """Read the facts of every DAG of the company.

    Tasks come in the order of the company's file, which names none before those it follows.
    """
    facts = json.loads(path.read_text())
    return {
        dag_id: PlannedDag(
            dag_id=dag_id,
            owners=facts[dag_id]["owners"],
            tasks={name: _task(name, facts[dag_id]["tasks"][name]) for name in dag.tasks},
            intervals=tuple(
                Interval(*map(datetime.fromisoformat, each)) for each in facts[dag_id]["intervals"]
            ),
        )
        for dag_id, dag in company.dags.items()
    }


def _task(task_id: str, facts: dict[str, object]) -> PlannedTask:
    words = dict(facts)
    delay = words.pop("retry_delay_seconds")
    assert isinstance(delay, float)
    for relatives in ("upstream", "downstream"):
        words[relatives] = tuple(words[relatives])  # type: ignore[arg-type]
    return PlannedTask(task_id=task_id, retry_delay=timedelta(seconds=delay), **words)  # type: ignore[arg-type]
