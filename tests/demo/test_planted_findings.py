"""What demo/README.md says that each rule finds in the bundled databases is found."""

from __future__ import annotations

import pytest

from tests.demo.demo_runs import PRODUCTION
from tests.demo.runs_at_source import RUNS
from tests.transform.running_dbt import PROJECT

# By rule: what it finds, of what is planted.
PLANTED = {
    "active_leavers": {"otto"},
    "new_privileges": {"jonas"},
    "failing_dags": {"legacy_crm_import", "survey_import"},
    "missed_deadlines": {"revenue_daily", "metrics_daily"},
    "stuck_work": {"shipment_tracking.poll_carriers", "stock_alerts.find_low_stock"},
    "broken_files": {"science/uplift_model.py"},
    "component_outages": {"scheduler"},
    "idle_admins": {"dana"},
    "slower_dags": {"orders_hourly", "data_quality_nightly"},
    "late_dags": {"data_quality_nightly"},
    "lost_time": {"demand_forecast.train_model"},
    "saturated_pools": {"ml"},
    "unexplained_changes": {"bilal", "ines"},
    "deletions_by_hand": {"mara", "priya", "sofia", "jonas"},
    "flaky_tasks": {"embeddings_refresh.embed", "returns_daily.fetch_carrier_returns"},
    "unusual_hours": {"root", "tomas"},
    "unusual_volume": {"priya"},
    "unused_dags": {"experiment_sandbox", "tmp_jonas_test"},
    "ownerless_dags": {"experiment_sandbox", "tmp_jonas_test"},
    "late_syncs": {"production", "analytics"},
}
# The demo copies everything; tests/transform/test_findings.py loses a row of a table.
NEVER = {"unreconciled_tables"}


def test_every_rule_has_a_planted_case():
    files = PROJECT.glob("models/rules/rule_*.sql")
    assert {file.stem.removeprefix("rule_") for file in files} == {*PLANTED, *NEVER}


@pytest.mark.parametrize("rule", PLANTED)
def test_what_is_planted_is_found(rule, marts):
    found = {
        subject
        for (subject,) in marts("select subject from fct_findings where rule_name = ?", rule)
    }
    assert PLANTED[rule] <= found


def test_nothing_is_found_of_what_is_as_it_should_be(marts):
    assert marts("select * from fct_findings where rule_name = 'unreconciled_tables'") == []
    # Of what anybody may call a finding, the demo's company has a page, and not a book.
    [(count, of_persons)] = marts("select count(*), count(username) from fct_findings")
    assert count < 70
    assert of_persons < 30
    for dag_id in ("airflow_canary", "price_feed", "orders_hourly"):
        rules = marts("select rule_name from fct_findings where dag_id = ?", dag_id)
        assert ("failing_dags",) not in rules
        assert ("flaky_tasks",) not in rules


def test_sentences_say_who_how_much_and_since_when(marts):
    sentences = {sentence for (sentence,) in marts("select sentence from fct_findings")}
    assert {
        "dana is an admin and never logged in",
        "jonas got the privileged role Admin from root, seen on 2026-11-13",
        "demand_forecast.train_model lost 14 of the 17 hours that failed tries cost there",
        "legacy_crm_import failed in its last 5 runs, since 2026-10-05, and is paused",
        "No scheduler was alive for 3 hours, from 2026-10-21 01:38 UTC on",
        "orders_hourly takes 15 minutes where it took 10 minutes before",
    } <= sentences


@pytest.mark.parametrize("dag_id", ["data_quality_nightly", "orders_hourly"])
def test_how_much_slower_is_what_the_source_says(dag_id, marts, ask):
    before, now = (
        ask(
            PRODUCTION,
            f"""
            select percentile_cont(0.5) within group (
                order by extract(epoch from end_date - start_date)
            )
            from {RUNS} where dag_id = %s and state = 'success'
                and start_date >= %s and start_date < %s
            """,
            *(dag_id, since, until),
        )[0][0]
        for since, until in (("2026-09-18", "2026-10-16"), ("2026-10-16", "2026-11-13"))
    )
    [found] = marts(
        "select measured_value, usual_value from fct_findings"
        " where rule_name = 'slower_dags' and dag_id = ?",
        dag_id,
    )
    assert found == pytest.approx((now, before))


def test_a_finding_was_first_seen_by_the_sync_that_showed_it(marts):
    assert marts(
        "select distinct first_seen_at = last_seen_at, is_open, is_silenced from fct_findings"
    ) == [(True, True, False)]
