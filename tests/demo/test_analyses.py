"""The questions in `transform/analyses` find what is hidden in the demo's data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.demo.demo_runs import WAREHOUSE
from tests.transform.running_dbt import PROJECT, DbtProject

Answers = Callable[[str], list[dict[str, Any]]]

# One fact for each question; demo/README.md tells the stories.
PLANTED: dict[str, dict[str, Any]] = {
    "is_the_copy_complete": {"table_name": "dag_run", "is_reconciled": True},
    "what_did_failures_cost_by_team": {"owner_name": "data-science"},
    "what_is_stuck_now": {"dag_id": "stock_alerts", "reason": "pool_missing"},
    "what_was_done_by_hand_before_a_failure": {"dag_id": "ledger_close", "actor_name": "marco"},
    "what_was_done_on_the_command_line": {
        "environment_slug": "analytics",
        "event_name": "cli_variables_set",
        "actor_name": "root",
    },
    "when_was_the_scheduler_down": {"environment_slug": "production"},
    "which_privileged_users_never_log_in": {"username": "dana", "has_never_logged_in": True},
    "which_dags_depend_on_which_data": {
        "producer_dag_id": "events_ingest",
        "consumer_dag_id": "sessions",
    },
    "which_dags_does_nobody_use": {"dag_id": "experiment_sandbox", "run_count": 0},
    "which_dags_got_slower": {"dag_id": "orders_hourly"},
    "which_data_does_a_dag_wait_for": {
        "dag_id": "customer_360",
        "asset_name": "s3://fernwick-lake/marts/stock_levels",
    },
    "which_leavers_can_still_log_in": {"username": "hugo", "has_left": False},
    "which_promises_were_broken": {"dag_id": "revenue_daily", "miss_kind": "sla"},
    "which_secrets_are_not_encrypted": {"name_of_secret": "legacy_ftp_password"},
    "which_sensors_wait_longest": {
        "dag_id": "revenue_forecast",
        "task_id": "wait_for_books",
        "waiting_count": 1,
    },
    "which_update_triggered_this_run": {
        "asset_name": "s3://fernwick-lake/marts/core",
        "source_dag_id": "dbt_build_core",
        "is_latest_event": True,
    },
    "which_dags_trigger_other_dags": {
        "triggering_dag_id": "recommender_training",
        "triggered_dag_id": "pricing_experiment",
        "run_count": 13,
    },
    "which_hosts_ran_most_at_once": {"hostname": "airflow-analytics-0", "most_at_once": 11},
    "which_tasks_have_no_retries": {"dag_id": "survey_import", "task_id": "fetch_answers"},
    "who_became_privileged": {"username": "jonas", "actor_name": "root"},
    "who_can_trigger_this_dag": {"username": "dana", "role_name": "Admin"},
    "who_changed_a_connection_last_quarter": {"actor_name": "tomas", "conn_id": "warehouse"},
    "who_changed_a_setting_and_ran_a_dag": {
        "actor_name": "chloe",
        "object_name": "report_recipients",
    },
    "who_could_change_connections_on_a_date": {"username": "tomas", "is_through_group": True},
    "who_deleted_what": {"dag_id": "legacy_import", "actor_name": "otto"},
    "who_fails_to_log_in": {"username": "ines", "failed_login_count": 14},
    "who_may_change_secrets": {"username": "tomas", "group_name": "platform-admins"},
    "who_marked_what_as_success": {"dag_id": "ledger_close", "actor_name": "marco"},
    "who_paused_which_dag": {"dag_id": "newsletter_segments", "actor_name": "mara"},
    "who_triggered_with_parameters": {"dag_id": "gdpr_erasure", "actor_name": "svc-shop"},
}


@pytest.fixture(scope="module")
def compiled(project: DbtProject) -> dict[str, str]:
    """The questions as one pastes them, by name."""
    return project.compiled(
        *("--select", "resource_type:analysis"),
        # The figures of the report have tests of their own.
        *("--exclude", "path:analyses/report"),
        ENVIRONMENT_SLUGS="production,analytics",
    )


@pytest.fixture
def answers(first_demo: tuple[Path, str], compiled: dict[str, str]) -> Answers:
    """Ask the demo's warehouse one of the questions; give the rows by column."""
    folder, _ = first_demo

    def ask(question: str) -> list[dict[str, Any]]:
        with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as warehouse:
            warehouse.execute("set TimeZone = 'UTC'")
            found = warehouse.execute(compiled[question])
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    return ask


def test_every_question_is_tried(compiled: dict[str, str]) -> None:
    assert set(PLANTED) == set(compiled)
    assert len(PLANTED) == 30


@pytest.mark.parametrize("question", PLANTED)
def test_the_question_finds_what_is_planted(question: str, answers: Answers) -> None:
    rows = answers(question)
    assert [row for row in rows if PLANTED[question].items() <= row.items()], rows[:20]


def test_every_question_says_what_it_asks() -> None:
    for file in PROJECT.glob("analyses/*.sql"):
        assert file.read_text().startswith("-- "), file.name
        assert "?" in file.read_text().split("\n", 2)[0] + file.read_text().split("\n", 2)[1]


def test_only_those_with_both_permissions_trigger(
    answers: Answers, ask: Callable[..., list[tuple]]
) -> None:
    rows = answers("who_can_trigger_this_dag")
    # Roles by which active users may edit this DAG, if by another of theirs they may make runs.
    at_source = ask(
        "production",
        """
        with granted as (
            select user_id, username, ab_role.name as role, ab_permission.name as permission,
                ab_view_menu.name as resource
            from ab_user
            join ab_user_role on user_id = ab_user.id
            join ab_role on ab_role.id = ab_user_role.role_id
            join ab_permission_view_role on ab_permission_view_role.role_id = ab_role.id
            join ab_permission_view on ab_permission_view.id = permission_view_id
            join ab_permission on ab_permission.id = permission_id
            join ab_view_menu on ab_view_menu.id = view_menu_id
            where active
        )
        select distinct username, role from granted
        where (permission, resource) in (('can_edit', 'DAGs'), ('can_edit', 'DAG:payroll_export'))
            and user_id in (select user_id from granted
                where permission = 'can_create' and resource = 'DAG Runs')
        """,
    )
    assert {(row["username"], row["role_name"]) for row in rows} == set(at_source)
    assert {"jonas", "svc-deploy"} <= {username for username, _ in at_source}
    # Roles that may edit or read this DAG, but make no runs.
    assert not {role for _, role in at_source} & {"auditor", "people_team", "Viewer"}
    assert {row["environment_slug"] for row in rows} == {"production"}


def test_the_night_without_a_scheduler(answers: Answers) -> None:
    (night,) = (
        row
        for row in answers("when_was_the_scheduler_down")
        if row["environment_slug"] == "production"
    )
    assert f"{night['down_from_at']:%Y-%m-%d %H:%M}" == "2026-10-21 01:38"
    assert night["down_minutes"] == pytest.approx(206, abs=1)


def test_only_the_dags_that_got_slower_are_named(answers: Answers) -> None:
    rows = answers("which_dags_got_slower")
    assert {row["dag_id"] for row in rows} == {"orders_hourly", "data_quality_nightly"}


def test_the_copy_is_complete(answers: Answers) -> None:
    assert {row["is_reconciled"] for row in answers("is_the_copy_complete")} == {True}
