"""People who type a marker into every field that a running Airflow has for them.

Each marker is `CANARY-<where>-<field>`; `tests.real_airflow.typed` finds them again.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import psycopg

from tests.pipeline.live.dag_files import ASKING, TYPED
from tests.real_airflow import typed
from tests.real_airflow.rest_api import RestApi, RestApiError
from tests.real_airflow.running import RunningAirflow
from tests.real_airflow.web_pages import WebPages

# A run of `TYPED`, and one of `ASKING`.
RUN = "CANARY-rest_trigger-run_id"
_SECONDS = 120
_BACKFILLED = {"from_date": "2025-02-03T00:00:00Z", "to_date": "2025-02-03T00:00:00Z"}


def type_everywhere(
    airflow: RunningAirflow, version: str, database_url: str, source: psycopg.Connection
) -> None:
    """Use Airflow's commands, its REST API and its forms.

    Args:
        airflow: It runs, and has parsed the files of `dag_files`.
        version: Its version.
        database_url: `postgresql://` URL of its metadata database.
        source: A connection to that.
    """
    typed.type_commands(version, database_url)
    api = airflow.api
    _configure(api)
    _run(airflow, version, source)
    if version.startswith("2."):
        _annotate_2(api)
    else:
        _annotate_3(api)
        _use_assets(api, source)
        _answer(airflow, source)
        _configure_at_once(api)
    _administer(api, "" if version.startswith("2.") else "/auth/fab/v1")
    pages = airflow.log_in()
    if version.startswith("2."):
        _fill_in(pages, source)
    _add_user(pages, source)


def _field(where: str, name: str) -> str:
    return f"CANARY-{where}-{name}"


def _json(where: str) -> dict[str, Any]:
    """What goes where any JSON goes."""
    value = _field(where, "value")
    return {"password": value, "a": value, "b": [{"c": value}]}


def _connection(where: str, conn_id: str) -> dict[str, Any]:
    fields = {name: _field(where, name) for name in ("description", "login", "schema", "password")}
    return {
        "connection_id": conn_id,
        "conn_type": "http",
        "host": f"https://u:{_field(where, 'host_password')}@example.com",
        "port": 443,
        "extra": json.dumps(_json(where)),
        **fields,
    }


def _variable(where: str, key: str) -> dict[str, str]:
    return {
        "key": key,
        "value": _field(where, "value"),
        "description": _field(where, "description"),
    }


def _pool(where: str, name: str) -> dict[str, Any]:
    text = _field(where, "description")
    return {"name": name, "slots": 3, "include_deferred": True, "description": text}


def _configure(api: RestApi) -> None:
    conn_id, key = _field("rest_connection", "conn_id"), _field("rest_variable", "key")
    pool = _field("rest_pool", "pool")
    api.send("POST", "/connections", _connection("rest_post_connection", conn_id))
    api.send("PATCH", f"/connections/{conn_id}", _connection("rest_patch_connection", conn_id))
    api.send("POST", "/variables", _variable("rest_post_variable", key))
    api.send("PATCH", f"/variables/{key}", _variable("rest_patch_variable", key))
    api.send("POST", "/pools", _pool("rest_post_pool", pool))
    api.send("PATCH", f"/pools/{pool}", _pool("rest_patch_pool", pool))
    # What does not go well is noted too, and so is what Airflow asks nobody for.
    for body in (
        {"name": _field("rest_refused", "pool"), "slots": _field("rest_refused", "slots")},
        {"name": _json("rest_refused"), "slots": 1},
    ):
        with contextlib.suppress(RestApiError):
            api.send("POST", f"/pools?q={_field('rest_refused', 'query')}", body)


def _run(airflow: RunningAirflow, version: str, source: psycopg.Connection) -> None:
    api = airflow.api
    body: dict[str, Any] = {
        "dag_run_id": RUN,
        "conf": _json("rest_trigger"),
        "note": _field("rest_trigger", "note"),
    }
    if not version.startswith("2."):
        body["logical_date"] = None
    api.set_paused(TYPED, paused=False)
    api.send("POST", f"/dags/{TYPED}/dagRuns", body)
    query = "select state from dag_run where run_id = %s"

    def missing() -> bool:
        return source.execute(query, [RUN]).fetchall() != [("failed",)]

    airflow.wait_until(f"{TYPED} to run", missing, _SECONDS)
    api.set_paused(TYPED, paused=True)


def _annotate_2(api: RestApi) -> None:
    run = f"/dags/{TYPED}/dagRuns/{RUN}"
    api.send("PATCH", f"{run}/setNote", {"note": _field("rest_run", "note")})
    task = f"{run}/taskInstances/give"
    api.send("PATCH", f"{task}/setNote", {"note": _field("rest_task", "note")})
    event = {
        "dataset_uri": "https://example.com/CANARY-asset-name?token=CANARY-asset-query",
        "extra": _json("rest_asset_event"),
    }
    api.send("POST", "/datasets/events", event)


def _annotate_3(api: RestApi) -> None:
    run = f"/dags/{TYPED}/dagRuns/{RUN}"
    task = f"{run}/taskInstances/give"
    api.send("PATCH", run, {"note": _field("rest_run", "note")})
    api.send("PATCH", task, {"note": _field("rest_task", "note")})
    value = {"key": _field("rest_xcom", "xcom_key"), "value": _json("rest_xcom")}
    api.send("POST", f"{task}/xcomEntries", value)
    clear = {"dry_run": False, "dag_run_id": RUN, "note": _field("rest_clear", "note")}
    api.send("POST", f"/dags/{TYPED}/clearTaskInstances", clear)
    clear = {"dry_run": False, "only_failed": False, "note": _field("rest_clear_run", "note")}
    api.send("POST", f"{run}/clear", clear)
    body = {"dag_id": TYPED, "dag_run_conf": _json("rest_backfill"), "max_active_runs": 1}
    api.send("POST", "/backfills", body | _BACKFILLED)
    refused = {name: _field("rest_refused", name) for name in ("dag_id", "run_id", "state", "a")}
    with contextlib.suppress(RestApiError):
        api.send("POST", f"/dags/{TYPED}/dagRuns", refused)


def _use_assets(api: RestApi, source: psycopg.Connection) -> None:
    [(asset,)] = source.execute("select id from asset where name like '%CANARY%'").fetchall()
    event = {"asset_id": asset, "extra": _json("rest_asset_event")}
    api.send("POST", "/assets/events", event)
    partition = {"partition_key": _field("rest_asset_event", "partition_key")}
    api.send("POST", "/assets/events", event | partition)
    body = {"conf": _json("rest_materialize"), "note": _field("rest_materialize", "note")}
    api.send("POST", f"/assets/{asset}/materialize", body)


def _answer(airflow: RunningAirflow, source: psycopg.Connection) -> None:
    api = airflow.api
    api.set_paused(ASKING, paused=False)
    api.trigger(ASKING, RUN)
    airflow.wait_until(
        "a question", lambda: not source.execute("select 1 from hitl_detail").fetchall(), _SECONDS
    )
    answer = {"chosen_options": ["yes"], "params_input": {"a": _field("rest_answer", "value")}}
    api.send("PATCH", f"/dags/{ASKING}/dagRuns/{RUN}/taskInstances/ask/-1/hitlDetails", answer)


def _configure_at_once(api: RestApi) -> None:
    for path, entity in (
        ("/connections", _connection("rest_bulk_connections", _field("rest_bulk", "conn_id"))),
        ("/variables", _variable("rest_bulk_variables", _field("rest_bulk", "key"))),
        ("/pools", _pool("rest_bulk_pools", _field("rest_bulk", "pool"))),
    ):
        api.send("PATCH", path, {"actions": [{"action": "create", "entities": [entity]}]})


def _administer(api: RestApi, prefix: str) -> None:
    """Make a user and a role with FAB's API."""
    role = {"name": _field("rest_roles", "role"), "actions": []}
    api.send("POST", f"{prefix}/roles", role)
    names = ("username", "email", "first_name", "last_name", "password")
    user = {name: _field("rest_users", name) for name in names}
    api.send("POST", f"{prefix}/users", user | {"roles": [{"name": role["name"]}]})


