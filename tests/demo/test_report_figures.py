"""Figures of the report: filters, a period without anything, and what is rare in the demo."""

from __future__ import annotations

import shutil
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from airflow_audit_report.sections import SECTIONS
from demo.present import NOW
from tests.demo.demo_runs import WAREHOUSE
from tests.demo.report_figures import FIRST_DAY, SINCE, TODAY, ReportFigures, Rows
from tests.transform.running_dbt import PROJECT

# They say what is, not what was in the period.
ABOUT_NOW = {
    "access_review",
    "all_findings",
    "answers",
    "assets",
    "dags_to_look_at",
    "environments",
    "powers",
    "stuck_work",
    "syncs",
    "unreconciled_tables",
}
FIGURES = [figure for section in SECTIONS for figure in section.figures]
TILES = {figure.name for figure in FIGURES if figure.is_tiles}
# Of no single DAG, so that neither a team nor a tag says which rows count.
OF_NO_DAG = {"environments", *(figure.name for figure in FIGURES if not figure.is_by_dag)}
HOSTILE = r"""o'clock\' or 1 = 1 -- {{ "%" }}"""


@pytest.fixture(scope="module")
def changed(first_demo: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's marts, with what the demo's company lacks."""
    folder, _ = first_demo
    copy = tmp_path_factory.mktemp("changed") / WAREHOUSE
    shutil.copy(folder / WAREHOUSE, copy)
    with duckdb.connect(str(copy)) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'; use airflow_audit")
        warehouse.execute(
            "update dim_dags set owner_names = 'finance-data, ' || ? where dag_id = 'ledger_close'",
            [HOSTILE],
        )
        warehouse.execute(
            "update dim_dags set team_name = 'web', has_import_errors = true"
            " where dag_id = 'web_sessions'"
        )
        for number in range(1, 7):
            warehouse.execute(
                "insert into fct_dag_runs select * replace (? as environment_slug)"
                " from fct_dag_runs where dag_id = 'airflow_canary'"
                " and environment_slug = 'production' and dayofyear(started_at) % ? = 0",
                [f"small-{number}", number],
            )
        warehouse.execute(
            "insert into fct_component_outages select job_key, environment_slug, component,"
            " last_alive_at - interval 1 hour, null,"
            " epoch(?::timestamptz - last_alive_at + interval 1 hour), null, true"
            " from fct_component_heartbeats"
            " where environment_slug = 'analytics' and component = 'triggerer' and is_alive",
            [NOW],
        )
        warehouse.execute(
            "update rpt_sync_health set is_reconciled = false, warehouse_rows = source_rows - 1"
            " where environment_slug = 'analytics' and table_name = 'dag_run'"
        )
        # An older sync, of which nothing is known any more.
        warehouse.execute(
            "insert into rpt_sync_health select * replace (synced_at - interval 1 day as synced_at,"
            " false as is_latest_sync, null as is_reconciled, '2.0.0' as airflow_schema_version)"
            " from rpt_sync_health"
        )
        warehouse.execute(
            "insert into bridge_asset_lineage select * replace ('audit' as producer_dag_id)"
            " from bridge_asset_lineage where asset_name = 's3://fernwick-lake/marts/stock_levels'"
        )
        warehouse.execute(
            "update rpt_stuck_work set reason = 'run_ended' where dag_id = 'stock_alerts'"
        )
        warehouse.execute(
            "update rpt_access_review set is_active_leaver = true where username = 'otto'"
        )
    return copy


def test_every_figure_says_what_it_asks(figures: ReportFigures) -> None:
    files = list(PROJECT.glob("analyses/report/*.sql"))
    assert {f"report_{name}.sql" for name in figures.ask()} == {file.name for file in files}
    for file in files:
        first = file.read_text().split("\n", 1)[0]
        assert first.startswith("-- "), file.name
        assert first.endswith("?"), file.name


def test_every_figure_but_one_finds_something_in_the_demo(figures: ReportFigures) -> None:
    assert {name for name, rows in figures.ask().items() if not rows} == {
        "resolved_findings",
        "silenced_findings",
        "unreconciled_tables",
    }


def test_tables_end_after_one_row_more_than_are_shown(figures: ReportFigures) -> None:
    answers = figures.ask()
    assert len(answers["powers"]) == 201
    shown = list(dict.fromkeys(row["resource_name"] for row in answers["powers"]))
    assert shown[:5] == ["Connections", "Variables", "Users", "Roles", "Pools"]
    assert max(len(rows) for name, rows in answers.items() if not is_chart(rows)) == 201


def is_chart(rows: Rows) -> bool:
    return bool(rows) and bool({"started_on", "logged_on", "hour_of_day"} & set(rows[0]))


def test_charts_have_no_more_rows_than_days_allow(figures: ReportFigures, changed: Path) -> None:
    days = (TODAY - FIRST_DAY).days
    assert days == 27
    answers = figures.ask(changed)
    for name in ("success_by_day", "lost_time_by_day", "landing_by_day", "interventions_by_day"):
        assert 0 < len(answers[name]) <= 7 * days
    assert len(answers["queue_delay_by_hour"]) == 7 * 24
    assert len({row["action"] for row in answers["interventions_by_day"]}) == 7
    assert "other actions" in {row["action"] for row in answers["interventions_by_day"]}


def test_charts_show_the_environments_that_run_most(figures: ReportFigures, changed: Path) -> None:
    answers = figures.ask(changed)
    rows = answers["success_by_day"]
    runs = {row["environment_slug"]: row["run_count"] for row in answers["runs_by_environment"]}
    assert len(runs) == 8
    shown = {"production", "analytics", "small-1", "small-2", "small-3", "small-4"}
    others = {"small-5", "small-6"}
    assert {row["environment"] for row in rows} == shown | {"other environments"}
    assert sum(
        row["run_count"] for row in rows if row["environment"] == "other environments"
    ) == sum(runs[slug] for slug in others)
    # Before there are seven, each has its own name.
    assert {row["environment"] for row in figures.ask()["success_by_day"]} == {
        "production",
        "analytics",
    }


def test_a_component_that_nobody_ended_is_missing_until_now(
    figures: ReportFigures, changed: Path
) -> None:
    outages = figures.ask(changed)["component_outages"]
    (lasting,) = (row for row in outages if row["outage_ended_at"] is None)
    assert (lasting["environment_slug"], lasting["component"]) == ("analytics", "triggerer")
    assert (lasting["ended_by_hostname"], lasting["has_unclean_shutdown"]) == (None, True)
    assert lasting["outage_seconds"] == pytest.approx(
        (NOW - lasting["outage_started_at"]).total_seconds()
    )


def test_nights_without_a_scheduler(figures: ReportFigures) -> None:
    longest, shorter = figures.ask()["component_outages"]
    assert (longest["environment_slug"], longest["has_unclean_shutdown"]) == ("production", True)
    assert f"{longest['outage_started_at']:%Y-%m-%d %H:%M}" == "2026-10-21 01:38"
    assert longest["outage_seconds"] > shorter["outage_seconds"] > 60
    # It goes on until after the period begins, or begins before the period ends.
    for since, until in (
        ("2026-10-21T03:00:00+00:00", "2026-10-22T00:00:00+00:00"),
        ("2026-10-20T00:00:00+00:00", "2026-10-21T03:00:00+00:00"),
    ):
        (gap,) = figures.ask(only=("component_outages",), since=since, until=until)[
            "component_outages"
        ]
        assert gap == longest


def test_what_is_not_the_source_s(figures: ReportFigures, changed: Path) -> None:
    answers = figures.ask(changed)
    (table,) = answers["unreconciled_tables"]
    assert (table["environment_slug"], table["table_name"]) == ("analytics", "dag_run")
    assert table["warehouse_rows"] == table["source_rows"] - 1
    counted = {row["environment_slug"]: row for row in answers["syncs"]}
    assert counted["analytics"]["unreconciled_table_count"] == 1
    assert counted["production"]["unreconciled_table_count"] == 0
    assert answers["syncs"][0]["environment_slug"] == "analytics"
    before = figures.ask()
    assert counted["production"] in before["syncs"]
    assert answers["environments"] == before["environments"]


def test_who_left_and_what_is_broken_comes_first(figures: ReportFigures, changed: Path) -> None:
    answers = figures.ask(changed)
    assert answers["access_review"][0]["username"] == "otto"
    assert answers["access_review"][0]["reasons"].startswith("left")
    assert answers["dags_to_look_at"][0]["dag_id"] == "web_sessions"
    assert answers["dags_to_look_at"][0]["reasons"] == "broken"
    stuck = {row["reason"] for row in answers["stuck_work"] if row["dag_id"] == "stock_alerts"}
    assert stuck == {"its run is over"}
    # The team of the bundle goes before the owner.
    (team,) = {
        row["team_name"] for row in answers["failing_dags"] if row["dag_id"] == "web_sessions"
    }
    assert team == "web"


def sums(rows: Rows, key: str, column: str) -> dict[Any, float]:
    totals: dict[Any, float] = {}
    for row in rows:
        totals[row[key]] = totals.get(row[key], 0) + (row[column] or 0)
    return totals


def test_who_writes_an_asset_and_who_waits_is_listed_once(
    figures: ReportFigures, changed: Path
) -> None:
    (asset,) = (
        row
        for row in figures.ask(changed)["assets"]
        if row["asset_name"] == "s3://fernwick-lake/marts/stock_levels"
    )
    assert asset["producers"] == "audit.merge_stock, inventory_snapshot.merge_stock"
    assert asset["consumers"] == "customer_360, replenishment"


def test_one_environment(figures: ReportFigures) -> None:
    everywhere = figures.ask()
    answers = figures.ask(environments="production")
    for name, rows in answers.items():
        if rows and "environment_slug" in rows[0]:
            assert {row["environment_slug"] for row in rows} == {"production"}, name
        if rows and "environment" in rows[0]:
            assert {row["environment"] for row in rows} == {"production"}, name
    assert {row["pool"].split(" · ")[0] for row in answers["pool_saturation"]} == {"production"}
    # What is of one environment, and what is of the other, is all there is.
    elsewhere = figures.ask(environments="analytics")
    for name, key, column in (
        *((name, "metric", "current_value") for name in TILES),
        ("failures_by_team", "team_name", "run_count"),
        ("queue_delay_by_hour", "hour_of_day", "attempt_count"),
        ("interventions_by_day", "logged_on", "intervention_count"),
        ("cost_by_owner", "owner_name", "slot_hours"),
        ("cost_by_tag", "tag_name", "slot_hours"),
    ):
        parts, total = (
            sums(rows, key, column) for rows in (answers[name] + elsewhere[name], everywhere[name])
        )
        for metric in ("success_share", "median_landing_delay_seconds"):
            assert (parts.pop(metric, None) is None) == (total.pop(metric, None) is None)
        assert parts == pytest.approx(total), name
    for name, rows in everywhere.items():
        # Of each rule only the first few are answers.
        if rows and "environment_slug" in rows[0] and len(rows) < 201 and name != "answers":
            assert len(answers[name]) + len(elsewhere[name]) == len(rows), name
    both = figures.ask(environments="production,analytics")
    assert both == everywhere


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ({"team": "data-science"}, "owner_names = 'data-science'"),
        ({"tag": "tier-1"}, "', ' || tag_names || ', ' like '%, tier-1, %'"),
        (
            {"team": "finance-data", "tag": "finance"},
            ("owner_names = 'finance-data' and ', ' || tag_names || ', ' like '%, finance, %'"),
        ),
        (
            {"team": "finance-data", "environments": "production"},
            "environment_slug = 'production' and owner_names = 'finance-data'",
        ),
    ],
)
def test_a_team_or_a_tag(
    asked: dict[str, str], condition: str, figures: ReportFigures, first_demo: tuple[Path, str]
) -> None:
    answers, everything = figures.ask(**asked), figures.ask()
    with duckdb.connect(str(first_demo[0] / WAREHOUSE), read_only=True) as warehouse:
        of_these = set(
            warehouse.execute(
                f"select environment_slug, dag_id from airflow_audit.dim_dags where {condition}"
            ).fetchall()
        )
        runs, by_day = (
            warehouse.execute(
                "select count(*) from airflow_audit.fct_dag_runs where started_at >= ?"
                " and started_at < ? and (environment_slug, dag_id) in (select (environment_slug,"
                f" dag_id) from airflow_audit.dim_dags where {condition})",
                period,
            ).fetchall()[0][0]
            for period in ([SINCE, NOW], [FIRST_DAY, TODAY])
        )
    assert len(of_these) >= 3
    assert runs > 50
    numbers = {row["metric"]: row["current_value"] for row in answers["key_numbers"]}
    assert numbers["runs"] == runs
    assert sum(row["run_count"] for row in answers["success_by_day"]) == by_day
    # Whose DAGs a broken file has is not known.
    assert numbers["new_import_errors"] is None
    for name in set(answers) - OF_NO_DAG:
        if answers[name] and "dag_id" in answers[name][0]:
            found = {(row["environment_slug"], row["dag_id"]) for row in answers[name]}
            assert found <= of_these, name
            assert found == {
                pair
                for row in everything[name]
                if (pair := (row["environment_slug"], row["dag_id"])) in of_these
            }, name
        else:
            assert answers[name] != everything[name] or not everything[name], name
    if "environments" not in asked:
        for name in OF_NO_DAG:
            assert answers[name] == everything[name], name


def test_only_whole_names_count(figures: ReportFigures) -> None:
    for asked in ({"team": "data"}, {"tag": "tier"}, {"tag": "%"}, {"tag": "TIER-1"}):
        answers = figures.ask(only=("runs_by_environment",), **asked)
        assert answers == {"runs_by_environment": []}, asked


def test_a_hostile_name(figures: ReportFigures, changed: Path) -> None:
    answers = figures.ask(changed, team=HOSTILE)
    assert [row["dag_id"] for row in answers["failing_dags"]] == ["ledger_close"]
    (team,) = answers["failures_by_team"]
    assert team["team_name"] == f"finance-data, {HOSTILE}"
    only = ("runs_by_environment",)
    nothing = {"runs_by_environment": []}
    assert figures.ask(only=only, team=HOSTILE) == nothing
    assert figures.ask(changed, only=only, tag=HOSTILE) == nothing


def test_a_period_in_which_nothing_happened(figures: ReportFigures) -> None:
    answers = figures.ask(since="2031-01-01T00:00:00+00:00", until="2031-02-01T00:00:00+00:00")
    for name in set(answers) - ABOUT_NOW - TILES:
        assert answers[name] == [], name
    assert {row["event_count"] for row in answers["assets"]} == {0}
    assert {
        row["metric"]: (row["current_value"], row["previous_value"])
        for row in answers["key_numbers"]
    } == dict.fromkeys(
        ("runs", "failed_runs", "wasted_hours", "slot_hours", "interventions"), (0, 0)
    ) | dict.fromkeys(("success_share", "median_landing_delay_seconds"), (None, None)) | {
        "new_import_errors": (0, 0),
    }
    unchanged = figures.ask()
    for name in ("access_numbers", "inventory_numbers", "environments"):
        assert answers[name] == unchanged[name]


def test_a_period_before_the_first_data_is_not_known(figures: ReportFigures) -> None:
    # The first runs of analytics are of 2026-08-15.
    for days, is_known in ((30, True), (31, True), (33, False), (60, False)):
        until = datetime(2026, 8, 15, tzinfo=timezone.utc) + timedelta(days=2 * 31)
        since = until - timedelta(days=days)
        asked = {"since": since.isoformat(), "until": until.isoformat()}
        numbers = figures.numbers("key_numbers", environments="analytics", **asked)
        now, before = zip(*numbers.values(), strict=True)
        assert None not in now
        assert (before[0] is not None) == is_known, days
        assert is_known or set(before) == {None}


def test_a_period_ends_before_its_last_moment(
    figures: ReportFigures, first_demo: tuple[Path, str]
) -> None:
    days = {
        row["started_on"]
        for row in figures.ask(
            only=("success_by_day",),
            since="2026-10-20T00:00:00+00:00",
            until="2026-10-22T00:00:00+00:00",
        )["success_by_day"]
    }
    assert days == {date(2026, 10, 20), date(2026, 10, 21)}
    with duckdb.connect(str(first_demo[0] / WAREHOUSE), read_only=True) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'")
        ((begun,),) = warehouse.execute(
            "select max(started_at) from airflow_audit.fct_dag_runs where state = 'success'"
        ).fetchall()
    # Of days that are not whole nothing is told by the day.
    morning = figures.ask(
        only=("success_by_day",),
        since="2026-10-19T06:00:00+00:00",
        until="2026-10-22T06:00:00+00:00",
    )["success_by_day"]
    assert {row["started_on"] for row in morning} == days
    # A run that begins in this moment is of the second period.
    hour = timedelta(hours=1)
    only = ("key_numbers",)
    first, second, both = (
        figures.ask(only=only, since=since.isoformat(), until=until.isoformat())
        for since, until in (
            (begun - hour, begun),
            (begun, begun + hour),
            (begun - hour, begun + hour),
        )
    )
    counts = [
        next(row["current_value"] for row in answers["key_numbers"] if row["metric"] == "runs")
        for answers in (first, second, both)
    ]
    assert counts[0] + counts[1] == counts[2]
    assert min(counts) > 0
    assert second["key_numbers"][0]["previous_value"] == first["key_numbers"][0]["current_value"]
