"""Facts are built incrementally: a full refresh gives the same rows, whatever changed before."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import pytest

from tests.transform.conftest import BOTH
from tests.transform.daily_rows import AIRFLOW_DAILY, DAGS, DAILY, change_days
from tests.transform.environments import THREE, TWO, at
from tests.transform.mart_rows import marts
from tests.transform.random_airflow import SLUG, RandomAirflow
from tests.transform.raw_tables import SYNCED_AT, Row, SourceChanges, load_environment
from tests.transform.running_dbt import DbtProject

OLD = "legacy"
# Of random changes.
ROUNDS = 5
ALL = f"{BOTH},{OLD},{DAILY}"
NEXT_SYNC = SYNCED_AT + timedelta(days=1)
LAST_SYNC = SYNCED_AT + timedelta(days=2)

FACTS = {
    "fct_audit_events": "log_id",
    "fct_dag_runs": "dag_run_id",
    "fct_task_attempts": "run_id, try_number",
    "fct_task_instances": "run_id",
}

# An environment of Airflow 2.9, where only failed tries are kept, and without a number.
_RUN = {"dag_id": "sales", "run_id": "r"}
AIRFLOW_2_9: dict[str, list[Row]] = {
    "dag": [{"dag_id": "sales", "is_active": True}],
    "dag_run": [{"id": 1, "dag_id": "sales", "run_id": "r", "run_type": "scheduled"}],
    "task_instance": [
        _RUN
        | {"task_id": "retried", "map_index": -1, "state": "up_for_retry", "try_number": 1}
        | {"start_date": at(1), "end_date": at(1, 1)},
        _RUN
        | {"task_id": "cleared", "map_index": -1, "state": "success", "try_number": 1}
        | {"start_date": at(1), "end_date": at(1, 1)},
        _RUN
        | {"task_id": "put_off", "map_index": -1, "state": "deferred", "try_number": 1}
        | {"start_date": at(2)},
        _RUN
        | {"task_id": "steady", "map_index": -1, "state": "success", "try_number": 3}
        | {"start_date": at(2), "end_date": at(2, 1)},
    ],
    "task_fail": [
        _RUN
        | {"id": 1, "task_id": "retried", "map_index": -1}
        | {"start_date": at(1), "end_date": at(1, 1)},
        _RUN
        | {"id": 2, "task_id": "put_off", "map_index": -1}
        | {"start_date": at(1), "end_date": at(1, 1)},
        _RUN
        | {"id": 3, "task_id": "steady", "map_index": -1}
        | {"start_date": at(1, 2), "end_date": at(1, 3)},
        _RUN
        | {"id": 4, "task_id": "steady", "map_index": -1}
        | {"start_date": at(1), "end_date": at(1, 1)},
    ],
    "ab_user": [{"id": 1, "username": "ann", "active": True, "created_on": at(1)}],
    "ab_role": [{"id": 1, "name": "Admin"}],
    "ab_user_role": [{"id": 1, "user_id": 1, "role_id": 1}],
    "log": [{"id": 1, "dttm": at(1), "event": "trigger", "dag_id": "sales", "owner": "ann"}],
}


def sync(source: SourceChanges, *tables: str) -> None:
    """Read all rows of some tables again, as tables are that tell of no changes."""
    for table in tables:
        source.change(table, "_sdc_deleted_at is null")


def first_changes(warehouse: duckdb.DuckDBPyConnection) -> None:
    """What the second round of changes needs to be there before."""
    two = SourceChanges(warehouse, TWO, NEXT_SYNC)
    manual = {"dag_id": "sales", "run_type": "manual", "state": "running"}
    two.add(
        "dag_run",
        manual | {"id": 10, "run_id": "explained_later", "queued_at": at(20, second=1)},
        manual | {"id": 11, "run_id": "explained_wrongly", "queued_at": at(21, second=5)},
        manual | {"id": 12, "run_id": "made_again", "queued_at": at(22)},
    )
    two.add(
        "log", {"id": 10, "dttm": at(21), "event": "trigger", "dag_id": "sales", "owner": "joe"}
    )
    made_again = {"dag_id": "sales", "run_id": "made_again", "map_index": -1, "state": "success"}
    times = {"start_date": at(22), "end_date": at(22, 1)}
    two.add(
        "task_instance",
        made_again | times | {"task_id": "runs_again", "try_number": 2},
        made_again | times | {"task_id": "is_not_read_again", "try_number": 1},
    )
    two.add(
        "task_instance_history",
        made_again | times | {"id": 10, "task_id": "runs_again", "try_number": 1},
    )
    three = SourceChanges(warehouse, THREE, NEXT_SYNC)
    mapped = {"dag_id": "sales", "run_id": "scheduled__1", "task_id": "will_expand"}
    three.add("task_instance", mapped | {"map_index": -1, "try_number": 0})


def more_changes(warehouse: duckdb.DuckDBPyConnection) -> None:
    two = SourceChanges(warehouse, TWO, LAST_SYNC)
    two.change("dag_run", "id = 2", state="success", end_date=at(11, 10))
    two.add("dag_run_note", {"dag_run_id": 4, "user_id": "1"})
    two.delete("dag_run", "id = 1")
    two.delete("log", "id = 5")
    two.add("log", {"id": 12, "dttm": at(25), "event": "clear", "dag_id": "sales", "owner": "jane"})
    # A try is superseded; the history is read whole every time.
    two.change(
        "task_instance", "run_id = 'scheduled__1'", state="running", try_number=3, start_date=at(25)
    )
    sync(two, "task_instance_history")
    superseded = {"dag_id": "sales", "run_id": "scheduled__1", "task_id": "load", "map_index": -1}
    two.add(
        "task_instance_history",
        superseded
        | {"id": 20, "try_number": 2, "state": "success"}
        | {"start_date": at(10, 0, 5, 2.25), "end_date": at(10, 0, 6, 2.25), "duration": 60.0},
    )
    # Only the history tells that this try is gone.
    two.delete("task_instance_history", "id = 2")
    # The audit log is read after the runs that it explains.
    two.add(
        "log", {"id": 11, "dttm": at(20), "event": "trigger", "dag_id": "sales", "owner": "jane"}
    )
    # This run comes between an event and the run that it seemed to explain.
    two.add(
        "dag_run",
        {"id": 13, "dag_id": "sales", "run_id": "first", "run_type": "manual"}
        | {"queued_at": at(21, second=2)},
    )
    # Deleted and made again, with the same name.
    two.delete("dag_run", "id = 12")
    two.delete("task_instance_history", "id = 10")
    two.add("dag_run", {"id": 14, "dag_id": "sales", "run_id": "made_again", "run_type": "manual"})
    two.change(
        "task_instance", "task_id = 'runs_again'", try_number=1, start_date=at(26), end_date=None
    )
    # The name jane means another user from now on.
    two.delete("ab_user", "id = 1")
    two.add("ab_user", {"id": 7, "username": "jane", "active": True, "created_on": at(26)})

    three = SourceChanges(warehouse, THREE, LAST_SYNC)
    expanded = {"dag_id": "sales", "run_id": "scheduled__1", "task_id": "will_expand"}
    three.add("task_instance", *(expanded | {"map_index": i, "try_number": 0} for i in (0, 1)))
    three.change("task_instance", "task_id = 'mapped' and map_index = 0", state="removed")

    old = SourceChanges(warehouse, OLD, LAST_SYNC)
    old.change(
        "task_instance", "task_id = 'retried'", state="failed", try_number=2, start_date=at(3)
    )
    old.add(
        "task_fail", _RUN | {"id": 9, "task_id": "retried", "map_index": -1, "start_date": at(3)}
    )
    # Its only try is not known any more.
    old.change("task_instance", "task_id = 'cleared'", state=None)
    old.change("task_instance", "task_id = 'put_off'", state="running", try_number=2)
    # Nothing but the failures changes.
    old.add(
        "task_fail",
        _RUN | {"id": 8, "task_id": "steady", "map_index": -1, "start_date": at(1, 1, 30)},
    )


def build(project: DbtProject, slugs: str, *arguments: str) -> None:
    run = project.run("run", *arguments, ENVIRONMENT_SLUGS=slugs)
    assert run.exit_code == 0, run.output


def build_again(project: DbtProject) -> dict[str, list[tuple[object, ...]]]:
    """Build incrementally, and all anew; return the marts, which have to be the same."""
    # The views say the same as before, of the same environments.
    tables = ("--exclude", "config.materialized:view")
    build(project, ALL, *tables)
    incremental = marts(project)
    build(project, ALL, *tables, "--full-refresh")
    refreshed = marts(project)
    for mart, rows in refreshed.items():
        assert incremental[mart] == rows, mart
    return refreshed


def test_a_full_refresh_gives_the_same_rows(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        load_environment(warehouse, OLD, "2.9.3", AIRFLOW_2_9)
        load_environment(warehouse, DAILY, "2.11.0", AIRFLOW_DAILY)
        first_changes(warehouse)
    build(project, ALL)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        compared = warehouse.execute(
            "select distinct dag_id from airflow_audit.agg_tasks_daily"
            " where environment_slug = ? and duration_z_score is not null",
            [DAILY],
        ).fetchall()
        assert {dag_id for (dag_id,) in compared} == set(DAGS)
        more_changes(warehouse)
        change_days(SourceChanges(warehouse, DAILY, NEXT_SYNC))
    build_again(project)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        gone = SourceChanges(warehouse, DAILY, LAST_SYNC)
        # The last try of a day goes, and one with which nothing is left of its pool.
        for table in ("task_instance", "dag_run"):
            gone.lose(table, "dag_id = 'vanished' and run_id in ('day_5', 'day_30')")
        gone.lose("task_instance", "pool = 'deferring'")
        # Nothing is read but what is read whole, and that a sync has been, until which running
        # tries go on.
        sync(gone, "task_instance_history", "_sync_manifest")
    refreshed = build_again(project)
    # An environment that is not named any more is gone from all of them.
    build(project, f"{TWO},{OLD},{DAILY}")
    without_three = marts(project)
    for mart, rows in refreshed.items():
        assert without_three[mart] == [row for row in rows if THREE not in row], mart


@pytest.mark.parametrize("seed", [1, 20261125])
def test_a_full_refresh_gives_the_same_rows_whatever_happens(
    project: DbtProject, seed: int
) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        airflow = RandomAirflow(warehouse, seed)
    without_tests = ("build", "--exclude-resource-type", "test", "unit_test")
    views = ()
    for _ in range(ROUNDS + 1):
        run = project.run(*without_tests, *views, ENVIRONMENT_SLUGS=SLUG)
        assert run.exit_code == 0, run.output
        # They say the same from then on.
        views = ("--exclude", "config.materialized:view")
        before = marts(project)
        with duckdb.connect(str(project.warehouse)) as warehouse:
            airflow.live(warehouse, changes=12)
    assert len(before["fct_task_attempts"]) > 150
    build(project, SLUG, *views)
    incremental = marts(project)
    assert incremental != before
    build(project, SLUG, *views, "--full-refresh")
    refreshed = marts(project)
    for mart, rows in refreshed.items():
        assert incremental[mart] == rows, mart


def test_only_what_changed_is_built_again(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        for fact in FACTS:
            warehouse.execute(f"update airflow_audit.{fact} set dag_key = 'not built again'")
        two = SourceChanges(warehouse, TWO, NEXT_SYNC)
        two.change("log", "id = 2", owner="ops")
        two.change("dag_run", "id = 4", state="failed")
        two.change("task_instance", "run_id = 'again'", state="failed")
    build(project, BOTH, "--exclude", "config.materialized:view")
    with duckdb.connect(str(project.warehouse)) as warehouse:
        built = {
            fact: warehouse.execute(
                f"select {ids} from airflow_audit.{fact}"
                " where environment_slug = ? and dag_key <> 'not built again' order by all",
                [TWO],
            ).fetchall()
            for fact, ids in FACTS.items()
        }
    assert built == {
        "fct_audit_events": [(2,)],
        # Runs by hand are always built: the audit log explains them.
        "fct_dag_runs": [(2,), (4,)],
        "fct_task_attempts": [("again", 1)],
        "fct_task_instances": [("again",)],
    }


def test_tries_without_a_number_come_before_the_latest(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        load_environment(warehouse, OLD, "2.9.3", AIRFLOW_2_9)
    build(project, OLD, "--select", "+fct_task_attempts")
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'")
        attempts = warehouse.execute(
            "select task_id, try_number, state, is_latest_try, is_wasted, started_at"
            " from airflow_audit.fct_task_attempts order by all"
        ).fetchall()
    assert attempts == [
        ("cleared", 1, "success", True, False, at(1)),
        ("put_off", 1, "failed", False, True, at(1)),
        ("put_off", 2, "deferred", True, False, at(2)),
        ("retried", 1, "up_for_retry", True, True, at(1)),
        ("steady", 1, "failed", False, True, at(1)),
        ("steady", 2, "failed", False, True, at(1, 2)),
        ("steady", 3, "success", True, False, at(2)),
    ]