def _fill_in(pages: WebPages, source: psycopg.Connection) -> None:
    """Use the forms of Airflow 2."""
    where = "form_connection"
    connection = _connection(where, "")
    connection |= {"conn_id": _field(where, "conn_id"), "port": "443"}
    pages.fill("/connection/add", connection)
    pages.fill(
        "/variable/add",
        {
            "key": _field("form_variable", "key"),
            "val": _field("form_variable", "value"),
            "description": _field("form_variable", "description"),
        },
    )
    imported = json.dumps({_field("form_import", "key"): _field("form_import", "value")})
    pages.fill("/variable/varimport", {}, on="/variable/list/", file=imported)
    where = "form_pool"
    pool = {"pool": _field(where, "pool"), "description": _field(where, "description")}
    pages.fill("/pool/add", pool | {"slots": "2"})
    where = "form_trigger"
    run = {
        "run_id": _field(where, "run_id"),
        "conf": json.dumps(_json(where) | {"a": "text"}),
        "element_a": _field(where, "element"),
        "origin": f"/home?q={_field(where, 'origin')}",
    }
    pages.fill(f"/dags/{TYPED}/trigger", run)
    query = "select id from dag_run where run_id = %s"
    [(number,)] = source.execute(query, [run["run_id"]]).fetchall()
    pages.fill(f"/dagrun/edit/{number}", {"state": "failed", "note": _field("form_dagrun", "note")})
    marked = {"dag_id": TYPED, "task_id": "give", "dag_run_id": RUN}
    marked["execution_date"] = "2025-02-03T00:00:00+00:00"
    for path in ("/success", "/failed", "/clear"):
        origin = {"origin": f"/home?q={_field('form_mark', 'origin')}"}
        unknown = {_field("form_mark", "a"): _field("form_mark", "state"), "confirmed": "true"}
        pages.fill(path, marked | origin | unknown, on="/home")
    pages.fill(
        "/dagrun/action_post", {"action": "muldelete", "rowid": str(number)}, on="/dagrun/list/"
    )


def _add_user(pages: WebPages, source: psycopg.Connection) -> None:
    """Use the forms of FAB."""
    pages.fill(f"{pages.users}/roles/add", {"name": _field("form_roles", "role")})
    query = "select id from ab_role where name = 'Viewer'"
    [(role,)] = source.execute(query).fetchall()
    names = ("username", "email", "first_name", "last_name", "password")
    user = {name: _field("form_users", name) for name in names}
    user["email"] += "@example.com"
    user |= {"conf_password": user["password"], "roles": str(role), "active": "y"}
    pages.fill(f"{pages.users}/users/add", user)
    name = {field: _field("form_me", field) for field in ("first_name", "last_name")}
    pages.fill(f"{pages.users}/userinfoeditview/form", name)
