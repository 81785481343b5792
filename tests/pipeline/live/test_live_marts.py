"""What was done to a real, running Airflow shows in the marts."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from tests.pipeline.live.conftest import TAKES_LONG
from tests.pipeline.live.dag_files import BROKEN_FILE, FAILS_ONCE, NIGHTLY
from tests.pipeline.live.story import (
    BACKFILLED,
    DELETED_LATER,
    FIRST,
    NEW_ROLE,
    NEWCOMER,
    PAUSED_LATER,
    SECOND,
    Story,
)
from tests.real_airflow.running import USER

pytestmark = TAKES_LONG

Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def ask(told: Story) -> Ask:
    """Query the marts."""

    def query(text: str, *values: object) -> list[tuple[object, ...]]:
        with duckdb.connect(str(told.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'; use airflow_audit")
            return connection.execute(text, values).fetchall()

    return query


def test_a_retry_is_an_attempt_of_its_own(ask: Ask) -> None:
    attempts = ask(
        "select try_number, attempts.state, is_wasted, is_latest_try"
        " from fct_task_attempts as attempts join fct_dag_runs using (dag_run_key)"
        " where attempts.dag_id = ? and task_id = ? and run_type = 'scheduled' order by all",
        *(NIGHTLY, FAILS_ONCE),
    )
    assert attempts == [(1, "failed", True, False), (2, "success", False, True)]


def test_a_cleared_task_has_both_attempts_and_its_run_the_count(told: Story, ask: Ask) -> None:
    assert ask(
        "select list(try_number order by try_number), min(clear_count) from fct_task_attempts"
        " join fct_dag_runs using (dag_run_key)"
        " where fct_task_attempts.dag_id = ? and task_id = ? and fct_task_attempts.run_id = ?",
        *(*told.failing, FIRST),
    ) == [([1, 2], 1)]


def test_what_a_user_did_is_an_intervention_of_theirs(told: Story, ask: Ask) -> None:
    done = ask(
        "select action, dag_id, run_id from fct_manual_interventions where actor_name = ?", USER
    )
    dag_id, _ = told.failing
    assert {
        ("clear", dag_id, FIRST),
        ("mark", dag_id, SECOND),
        ("delete", DELETED_LATER, FIRST),
    } <= set(done)
    assert ("pause", PAUSED_LATER) in {(action, dag) for action, dag, _ in done}


def test_a_task_marked_as_success_is_one(told: Story, ask: Ask) -> None:
    assert ask(
        "select state from fct_task_instances where dag_id = ? and task_id = ? and run_id = ?",
        *(*told.failing, SECOND),
    ) == [("success",)]


def test_runs_keep_the_end_that_they_had_before_they_were_cleared_or_marked(
    told: Story, ask: Ask
) -> None:
    """The first sync saw it."""
    dag_id, task_id = told.failing
    assert ask(
        "select outcome_number, state, evidence, is_current, was_set_by_hand"
        " from fct_dag_run_outcomes where dag_id = ? and run_id = ? order by 1",
        *(dag_id, FIRST),
    ) == [(1, "failed", "earlier_sync", False, False), (2, "failed", "dag_run", True, False)]
    assert ask(
        "select run_id, first_state, first_started_at < started_at, was_ended_by_hand"
        " from fct_dag_runs where dag_id = ? and run_id in (?, ?) order by 1",
        *(dag_id, FIRST, SECOND),
    ) == [(FIRST, "failed", True, False), (SECOND, "failed", False, False)]
    assert ask(
        "select state, first_state, was_repaired_by_hand from fct_task_instances"
        " where dag_id = ? and task_id = ? and run_id = ?",
        *(dag_id, task_id, SECOND),
    ) == [("success", "failed", True)]


def test_a_deleted_run_stays_and_is_flagged(ask: Ask) -> None:
    assert ask(
        "select is_deleted_at_source from fct_dag_runs where dag_id = ? and run_id = ?",
        *(DELETED_LATER, FIRST),
    ) == [(True,)]


def test_a_pause_ends_one_version_of_the_dag_and_begins_another(ask: Ask) -> None:
    assert ask(
        "select is_paused, valid_to_at is null from dim_dags_history where dag_id = ?"
        " order by valid_from_at",
        PAUSED_LATER,
    ) == [(False, False), (True, True)]


def test_mapped_tasks_have_an_attempt_for_each_element(ask: Ask) -> None:
    assert ask(
        "select task_id, count(distinct map_index) from fct_task_attempts"
        " where dag_id = 'example_dynamic_task_mapping' and is_mapped group by all"
    ) == [("add_one", 3)]


def test_a_backfill_is_told_from_other_runs(told: Story, ask: Ask) -> None:
    runs = ask(
        "select strftime(logical_at, '%Y-%m-%d'), state from fct_dag_runs"
        " where dag_id = ? and is_backfill order by 1",
        NIGHTLY,
    )
    assert runs == [(day, "success") for day in BACKFILLED]
    if told.version.startswith("3."):
        backfills = "select triggered_by_username from fct_backfills where dag_id = ?"
        assert ask(backfills, NIGHTLY) == [(USER,)]


def test_a_new_user_has_the_role_and_the_rights_of_it(told: Story, ask: Ask) -> None:
    assert ask("select role_names, is_admin from dim_users where username = ?", NEWCOMER) == [
        (NEW_ROLE, False)
    ]
    rights = "select role_name, action_name, resource_name from fct_user_permissions"
    # Airflow 3 gives a new role a right by itself.
    by_itself = [] if told.version.startswith("2.") else [(NEW_ROLE, "can_read", "Website")]
    assert ask(f"{rights} where username = ?", NEWCOMER) == by_itself


def test_a_change_is_told_once_by_whoever_made_it(ask: Ask) -> None:
    made = ask(
        "select object_type, object_name, role_name, actor_kind from fct_config_changes"
        " where action = 'create' and object_name in (?, ?)",
        *(NEWCOMER, NEW_ROLE),
    )
    assert sorted(made, key=str) == [
        ("role", NEW_ROLE, None, "command_line"),
        ("user", NEWCOMER, NEW_ROLE, "command_line"),
    ]


def test_a_broken_file_was_mended(ask: Ask) -> None:
    assert ask(
        "select is_resolved, first_seen_at < resolved_at from fct_import_errors"
        " where file_path like ?",
        f"%{BROKEN_FILE}",
    ) == [(True, True)]
