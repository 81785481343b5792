"""What was late: SLA misses in Airflow 2, deadlines in Airflow 3."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.company import Company
from demo.present import dice
from demo.simulation.records import History, Run
from demo.tables.copying import Connection, Row, copy_rows, look_up, time_ordered_uuid


def write_sla_misses(connection: Connection, company: Company, history: History) -> None:
    """Fill `sla_miss`.

    Airflow 2 keeps the miss under the logical date of the run that follows, which is the moment at
    which the late run was due.
    """
    rows: list[Row] = []
    for run in history.runs:
        for task in company.dags[run.dag_id].tasks.values():
            if not task.sla_minutes or run.kind != "scheduled" or run.interval_end is None:
                continue
            due = run.interval_end + timedelta(minutes=task.sla_minutes)
            first = run.instances[task.task_id][0]
            tries = [*first.superseded, first.attempt]
            done = [each.ended_at for each in tries if each.state == "success"]
            if due > history.until or (done and done[0] and done[0] <= due):
                continue
            noticed = due + timedelta(seconds=dice(run.run_id, "sla").uniform(4, 55))
            rows.append(
                {
                    "task_id": task.task_id,
                    "dag_id": run.dag_id,
                    "execution_date": run.interval_end,
                    "email_sent": True,
                    "timestamp": noticed,
                    "description": None,
                    "notification_sent": True,
                }
            )
    copy_rows(connection, "sla_miss", rows)


def write_deadlines(connection: Connection, company: Company, history: History) -> None:
    """Fill `deadline` and `callback`: Airflow 3 removes the deadlines that were kept."""
    alerts = look_up(
        connection,
        "select dag_id, deadline_alert.id from deadline_alert"
        " join serialized_dag on serialized_dag.id = serialized_dag_id",
    )
    late = [
        (run, due)
        for run in history.runs
        if (due := _deadline(company, run)) and (run.ended_at is None or run.ended_at > due)
    ]
    copy_rows(connection, "callback", (_callback_row(run, due, history.until) for run, due in late))
    copy_rows(
        connection,
        "deadline",
        (
            {
                "id": time_ordered_uuid(run.created_at, run.run_id, run.dag_id, "deadline"),
                "created_at": run.created_at + timedelta(milliseconds=3),
                "last_updated_at": (
                    due + timedelta(seconds=dice(run.run_id, "deadline").uniform(0.1, 5))
                    if due <= history.until
                    else run.created_at + timedelta(milliseconds=3)
                ),
                "dagrun_id": run.number,
                "deadline_time": due,
                "missed": due <= history.until,
                "callback_id": _callback_id(run),
                "deadline_alert_id": alerts[run.dag_id],
            }
            for run, due in late
        ),
    )


def _deadline(company: Company, run: Run) -> datetime | None:
    minutes = company.dags[run.dag_id].deadline_minutes
    return run.first_queued_at + timedelta(minutes=minutes) if minutes else None


def _callback_id(run: Run) -> object:
    return time_ordered_uuid(run.created_at, run.run_id, run.dag_id, "callback")


def _callback_row(run: Run, due: datetime, until: datetime) -> Row:
    was_reached = dice(run.run_id, "callback").random() > 0.2  # noqa: PLR2004
    state = ("success" if was_reached else "failed") if due <= until else "scheduled"
    arguments = {"webhook": "CANARY-callback.data"}
    return {
        "id": _callback_id(run),
        "type": "triggerer",
        "fetch_method": "import_path",
        "data": {
            "__var": {
                "path": "company_operators.page_on_call",
                "dag_id": run.dag_id,
                "kwargs": {"__var": arguments, "__type": "dict"},
                "prefix": "deadline_alerts",
            },
            "__type": "dict",
        },
        "bundle_name": "analytics-dags",
        "state": state,
        "output": "The webhook did not answer" if state == "failed" else None,
        "priority_weight": 1,
        "created_at": run.created_at + timedelta(milliseconds=3),
        "trigger_id": None,
    }
