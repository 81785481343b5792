"""People's deeds as Airflow 2.11 logs them: by the names of its web views and its REST API."""

from __future__ import annotations

import json
from typing import Any

from demo.company import Company
from demo.present import dice
from demo.simulation.records import Action
from demo.tables.log_rows import LogRow, typed

RELATIVES = {"past": "false", "future": "false", "upstream": "false"}
MASK = "***"
SETTINGS = ("variable", "connection", "pool")


def action_row(action: Action, company: Company) -> LogRow:
    """The row of `log` that a deed leaves."""
    if action.do == "pause_after_failures":
        # The scheduler writes no JSON, unlike everything else.
        extra = f"[('dag_id', '{action.dag_id}'), ('is_paused', True)]"
        return LogRow(action.at, "paused", "scheduler", "Scheduler", action.dag_id, extra=extra)
    if action.do == "backfill":
        first, last = (str(action.details[word]) for word in ("from", "to"))
        words = ["dags", "backfill", "--start-date", first, "--end-date", last, str(action.dag_id)]
        return typed(
            action.at,
            "cli_dag_backfill",
            action.by,
            "airflow-scheduler-0",
            words,
            dag_id=action.dag_id,
        )
    verb, _, kind = action.do.partition("_")
    if kind in SETTINGS:
        event, more = _setting(action, company, verb, kind)
        return _row(action, company, event, more)
    event, more, columns = _to_dags(action)
    return _row(action, company, event, more, **columns)


def _row(
    action: Action,
    company: Company,
    event: str,
    extra: dict[str, Any],
    **columns: Any,  # noqa: ANN401
) -> LogRow:
    user = company.people["users"][action.by]
    return LogRow(
        action.at,
        event,
        action.by,
        f"{user['first']} {user['last']}",
        extra=json.dumps(extra),
        **columns,
    )


def _to_dags(  # noqa: PLR0911 - one for every deed
    action: Action,
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Event, extra and columns of a deed that concerns a DAG."""
    run = action.run
    on_dag = {"dag_id": action.dag_id}
    on_run = on_dag | {"run_id": run and run.run_id}
    if action.do == "trigger" and action.via == "api":
        conf = {word: MASK if "token" in word else value for word, value in _conf(action).items()}
        return "api.post_dag_run", {"conf": conf}, on_dag
    if action.do == "trigger":
        assert run
        assert run.logical_date
        # The web form sends the configuration as text, in which nothing is masked.
        date = run.logical_date.isoformat()
        extra = {"conf": json.dumps(_conf(action)), "unpause": "on", "logical_date": date}
        return "trigger", extra, on_dag | {"logical_date": run.logical_date}
    if action.do == "clear":
        extra = {
            "confirmed": "true",
            **RELATIVES,
            "downstream": "true",
            "recursive": "false",
            "only_failed": "false",
        }
        columns = on_run | {"task_id": action.task_id, "logical_date": run and run.logical_date}
        return "clear", extra, columns
    if action.do == "mark_task_success":
        extra = {"confirmed": "true", **RELATIVES, "downstream": "false"}
        return "success", extra, on_run | {"task_id": action.task_id}
    if action.do in ("mark_run_failed", "mark_run_success"):
        return f"dagrun_{action.do.removeprefix('mark_run_')}", {"confirmed": "true"}, on_run
    if action.do in ("pause", "unpause"):
        return "paused", {"is_paused": action.do == "pause"}, on_dag
    if action.do == "delete_dag":
        return "delete", {"redirect_url": "/home"}, on_dag
    if action.do == "delete_run":
        # The list of runs names the row's number and nothing else.
        return "dagrun.delete", {"pk": str(run and run.number)}, {}
    assert action.do == "note_run", action
    return "ui.set_dag_run_note", {"note": action.details["note"]}, on_run


def _conf(action: Action) -> dict[str, Any]:
    conf: dict[str, Any] = action.details.get("conf", {})
    return conf


def _setting(action: Action, company: Company, verb: str, kind: str) -> tuple[str, dict[str, Any]]:
    """Event and extra of a change to a variable, a connection or a pool."""
    assert action.key
    names = list(company.people[f"{kind}s"])
    number = str(names.index(action.key) + 1 if action.key in names else len(names) + 4)
    event = f"{kind}.{verb}"
    if verb == "delete":
        return event, {"pk": number}
    if action.via == "api":
        return f"api.{event}", {
            "key": action.key,
            "value": _value(action),
            "variable_key": action.key,
        }
    shown: dict[str, Any]
    if kind == "variable":
        # Airflow masks a value by the name of its key alone.
        shown = {"key": action.key, "val": _value(action), "description": ""}
    elif kind == "connection":
        known = company.people["connections"].get(action.key, {"type": "http"})
        shown = {
            "conn_id": action.key,
            "conn_type": known["type"],
            "host": known.get("host", ""),
            "login": known.get("login", ""),
            "password": MASK,
            "extra": {"token": MASK},
        }
    else:
        shown = {"pool": action.key, "slots": str(action.details["slots"]), "description": ""}
    return event, shown | ({"pk": number} if verb == "edit" else {})


def _value(action: Action) -> str:
    key = str(action.key)
    if any(word in key for word in ("token", "password", "secret", "key")):
        return MASK
    return str(dice(key, action.at).randint(1, 60))
