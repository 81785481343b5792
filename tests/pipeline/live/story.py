"""A few minutes in the life of an Airflow: runs of its example DAGs, what users do, and syncs."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.extract.source_rows import has_row_per_try
from tests.pipeline.live import people
from tests.pipeline.live.dag_files import AT_FIRST, BROKEN_FILE, MENDED, NIGHTLY, TYPED
from tests.pipeline.live.syncs import (
    FINISHED,
    Sync,
    newest_manifest,
    read_source,
    read_warehouse,
)
from tests.pipeline.meltano_runs import Pipeline
from tests.real_airflow.install import AirflowCommandError
from tests.real_airflow.running import RunningAirflow, running_airflow
from tests.transform.running_dbt import WHAT_GOES_ON, WITHOUT_TESTS

# Its task waits for half a minute without a worker. While it does the DAG is paused, so that the
# run stays open, however long a sync takes.
WAITING = "example_time_delta_sensor_async"
# Maps tasks over what another task returns: until that is done, one row stands for all of them.
MAPPED = "example_params_trigger_ui"
PAUSED_LATER = "example_skip_dag"
DELETED_LATER = "example_xcom_args"
# Of the other examples those that need no network, no folder and nothing that is not installed.
_OTHERS = (
    "example_branch_labels",
    "example_dynamic_task_mapping",
    "example_nested_branch_dag",
    "example_setup_teardown",
    "example_short_circuit_operator",
    "example_task_group",
    "example_trigger_controller_dag",
    "example_xcom",
    "latest_only_with_trigger",
)
# By Airflow's major version.
_TRIGGERED_BY_OTHERS = {
    "2": {"dataset_consumes_1", "example_trigger_target_dag"},
    "3": {"asset_consumes_1", "example_trigger_target_dag"},
}
_PRODUCER = {"2": "dataset_produces_1", "3": "asset_produces_1"}
_FAILING = {
    "2": ("read_dataset_event_from_classic", "read_dataset_event_from_classic"),
    "3": ("example_failed_dag", "fail_task"),
}
# Since 3.4: a loop, of which the second iteration is cleared later, and a mapped task in a loop.
LOOP, LOOP_GATE = "fixed_task_loop", "accumulate.__loop_gate"
MAPPED_LOOP = "mapped_task_loop"
# Those of them that have begun, but not ended, as a sync begins.
_MEANWHILE = ("example_setup_teardown", "example_task_group", "example_xcom")

# A user and the only role they have.
NEWCOMER, NEW_ROLE = "rita", "night_shift"
BACKFILLED = ("2025-02-03", "2025-02-04")

FIRST, SECOND = "live_1", "live_2"
_SECONDS_TO_PARSE = 180
_SECONDS_TO_RUN = 240


@dataclass(frozen=True)
class Story:
    """What happened.

    Attributes:
        version: Airflow's version.
        failing: A DAG and its task, which fails whenever it runs. Between the first and the second
            sync the task was cleared in run `FIRST`, and marked as success in run `SECOND`.
        first: A sync while tasks ran, one waited, and mapped ones were not expanded.
        second: The next one, after more runs, a deletion and a pause, while tasks ran again.
        full: A full pass, after people had typed a marker into every field, and Airflow was
            stopped.
        warehouse: The DuckDB file; its marts were built after the first sync and after the full
            pass.
        pipe: What syncs and builds it.
        printed: What the full pass and the last build printed.
    """

    version: str
    failing: tuple[str, str]
    first: Sync
    second: Sync
    full: Sync
    warehouse: Path
    pipe: Pipeline
    printed: str


def play(version: str, database_url: str, pipe: Pipeline) -> Story:
    """Run Airflow on a database that is new, and the pipeline beside it.

    Raises:
        PythonNotFoundError: No Python it runs on is on this machine.
        AirflowCommandError: It could not be installed, or a command of it failed.
        RunningAirflowError: It stopped, or did not run what it was to run.
    """
    dag_id, task_id = failing = _FAILING[version[0]]
    at_once = {*_OTHERS, *_loops(version), _PRODUCER[version[0]]}
    at_once |= {PAUSED_LATER, DELETED_LATER, dag_id}
    wanted = at_once | _TRIGGERED_BY_OTHERS[version[0]]
    say = _Clock()
    with (
        running_airflow(version, database_url, AT_FIRST) as airflow,
        psycopg.connect(database_url, autocommit=True) as source,
    ):
        say.done("started")
        api = airflow.api
        _wait_for_dags(airflow, source, wanted | {WAITING, MAPPED, NIGHTLY, TYPED})
        airflow.wait_until("a broken file", lambda: not _broken_files(source), _SECONDS_TO_PARSE)
        say.done("files parsed")
        for name in sorted(wanted | {WAITING, NIGHTLY}):
            api.set_paused(name, paused=False)
        for name in sorted(at_once):
            api.trigger(name, FIRST)
        api.trigger(dag_id, SECOND)
        api.trigger(MAPPED, FIRST)
        _wait_for_runs(airflow, source, wanted | {NIGHTLY})
        _begin_what_goes_on(airflow, source, FIRST)
        say.done("first runs")
        first = _sync(pipe, version)
        say.done("first sync")
        # The last build has all the tests.
        _dbt(pipe, "dbt", "build", *WITHOUT_TESTS, *WHAT_GOES_ON)
        say.done("first build")

        for name in (MAPPED, WAITING):
            api.set_paused(name, paused=False)
        api.clear(dag_id, FIRST, task_ids=[task_id])
        api.mark(dag_id, SECOND, task_id, "success")
        api.set_paused(PAUSED_LATER, paused=True)
        api.delete_run(DELETED_LATER, FIRST)
        _clear_second_iteration(airflow, source, version)
        airflow.write_dag_file(BROKEN_FILE, MENDED)
        airflow.run("roles", "create", NEW_ROLE)
        airflow.create_user(NEWCOMER, NEW_ROLE, password=secrets.token_hex())
        if version.startswith("2."):
            _backfill_by_command(airflow)
        else:
            api.backfill(NIGHTLY, *BACKFILLED)
        _wait_for_runs(airflow, source, (wanted | {MAPPED, WAITING, NIGHTLY}) - {DELETED_LATER})
        airflow.wait_until(
            "the file to be mended", lambda: _broken_files(source), _SECONDS_TO_PARSE
        )
        _begin_what_goes_on(airflow, source, SECOND)
        say.done("second runs")
        second = _sync(pipe, version)
        say.done("second sync")
        people.type_everywhere(airflow, version, database_url, source)
        say.done("typed")
    say.done("stopped")
    full = _sync(pipe, version, "--full-refresh")
    say.done("full pass")
    printed = full.printed + _dbt(pipe, "dbt:build")
    say.done("second build")
    print({table: len(rows) for table, rows in full.after.items() if rows})
    return Story(version, failing, first, second, full, pipe.warehouse, pipe, printed)


class _Clock:
    """Prints how long each phase took."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def done(self, phase: str) -> None:
        now = time.monotonic()
        print(f"{phase}: {now - self._last:.0f} s")
        self._last = now


