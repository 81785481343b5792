"""The pipeline beside a real, running Airflow: what it has done is in the warehouse, as it is."""

from __future__ import annotations

import pytest

from tests.extract.source_rows import has_row_per_try
from tests.pipeline.live.conftest import TAKES_LONG
from tests.pipeline.live.story import (
    DELETED_LATER,
    FIRST,
    MAPPED,
    NEWCOMER,
    PAUSED_LATER,
    SECOND,
    WAITING,
)
from tests.pipeline.live.syncs import DEFAULT_TABLES, differences
from tests.real_airflow.running import USER

pytestmark = TAKES_LONG

# The large tables, which are not read whole every time.
HISTORY = ("dag_run", "log", "task_instance")
# `MAPPED` has a mapped task for each. One row with map_index -1 stands for the task until it is
# known how many there are; then Airflow makes that row the one with map_index 0. Its id stays.
LANGUAGES = ("english", "french", "german")


@pytest.mark.parametrize("which", ["first", "second"])
def test_every_row_that_was_the_same_all_along_equals_the_source(told, which):
    sync = getattr(told, which)
    for table in DEFAULT_TABLES:
        assert differences(sync.loaded[table], sync.settled(table)) == {}, table
    finished = sync.finished("dag_run").values()
    assert len({run["dag_id"] for run in finished}) >= 10
    assert {"success", "failed"} <= {run["state"] for run in finished}
    assert len(sync.finished("task_instance")) > 60
    assert len(sync.settled("log")) > 60


@pytest.mark.parametrize(("which", "run_id"), [("first", FIRST), ("second", SECOND)])
def test_what_was_going_on_during_the_sync_is_there_too(told, which, run_id):
    sync = getattr(told, which)
    assert len(sync.settled("task_instance")) < len(sync.after["task_instance"])
    # It is scheduled to go on once it has waited, but not queued, because the DAG is paused.
    state = sync.task_instances()[WAITING, "wait", run_id, -1]["state"]
    assert state in {"deferred", "scheduled"}
    runs = sync.loaded["dag_run"].values()
    states = {(run["dag_id"], run["run_id"]): run["state"] for run in runs}
    assert states[WAITING, run_id] == "running"


def test_the_second_sync_read_only_a_part(told):
    for table in HISTORY:
        manifest = told.second.manifest[table]
        assert not manifest["is_full_read"]
        assert 0 < manifest["sent_rows"] < manifest["source_rows"]


def test_a_task_done_again_has_one_current_row_and_its_first_try_beside(told):
    key = (*told.failing, FIRST, -1)
    first, second = (sync.task_instances()[key] for sync in (told.first, told.second))
    assert (first["try_number"], second["try_number"]) == (1, 2)
    if has_row_per_try(told.version):
        earlier = told.second.loaded["task_instance"][first["id"],]
        assert (earlier["working_set"], earlier["archived_reason"]) == (None, "retry")
        assert (first["id"],) not in told.full.marked["task_instance"]
    else:
        earlier = told.second.loaded["task_instance_history"][(*key, 1)]
        assert key not in told.full.marked["task_instance"]
        if told.version.startswith("3."):
            assert first["id"] == earlier["task_instance_id"]
    assert earlier["end_date"] == first["end_date"]
    assert first["id"] is None or first["id"] != second["id"]


def test_what_users_did_is_there(told):
    marked = (*told.failing, SECOND, -1)
    states = [s.task_instances()[marked]["state"] for s in (told.first, told.second)]
    assert states == ["failed", "success"]
    paused = [s.loaded["dag"][PAUSED_LATER,]["is_paused"] for s in (told.first, told.second)]
    assert paused == [False, True]
    mine = [row for row in told.second.loaded["log"].values() if row["owner"] == USER]
    assert len({row["event"] for row in mine}) >= 5
    users = told.second.loaded["ab_user"].values()
    assert {(user["username"], user["email"]) for user in users} == {(USER, None), (NEWCOMER, None)}


def test_rows_gone_from_the_source_stay_and_are_marked_by_the_next_full_pass(told):
    placeholders = {(MAPPED, f"generate_{name}_greeting", FIRST, -1) for name in LANGUAGES}
    assert placeholders <= told.first.task_instances().keys()
    for table in ("dag_run", "task_instance"):
        loaded = told.first.loaded[table]
        gone = {
            key: row
            for key, row in loaded.items()
            if (row["dag_id"], row["run_id"]) == (DELETED_LATER, FIRST) or key in placeholders
        }
        assert gone
        assert told.second.loaded[table].keys() - told.second.after[table].keys() == gone.keys()
        assert told.second.marked[table] == {}
        assert told.full.marked[table] == gone


def test_a_full_pass_leaves_exactly_what_the_source_holds(told):
    for table in DEFAULT_TABLES:
        source = told.full.after[table]
        assert told.full.before[table] == source, "Airflow still runs"
        assert differences(told.full.loaded[table], source) == {}, table
        assert told.full.loaded[table].keys() == source.keys()
        manifest = told.full.manifest[table]
        assert manifest["is_full_read"]
        assert manifest["source_rows"] == manifest["sent_rows"] == len(told.full.loaded[table])
