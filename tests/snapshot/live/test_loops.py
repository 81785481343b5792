"""A snapshot of Airflow 3.4 in the middle of a loop; its copy is at rest, and then goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest

from airflow_snapshot.quiesce import Unfinished
from tests.real_airflow.postgres import ThrowawayPostgres, execute
from tests.real_airflow.running import RunningAirflow, running_airflow
from tests.snapshot.airflow_copies import rows
from tests.snapshot.conftest import Snapshots
from tests.snapshot.live.dag_files import DRAINING, LOOPING, LOOPING_FILES, SECRET, STAYING
from tests.snapshot.texts import with_text

pytestmark = [pytest.mark.live_airflow, pytest.mark.timeout(900)]

VERSION = "3.4.0b2"
RUN = "of_production"
_SECONDS_OF_REST = 15
_ENVIRON = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
}
_GATE = "passes.__loop_gate"
_EARLIER_TRIES = (
    "select to_jsonb(task_instance) from task_instance where working_set is null order by id"
)
_REGIONS = "select dynamic_region::text from dynamic_region order by id"
_TRIES = "select to_jsonb(task_instance) from task_instance order by id"
_RUNS = "select to_jsonb(dag_run) from dag_run order by id"
# The second element of the second pass.
_WORKS = (
    "select task_instance.id, task_instance.state from task_instance"
    " join dynamic_region as elements on elements.id = region_id"
    " join dynamic_region as passes on passes.id = elements.parent_region_id"
    " where task_id = 'passes.works' and elements.parent_region_index = 1 and region_index = 1"
    " and working_set and task_instance.state = 'running'"
)
_FORKED = f"{_WORKS} and passes.forked_from_region_id is not null"


@dataclass(frozen=True)
class Taken:
    """A snapshot of an Airflow at work.

    Attributes:
        production: URL of the database, on which nothing runs any more.
        snapshots: Where it is.
        name: Its name.
    """

    production: str
    snapshots: Snapshots
    name: str


@pytest.fixture(scope="module")
def taken(
    migrated_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Taken:
    """A snapshot of a loop in its second pass, which is a fork because the first was cleared."""
    url = migrated_database(VERSION)
    snapshots = Snapshots(str(tmp_path_factory.mktemp("snapshots")), {})
    with running_airflow(VERSION, url, LOOPING_FILES, _ENVIRON | {STAYING: "1"}) as airflow:
        _trigger(airflow, url)
        airflow.wait_until("the second pass", lambda: not rows(url, _WORKS), 90)
        gate = f"task_id = '{_GATE}' and region_index = 0"
        [(gate_id,)] = rows(url, f"select id::text from task_instance where {gate}")
        body = {"dag_run_id": RUN, "task_instance_ids": [gate_id], "only_failed": False}
        airflow.api.send("POST", f"/dags/{LOOPING}/clearTaskInstances", body | {"dry_run": False})
        airflow.wait_until("its fork", lambda: not rows(url, _FORKED), 90)
        airflow.wait_until("the others", lambda: _states_to_come(url), 90)
        name = snapshots.take(url)
        airflow.kill()
    return Taken(url, snapshots, name)


def _trigger(airflow: RunningAirflow, url: str) -> None:
    airflow.wait_until("its DAGs", lambda: len(rows(url, "select from dag")) < 2, 120)
    for dag_id in (LOOPING, DRAINING):
        airflow.api.set_paused(dag_id, paused=False)
        airflow.api.trigger(dag_id, RUN)
    running = f"select from task_instance where dag_id = '{DRAINING}' and state = 'running'"
    airflow.wait_until("a run", lambda: not rows(url, running), 90)
    path = f"/dags/{DRAINING}?update_mask=scheduling_state"
    airflow.api.send("PATCH", path, {"scheduling_state": "draining"})


def _states_to_come(url: str) -> list[str]:
    wanted = (
        "task_id = 'is_mapped' and region_index = 1 and state = 'running'",
        "task_id = 'fails' and try_number = 2 and state = 'up_for_retry'",
        # An earlier try that has no final state.
        f"task_id = '{_GATE}' and working_set is null and state is null",
        # The element of the pass that was replaced has been stopped.
        "task_id = 'passes.works' and region_index = 1 and working_set is null",
    )
    return [where for where in wanted if not rows(url, f"select from task_instance where {where}")]


@pytest.fixture
def neutralised_copy(taken: Taken, postgres: ThrowawayPostgres) -> Callable[[Unfinished], str]:
    """Restore the snapshot and neutralise it; give the URL."""

    def make(unfinished: Unfinished) -> str:
        url = postgres.url(f"loops_{unfinished}")
        taken.snapshots.run("restore", taken.name, "--into", url, "--airflow-version", VERSION)
        earlier, regions = rows(url, _EARLIER_TRIES), rows(url, _REGIONS)
        dags = "select is_paused, is_draining from dag order by dag_id"
        assert rows(url, dags) == [(False, True), (False, False)]
        taken.snapshots.run("neutralise", "--into", url, "--unfinished", unfinished)
        assert rows(url, _EARLIER_TRIES) == earlier != []
        assert rows(url, _REGIONS) == regions != []
        assert rows(url, dags) == [(True, False), (True, False)]
        # The new Airflow gets a user of the same name, with a password of its own.
        execute(url, "update ab_user set username = 'before', email = 'before@example.com'")
        return url

    return make


def test_the_loop_goes_on_once_its_dag_is_unpaused(
    neutralised_copy: Callable[[Unfinished], str],
) -> None:
    url = neutralised_copy("cleared")
    earlier = rows(url, _EARLIER_TRIES)
    with running_airflow(VERSION, url, LOOPING_FILES, _ENVIRON) as airflow:
        _rest(airflow, url)
        for dag_id in (LOOPING, DRAINING):
            airflow.api.set_paused(dag_id, paused=False)
        ended = f"select from dag_run where run_id = '{RUN}' and state = 'success'"
        airflow.wait_until("the ends of both runs", lambda: len(rows(url, ended)) < 2, 120)
    assert rows(url, _EARLIER_TRIES) == earlier
    current = (
        "select task_id, region_index, try_number, state from task_instance where working_set"
        f" and dag_id = '{LOOPING}' and task_id <> 'passes.works' order by 1, 2"
    )
    assert rows(url, current) == [
        ("comes_after", -1, 1, "success"),
        ("fails", -1, 2, "success"),
        ("gives", -1, 1, "success"),
        ("is_mapped", 0, 1, "success"),
        ("is_mapped", 1, 1, "success"),
        (_GATE, 0, 2, "success"),
        (_GATE, 1, 1, "success"),
        (_GATE, 2, 1, "success"),
        ("passes.numbers", 0, 1, "success"),
        ("passes.numbers", 1, 1, "success"),
        ("passes.numbers", 2, 1, "success"),
    ]
    # Each pass adds one to what the pass before it returned.
    returned = (
        "select parent_region_index, region_index, value from xcom_v2"
        " join task_instance on task_instance.id = task_instance_id"
        " join dynamic_region on dynamic_region.id = region_id"
        " where task_id = 'passes.works' and working_set and key = 'return_value' order by 1, 2"
    )
    assert rows(url, returned) == [
        (0, 0, 1),
        (0, 1, 2),
        (1, 0, 2),
        (1, 1, 3),
        (2, 0, 3),
        (2, 1, 4),
    ]


def test_what_is_in_a_loop_ends_with_its_run(
    neutralised_copy: Callable[[Unfinished], str],
) -> None:
    url = neutralised_copy("failed")
    current = "select distinct state from task_instance where working_set order by 1"
    assert rows(url, current) == [("failed",), ("skipped",), ("success",)]
    assert rows(url, "select distinct state from dag_run") == [("failed",)]


def _rest(airflow: RunningAirflow, url: str) -> None:
    """Watch that no task instance and no run changes."""
    tries, runs = rows(url, _TRIES), rows(url, _RUNS)
    ended = time.monotonic() + _SECONDS_OF_REST
    airflow.wait_until("some rest", lambda: time.monotonic() < ended, 60)
    assert rows(url, _TRIES) == tries
    assert rows(url, _RUNS) == runs


def test_without_secrets(taken: Taken, postgres: ThrowawayPostgres) -> None:
    """In the real schema, with its constraints."""
    with psycopg.connect(taken.production) as connection:
        assert with_text(connection, SECRET) >= {
            ("xcom_v2", "value"),
            ("rtif_v2", "rendered_fields"),
        }
    source = {"AIRFLOW_SNAPSHOT_SOURCE": taken.production}
    told = taken.snapshots.run("take", "--exclude-secrets", **source)
    assert "does not know" not in told
    name = told.splitlines()[0]
    assert taken.snapshots.run("verify", name).startswith(f"PASS {name}")
    url = postgres.url("loops_without_secrets")
    taken.snapshots.run("restore", name, "--into", url, "--airflow-version", VERSION)
    with psycopg.connect(url) as connection:
        # The DAGs themselves stay.
        of_dags = {("dag_code", "source_code"), ("serialized_dag", "data")}
        assert with_text(connection, SECRET) == of_dags
    assert rows(url, _REGIONS) == rows(taken.production, _REGIONS)
