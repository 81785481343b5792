"""What tasks leave behind: XComs, rendered fields, map lengths, and notes that people wrote."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from demo.company import Company
from demo.simulation.records import History, Instance
from demo.tables.airflow_3_runs import instance_id
from demo.tables.copying import Connection, Row, copy_rows, has_table, look_up
from demo.tables.shared_columns import instance_key

XCOMS_KEPT = timedelta(days=5)
"""The DAG metadata_cleanup removes older ones."""

RENDERED_RUNS_KEPT = 8
"""The company's `max_num_rendered_ti_fields_per_task`."""


def write_task_outputs(connection: Connection, company: Company, history: History) -> None:
    """Fill xcom, rendered_task_instance_fields, task_map and the notes.

    Args:
        connection: To a database that has the task instances.
        company: Whose tasks.
        history: What happened.
    """
    is_3 = company.environment.is_airflow_3
    instances = [each for run in history.runs for each in run.all_instances()]
    sources = {
        (dag.dag_id, task.mapped_over)
        for dag in company.dags.values()
        for task in dag.tasks.values()
        if task.mapped_over
    }
    mapping = [
        each
        for each in instances
        if (each.run.dag_id, each.task.task_id) in sources and each.state == "success"
    ]
    copy_rows(connection, "task_map", (_map_row(company, each) for each in mapping))
    copy_rows(
        connection,
        "xcom",
        (
            _xcom_row(each, is_airflow_3=is_3)
            for each in instances
            if each.state == "success" and each.attempt.pid and _is_recent(each, history.until)
        ),
    )
    copy_rows(connection, "rendered_task_instance_fields", _rendered(history))
    _write_run_notes(connection, history, is_airflow_3=is_3)
    if is_3 and has_table(connection, "task_state_store"):
        _write_task_states(connection, instances)


def _is_recent(instance: Instance, until: datetime) -> bool:
    return (instance.attempt.ended_at or until) > until - XCOMS_KEPT


def _map_row(company: Company, instance: Instance) -> Row:
    dag = company.dags[instance.run.dag_id]
    name = next(t.task_id for t in dag.tasks.values() if t.mapped_over == instance.task.task_id)
    length = len(instance.run.instances[name])
    return instance_key(instance) | {"length": length, "keys": None}


def _xcom_row(instance: Instance, *, is_airflow_3: bool) -> Row:
    value = {"rows": instance.run.number % 977, "export_key": "CANARY-xcom.value"}
    text = json.dumps(value)
    row: Row = instance_key(instance) | {
        "dag_run_id": instance.run.number,
        "key": "return_value",
        "value": text if is_airflow_3 else text.encode(),
        "timestamp": instance.attempt.ended_at,
    }
    return row


def _rendered(history: History) -> list[Row]:
    """Rendered fields of the newest runs of each DAG."""
    newest: dict[str, list[Any]] = {}
    for run in history.runs:
        newest.setdefault(run.dag_id, []).append(run)
    text = "export WAREHOUSE_KEY=CANARY-rendered_fields; run {}/{}"
    return [
        instance_key(each)
        | {
            "rendered_fields": {"argument": text.format(run.dag_id, each.task.task_id)},
            "k8s_pod_yaml": None,
        }
        for runs in newest.values()
        for run in runs[-RENDERED_RUNS_KEPT:]
        for each in run.all_instances()
        if each.attempt.pid
    ]


def _write_run_notes(connection: Connection, history: History, *, is_airflow_3: bool) -> None:
    users = look_up(connection, "select username, id from ab_user")
    copy_rows(
        connection,
        "dag_run_note",
        (
            {
                "user_id": str(users[who]) if is_airflow_3 else users[who],
                "dag_run_id": run.number,
                "content": text,
                "created_at": at,
                "updated_at": at,
            }
            for run in history.runs
            if run.note
            for who, text, at in [run.note]
        ),
    )
    answered = [each for run in history.runs for each in run.all_instances() if each.note]
    copy_rows(
        connection,
        "task_instance_note",
        (
            (
                {"ti_id": instance_id(each, each.attempt), "user_id": str(users[each.note[0]])}
                if is_airflow_3
                else instance_key(each) | {"user_id": users[each.note[0]]}
            )
            | {"content": each.note[1], "created_at": each.note[2], "updated_at": each.note[2]}
            for each in answered
            if each.note
        ),
    )


def _write_task_states(connection: Connection, instances: list[Instance]) -> None:
    """State that the loading of events keeps for itself (new in Airflow 3.3)."""
    recent = [each for each in instances if each.task.task_id == "replay_range"][-12:]
    copy_rows(
        connection,
        "task_state_store",
        (
            {
                "id": number,
                "dag_run_id": each.run.number,
                **instance_key(each),
                "key": "cursor",
                "value": json.dumps("CANARY-task_state_store.value"),
                "updated_at": each.attempt.changed_at,
                "expires_at": None,
            }
            for number, each in enumerate(recent, 31)
        ),
    )
    number, at = connection.execute("select min(id), max(created_at) from asset").fetchone() or ()
    copy_rows(
        connection,
        "asset_state_store",
        [
            {
                "asset_id": number,
                "key": "watermark",
                "value": json.dumps("CANARY-asset_state_store.value"),
                "updated_at": at,
                "last_updated_by_kind": "api",
            }
        ],
    )
