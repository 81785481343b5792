"""What runs and tasks had come to before somebody cleared or marked them, as the source has it."""

from __future__ import annotations

import pytest

from tests.demo.demo_runs import ANALYTICS, PRODUCTION
from tests.demo.runs_at_source import RUNS
from tests.demo.tries_at_source import FIRST_OUTCOMES


@pytest.mark.parametrize(("slug", "repaired"), [(PRODUCTION, 43), (ANALYTICS, 29)])
def test_first_states_of_runs(slug, repaired, marts, ask):
    found = marts(
        "select dag_id, run_id, first_state from fct_dag_runs"
        " where environment_slug = ? and first_state is not null order by 1, 2",
        slug,
    )
    expected = ask(
        slug,
        f"select dag_id, run_id, state from {RUNS}"
        " where state in ('success', 'failed', 'unknown') order by 1, 2",
    )
    assert sorted(found) == sorted(expected)
    assert marts(
        "select count(*) from fct_dag_runs where environment_slug = ? and was_repaired_by_hand",
        slug,
    ) == [(repaired,)]


def test_a_cleared_run_keeps_its_first_times(marts, ask):
    for slug in (PRODUCTION, ANALYTICS):
        expected = {
            (dag_id, run_id): times
            for dag_id, run_id, *times in ask(
                slug,
                f"select dag_id, run_id, start_date, end_date from {RUNS}"
                " where clear_number > 0 and state in ('success', 'failed')",
            )
        }
        found = {
            (dag_id, run_id): times
            for dag_id, run_id, *times in marts(
                "select dag_id, run_id, first_started_at, first_ended_at from fct_dag_runs"
                " where environment_slug = ? and clear_count > 0 and first_state <> 'unknown'",
                slug,
            )
        }
        assert len(expected) > 40
        assert found == expected


def test_what_somebody_ended_by_marking_it_has_no_duration(marts, ask):
    """One that had failed was marked 43 days later, of which only the earlier sync tells."""
    ((days,),) = ask(
        PRODUCTION,
        """
        select max(extract(epoch from end_date - start_date)) / 86400 from dag_run
        where (dag_id, run_id) in (select dag_id, run_id from log where event = 'dagrun_success')
        """,
    )
    assert days > 43
    ((failed_after,),) = ask(
        PRODUCTION,
        "select extract(epoch from end_date - start_date)::float from earlier.dag_run"
        " where state = 'failed' and (dag_id, run_id) in"
        " (select dag_id, run_id from log where event = 'dagrun_success')",
    )
    assert marts(
        "select state, first_state, duration_seconds, first_duration_seconds from fct_dag_runs"
        " where was_ended_by_hand order by state"
    ) == [
        ("failed", "failed", None, None),
        ("failed", "failed", None, None),
        ("success", "failed", None, pytest.approx(failed_after)),
    ]
    ((longest,),) = marts(
        "select max(duration_max_seconds) from agg_dags_daily"
        " where dag_id = 'storefront_search_index'"
    )
    assert longest < 3600


def test_first_states_of_instances(marts, ask):
    for slug in (PRODUCTION, ANALYTICS):
        expected = ask(
            slug,
            f"select dag_id, run_id, task_id, map_index from {FIRST_OUTCOMES} join task_instance"
            " as now using (dag_id, run_id, task_id, map_index)"
            " where outcomes.state = 'failed' and now.state = 'success'",
        )
        found = marts(
            "select dag_id, run_id, task_id, map_index from fct_task_instances"
            " where environment_slug = ? and was_repaired_by_hand",
            slug,
        )
        assert len(expected) > 25
        assert set(found) == set(expected)


def test_every_end_is_there_once(marts):
    assert marts(
        "select count(*) from fct_dag_runs where state in ('success', 'failed')"
        " and dag_run_key not in (select dag_run_key from fct_dag_run_outcomes where is_current)"
    ) == [(0,)]
    # Cleared three times: as it is now, and its first and last end before.
    assert marts(
        "select outcome_number, outcomes.state, evidence, is_current from fct_dag_run_outcomes"
        " as outcomes join fct_dag_runs using (dag_run_key) where clear_count = 3 order by 1"
    ) == [
        (1, "failed", "task_attempts", False),
        (2, "failed", "task_attempts", False),
        (3, "failed", "dag_run", True),
    ]
