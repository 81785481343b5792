"""The DAGs that are made of tables: which, when, and what is said of those that are not made."""

from __future__ import annotations

import logging
import runpy
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from airflow import __version__ as airflow_version
from airflow.exceptions import AirflowFailException
from airflow_audit.dag_factory import table_export_dags
from airflow_audit.metadata_tables import metadata_tables

IS_AIRFLOW_2 = airflow_version.startswith("2.")
PREFIX = "airflow_metadata_export__"
STEPS = ["query", "stage", "check_staged", "load", "check_loaded", "clean_up"]
# What a DAG factory for Airflow 2.4 names.
TABLES_OF_2_4 = [
    "ab_permission",
    "ab_permission_view",
    "ab_permission_view_role",
    "ab_register_user",
    "ab_role",
    "ab_user",
    "ab_user_role",
    "ab_view_menu",
    "alembic_version",
    "callback_request",
    "connection",
    "dag",
    "dag_code",
    "dag_pickle",
    "dag_run",
    "dag_tag",
    "import_error",
    "job",
    "log",
    "log_template",
    "rendered_task_instance_fields",
    "sensor_instance",
    "serialized_dag",
    "session",
    "sla_miss",
    "slot_pool",
    "task_fail",
    "task_instance",
    "task_map",
    "task_reschedule",
    "trigger",
    "variable",
    "xcom",
]
GONE = {"sensor_instance"}
if not IS_AIRFLOW_2:
    GONE |= {"dag_pickle", "sla_miss", "task_fail"}
if not airflow_version.startswith(("2.", "3.0", "3.1")):
    GONE.add("callback_request")
if not airflow_version.startswith(("2.", "3.0", "3.1", "3.2", "3.3")):
    GONE |= {"rendered_task_instance_fields", "task_map", "xcom"}
SIXTY = [
    name for name, table in metadata_tables().items() if not table.exclusion_reason(airflow_version)
]


def tables_of(dags):
    return [dag_id[len(PREFIX) :] for dag_id in dags]


def crons(dags):
    # Airflow 2's name of it, Airflow 3's.
    return [getattr(dag, "schedule_interval", None) or dag.schedule for dag in dags.values()]


def test_every_table_of_this_airflow_by_default():
    names = tables_of(table_export_dags())
    assert len(names) > 30
    assert ("task_fail" in names) == IS_AIRFLOW_2
    assert ("dag_version" in names) != IS_AIRFLOW_2
    assert "xcom" not in names  # only when it is named
    assert "revoked_token" not in names  # never


def test_six_tasks_in_their_order():
    (dag,) = table_export_dags(tables=["dag_run"]).values()
    for before, after in zip(STEPS[:-1], STEPS[1:]):  # noqa: B905, RUF007  # Python 3.9
        assert dag.get_task(before).downstream_task_ids == {after}
    assert dag.task_dict.keys() == set(STEPS)
    # A teardown is no leaf, so it cannot make a failed run a good one; without a setup of its own
    # it runs whatever happened.
    clean_up = dag.get_task("clean_up")
    assert clean_up.is_teardown
    assert not clean_up.on_failure_fail_dagrun
    assert not [task for task in dag.tasks if task.is_setup]
    assert dag.max_active_runs == 1
    assert not dag.catchup


