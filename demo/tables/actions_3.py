"""People's deeds as Airflow 3.3 logs them: by the names of its interface's endpoints."""

from __future__ import annotations

import json
from typing import Any

from demo.company import Company
from demo.company import moment as as_moment
from demo.simulation.records import Action
from demo.tables.actions_2 import MASK
from demo.tables.log_rows import LogRow

METHODS = {"create": "POST", "edit": "PATCH", "delete": "DELETE"}
SETTINGS = ("variable", "connection", "pool")


def action_row(action: Action, company: Company) -> LogRow:
    """The row of `log` that a deed leaves."""
    if action.do == "pause_after_failures":
        # Still by its old name, and in no JSON.
        extra = f"[('dag_id', '{action.dag_id}'), ('is_paused', True)]"
        return LogRow(action.at, "paused", "scheduler", "Scheduler", action.dag_id, extra=extra)
    verb, _, kind = action.do.partition("_")
    columns: dict[str, Any] = {}
    if kind in SETTINGS:
        event, body, method = _setting(action, company, verb, kind)
    else:
        event, body, method, columns = _to_dags(action)
    extra = json.dumps(body | {"method": method})
    return LogRow(action.at, event, action.by, action.by, extra=extra, **columns)


def _to_dags(  # noqa: PLR0911 - one for every deed
    action: Action,
) -> tuple[str, dict[str, Any], str, dict[str, Any]]:
    """Event, body, method and columns of a deed that concerns a DAG or an asset."""
    run = action.run
    body: dict[str, Any]
    on_dag = {"dag_id": action.dag_id}
    on_run = on_dag | {"run_id": run and run.run_id}
    on_task = on_run | {"task_id": action.task_id}
    if action.do == "trigger":
        date = run.logical_date.isoformat() if run and run.logical_date else None
        conf = action.details.get("conf", {})
        shown = {word: MASK if "token" in word else value for word, value in conf.items()}
        return "trigger_dag_run", {"logical_date": date, "conf": shown}, "POST", on_dag
    if action.do == "clear":
        body = {
            "dry_run": False,
            "dag_run_id": run and run.run_id,
            "task_ids": [action.task_id],
            "only_failed": False,
            "include_downstream": True,
            "note": None,
        }
        return "post_clear_task_instances", body, "POST", on_run
    if action.do == "mark_task_success":
        return "patch_task_instance", {"new_state": "success", "note": None}, "PATCH", on_task
    if action.do in ("mark_run_failed", "mark_run_success"):
        state = action.do.removeprefix("mark_run_")
        return "patch_dag_run", {"state": state}, "PATCH", on_run
    if action.do in ("pause", "unpause"):
        return "patch_dag", {"is_paused": action.do == "pause"}, "PATCH", on_dag
    if action.do == "note_run":
        return "patch_dag_run", {"note": action.details["note"]}, "PATCH", on_run
    if action.do == "respond":
        body = {"map_index": "-1", "chosen_options": [action.details["option"]], "params_input": {}}
        return "update_hitl_detail", body, "PATCH", on_task
    if action.do == "backfill":
        body = {
            "dag_id": action.dag_id,
            "from_date": as_moment(action.details["from"]).isoformat(),
            "to_date": as_moment(action.details["to"]).isoformat(),
            "max_active_runs": action.details["max_active_runs"],
            "reprocess_behavior": "none",
            "run_backwards": False,
            "dag_run_conf": {},
        }
        return "create_backfill", body, "POST", on_dag
    if action.do == "asset_event":
        return "create_asset_event", {"asset_id": 1, "extra": {}}, "POST", {}
    others: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
        "delete_dag": ("delete_dag", {}, "DELETE", on_dag),
        "delete_run": ("delete_dag_run", {}, "DELETE", on_run),
        "favorite": ("favorite_dag", {}, "POST", on_dag),
    }
    return others[action.do]


def _setting(
    action: Action, company: Company, verb: str, kind: str
) -> tuple[str, dict[str, Any], str]:
    """Event, body and method of a change to a variable, a connection or a pool."""
    method = METHODS[verb]
    event = f"{ {'POST': 'post', 'PATCH': 'patch', 'DELETE': 'delete'}[method] }_{kind}"
    if verb == "delete":
        path = {"variable": "variable_key", "connection": "connection_id", "pool": "pool_name"}[
            kind
        ]
        return event, {path: action.key}, method
    if kind == "variable":
        return event, {"key": action.key, "value": MASK}, method
    if kind == "pool":
        return event, {"name": action.key, "slots": action.details["slots"]}, method
    known = company.people["connections"][str(action.key)]
    body = {
        "connection_id": action.key,
        "conn_type": known["type"],
        "host": known.get("host"),
        "login": known.get("login"),
        "password": MASK,
        "extra": {"token": MASK},
    }
    return event, body, method
