"""The semantic layer speaks of columns that the marts have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

AGGREGATES = {
    "sum": "sum({expression})",
    "average": "avg({expression})",
    "count": "count({expression})",
    "percentile": "percentile_cont({share}) within group (order by {expression})",
}
ASKED_FOR = {
    "dag_run_success_rate",
    "dag_run_duration_p95_seconds",
    "wasted_task_hours",
    "task_queue_delay_p95_seconds",
    # What the report shows, too.
    "failed_dag_runs",
    "dag_run_landing_delay_p50_seconds",
    "task_slot_hours",
    "manual_interventions",
}


def aggregate(measure: dict[str, Any]) -> str:
    """Return a measure as SQL."""
    return AGGREGATES[measure["agg"]].format(
        expression=measure["expr"] or measure["name"],
        share=(measure["agg_params"] or {}).get("percentile"),
    )


def test_every_entity_dimension_and_measure_is_there(
    manifest: dict[str, Any], rows_of: Callable[..., list[tuple[Any, ...]]]
) -> None:
    semantic_models = manifest["semantic_models"].values()
    assert {model["name"] for model in semantic_models} == {
        "dags",
        "dag_runs",
        "manual_interventions",
        "task_attempts",
    }
    for model in semantic_models:
        mart = model["node_relation"]["alias"]
        named = [*model["entities"], *model["dimensions"]]
        columns = [part["expr"] or part["name"] for part in named]
        measures = [aggregate(measure) for measure in model["measures"]]
        assert rows_of(f"select {', '.join(columns)} from {mart}")
        assert rows_of(f"select {', '.join(['count(*)', *measures])} from {mart}")


def test_every_metric_is_made_of_measures(manifest: dict[str, Any]) -> None:
    measures = {
        measure["name"]
        for model in manifest["semantic_models"].values()
        for measure in model["measures"]
    }
    metrics = {metric["name"]: metric for metric in manifest["metrics"].values()}
    assert set(metrics) >= ASKED_FOR
    used = {
        measure["name"]
        for metric in metrics.values()
        for measure in metric["type_params"]["input_measures"]
    }
    assert used == measures


def test_success_rate_leaves_out_what_is_not_over(
    manifest: dict[str, Any], rows_of: Callable[..., list[tuple[Any, ...]]]
) -> None:
    (runs,) = (m for m in manifest["semantic_models"].values() if m["name"] == "dag_runs")
    expressions = {measure["name"]: measure["expr"] for measure in runs["measures"]}
    done, over = expressions["successful_dag_runs"], expressions["finished_dag_runs"]
    assert rows_of(f"select sum({done}), sum({over}) from fct_dag_runs") == rows_of(
        "select count(*) filter (first_state = 'success'), count(*) filter (state <> 'running')"
        " from fct_dag_runs"
    )


def test_measures_are_what_the_report_shows(
    manifest: dict[str, Any], rows_of: Callable[..., list[tuple[Any, ...]]]
) -> None:
    measures = {
        measure["name"]: (model["node_relation"]["alias"], aggregate(measure))
        for model in manifest["semantic_models"].values()
        for measure in model["measures"]
    }

    def measured(name: str) -> list[tuple[Any, ...]]:
        mart, expression = measures[name]
        return rows_of(f"select {expression} from {mart}")

    assert measured("failed_dag_runs") == rows_of(
        "select count(*) from fct_dag_runs where first_state = 'failed'"
    )
    assert measured("dag_run_landing_delay_p50_seconds") == rows_of(
        "select median(landing_delay_seconds) from fct_dag_runs where state = 'success'"
    )
    ((slot_hours,),) = measured("task_slot_hours")
    assert [(pytest.approx(slot_hours),)] == rows_of(
        "select sum(slot_hours) from rpt_cost_allocation where allocated_by = 'owner'"
    )
    assert measured("manual_interventions") == rows_of(
        "select count(*) from fct_manual_interventions"
    )
    assert all(measured(name)[0][0] for name in ASKED_FOR & set(measures))


def test_the_time_spine_reaches_the_newest_sync(
    rows_of: Callable[..., list[tuple[Any, ...]]],
) -> None:
    assert rows_of(
        "select min(date_day)::text, max(date_day)::text, count(*)"
        " from airflow_audit_staging.time_spine_daily"
    ) == [("2026-02-10", "2026-03-01", 20)]