def _sync(pipe: Pipeline, version: str, *arguments: str) -> Sync:
    before = read_source(pipe.database_url, version)
    printed = pipe.sync(*arguments)
    after = read_source(pipe.database_url, version)
    return Sync(
        before=before,
        after=after,
        loaded=read_warehouse(pipe, version, marked=False),
        marked=read_warehouse(pipe, version, marked=True),
        manifest=newest_manifest(pipe),
        printed=printed,
    )


def _dbt(pipe: Pipeline, *arguments: str) -> str:
    exit_code, output = pipe.meltano("invoke", *arguments)
    assert exit_code == 0, output
    return output


def _broken_files(source: psycopg.Connection) -> list[object]:
    query = "select filename from import_error where filename like %s"
    return source.execute(query, [f"%{BROKEN_FILE}"]).fetchall()


def _wait_for_dags(airflow: RunningAirflow, source: psycopg.Connection, dag_ids: set[str]) -> None:
    def missing() -> set[str]:
        return dag_ids - {
            dag_id for (dag_id,) in source.execute("select dag_id from serialized_dag")
        }

    airflow.wait_until("the examples to be parsed", missing, _SECONDS_TO_PARSE)


def _wait_for_runs(airflow: RunningAirflow, source: psycopg.Connection, dag_ids: set[str]) -> None:
    """Wait until every DAG of some has run, and every run of theirs is finished."""
    query = "select dag_id, run_id, state from dag_run where dag_id = any(%s)"

    def missing() -> list[object]:
        runs = source.execute(query, [list(dag_ids)]).fetchall()
        never = dag_ids - {dag_id for dag_id, _, _ in runs}
        return [run for run in runs if run[2] not in FINISHED] + [
            (name, "no run") for name in never
        ]

    airflow.wait_until("runs to finish", missing, _SECONDS_TO_RUN)


def _backfill_by_command(airflow: RunningAirflow) -> None:
    first_day, last_day = BACKFILLED
    command = ("dags", "backfill", NIGHTLY, "-s", first_day, "-e", last_day)
    try:
        airflow.run(*command)
    except AirflowCommandError:
        # Now and then it loses its connection as it starts, before it has made a run.
        airflow.run(*command)


def _loops(version: str) -> set[str]:
    return {LOOP, MAPPED_LOOP} if has_row_per_try(version) else set()


def _clear_second_iteration(
    airflow: RunningAirflow, source: psycopg.Connection, version: str
) -> None:
    """Clear its gate: the loop goes on from there in another region."""
    if not _loops(version):
        return
    query = """
        select id::text from task_instance
        where dag_id = %s and task_id = %s and region_index = 1 and working_set
    """
    [(gate,)] = source.execute(query, [LOOP, LOOP_GATE]).fetchall()
    airflow.api.clear(LOOP, FIRST, task_instance_ids=[gate])


def _begin_what_goes_on(airflow: RunningAirflow, source: psycopg.Connection, run_id: str) -> None:
    airflow.api.trigger(WAITING, run_id)
    query = "select state from task_instance where dag_id = %s and run_id = %s and task_id = 'wait'"

    def missing() -> list[object]:
        states = source.execute(query, [WAITING, run_id]).fetchall()
        return [state for state in states or ["no task"] if state != ("deferred",)]

    airflow.wait_until(f"{WAITING} to wait", missing, _SECONDS_TO_RUN)
    airflow.api.set_paused(WAITING, paused=True)
    for dag_id in _MEANWHILE:
        airflow.api.trigger(dag_id, f"meanwhile_{run_id}")