def test_starts_are_staggered_over_the_window():
    assert crons(table_export_dags(tables=["dag", "dag_run", "log"])) == [
        "0 0 * * *",
        "10 0 * * *",
        "20 0 * * *",
    ]
    over_midnight = table_export_dags(
        tables=["dag", "dag_run", "log", "job"],
        window_start="23:30",
        window_length=timedelta(hours=1),
    )
    assert crons(over_midnight) == ["30 23 * * *", "45 23 * * *", "0 0 * * *", "15 0 * * *"]
    many = crons(table_export_dags(tables=SIXTY))
    minutes = [int(cron.split()[0]) for cron in many]
    assert {cron.split(maxsplit=1)[1] for cron in many} == {"0 * * *"}
    assert minutes == sorted(minutes)
    assert max(minutes) < 30
    assert max(minutes.count(minute) for minute in range(30)) <= -(-len(SIXTY) // 30)


def test_schedules_are_in_utc_whatever_the_default_is():
    (dag,) = table_export_dags(tables=["dag"]).values()
    assert dag.timezone.utcoffset(datetime(2025, 7, 1)) == timedelta(0)  # noqa: DTZ001


def test_a_list_for_2_4_works_and_tells_what_is_left_out(caplog):
    with caplog.at_level(logging.INFO):
        dags = table_export_dags(tables=TABLES_OF_2_4)
    assert set(tables_of(dags)) == set(TABLES_OF_2_4) - GONE
    (line,) = [record.getMessage() for record in caplog.records if "not exported" in record.msg]
    for name in GONE:
        assert f"{name} (Airflow {airflow_version} has no such table; " in line
        assert all(f"| `{name}` | Airflow {airflow_version}" in d.doc_md for d in dags.values())
    assert "until 2.3" in line


def test_what_is_never_read_tells_why(caplog):
    with caplog.at_level(logging.INFO):
        dags = table_export_dags(
            tables={"some": ["revoked_token", "dag"], "no": ["dag_priority_parsing_request"]}
        )
    (dag,) = dags.values()
    assert dag.dag_id == f"{PREFIX}some"
    assert dag.get_task("query").tables == ["dag"]
    assert metadata_tables()["revoked_token"].reason in dag.doc_md
    assert metadata_tables()["revoked_token"].reason in caplog.text


def test_nothing_is_said_where_all_is_exported(caplog):
    (dag,) = table_export_dags(tables=["dag"]).values()
    assert "Not exported" not in dag.doc_md
    assert "not exported" not in caplog.text


def test_a_group_is_one_dag():
    dags = table_export_dags(tables={"runs": ["dag_run", "task_instance"], "people": ["ab_user"]})
    assert list(dags) == [f"{PREFIX}runs", f"{PREFIX}people"]
    runs = dags[f"{PREFIX}runs"]
    assert {tuple(task.tables) for task in runs.tasks} == {("dag_run", "task_instance")}
    assert {task.export_name for task in runs.tasks} == {"runs"}


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ("truncate", "mirror"),
        ("append", "append"),
        ("merge", "merge"),
        ("WRITE_TRUNCATE", "mirror"),
        ("WRITE_APPEND", "append"),
    ],
)
def test_write_dispositions(given, mode):
    (dag,) = table_export_dags(tables=["dag"], write_disposition=given).values()
    assert {task.mode for task in dag.tasks} == {mode}


def test_what_is_given_reaches_every_task():
    given = {
        "destination_schema": "exports",
        "environment_slug": "production",
        "source_conn_id": "source",
        "connection_id": "warehouse",
        "service_connection_name": "service",
        "warehouse": "snowflake",
        "stage_dir": "/mnt/stage",
        "project_dir": "/opt/project",
    }
    (dag,) = table_export_dags(
        tables=["dag"],
        dag_id_prefix="x_",
        tags=["one"],
        default_args={"owner": "audit", "retries": 7},
        **given,
    ).values()
    assert dag.dag_id == "x_dag"
    assert set(dag.tags) == {"one"}
    for task in dag.tasks:
        assert {name: getattr(task, name) for name in given} == given
        assert set(given) <= set(task.template_fields)
        assert (task.owner, task.retries, task.retry_delay) == ("audit", 7, timedelta(minutes=1))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"tables": ["dag_runs"]}, r"'dag_runs'.*Did you mean dag_run\?"),
        ({"tables": {"runs": ["task_instnace"]}}, r"tables\['runs'\].*mean task_instance\?"),
        ({"tables": ["dag", "dag"]}, "'dag' twice"),
        ({"tables": {"a": ["dag"], "b": ["dag"]}}, "dag in two groups"),
        ({"tables": []}, "list of names"),
        ({"tables": {}}, "no table"),
        ({"tables": {"a": []}}, r"tables\['a'\]"),
        ({"tables": "dag"}, "list of names"),
        ({"write_disposition": "replace"}, "'replace'.*truncate, append, merge"),
        ({"warehouse": "oracle"}, "'oracle'.*duckdb, snowflake"),
        ({"window_start": "24:00"}, "hour"),
        ({"window_start": "0:00"}, "HH:MM"),
        ({"window_length": 30}, "timedelta"),
        ({"window_length": timedelta(hours=25)}, "at most a day"),
        ({"stage_dir": "stage"}, "absolute path"),
    ],
)
def test_wrong_arguments_are_errors(wrong, said):
    with pytest.raises(ValueError, match=said):
        table_export_dags(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"environment_slug": "Production"},
        {"destination_schema": "a-b", "warehouse": "bigquery"},
    ],
)
def test_names_that_no_schema_can_have_are_errors(wrong):
    with pytest.raises(AirflowFailException):
        table_export_dags(**wrong)


def test_making_many_starts_no_process_and_reads_one_file(monkeypatch):
    metadata_tables.cache_clear()
    opened = []

    def refuse(*_, **__):
        raise AssertionError

    monkeypatch.setattr(subprocess.Popen, "__init__", refuse)
    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr(
        "pathlib.Path.read_text",
        lambda path, *_, _read=open, **__: opened.append(path.name) or _read(path).read(),
    )
    assert len(table_export_dags(tables=SIXTY)) == len(SIXTY) > 40
    assert opened == ["metadata_tables.json"]


def test_the_dag_file_makes_them_as_it_is():
    file = Path(__file__).parents[3] / "orchestrate" / "dags" / "table_export.py"
    made = runpy.run_path(str(file))
    assert tables_of(table_export_dags()) == [
        name[len(PREFIX) :] for name in made if name.startswith(PREFIX)
    ]
