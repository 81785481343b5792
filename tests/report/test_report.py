"""The report as data, out of answers that a fixture gives in place of the marts."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from airflow_audit_report import columns
from airflow_audit_report.dbt_client import _translated
from airflow_audit_report.errors import MartsError, ReportSettingsError
from airflow_audit_report.report import SHOWN_ROWS, make_report
from airflow_audit_report.report_request import ReportRequest
from airflow_audit_report.sections import SECTIONS
from tests.report.made_up_marts import FIGURES, MadeUpMarts, answer
from tests.report.made_up_reports import COLUMNS


def figure(report, name):
    return next(f for s in report["sections"] for f in s["figures"] if f["name"] == name)


def test_it_is_about_all_environments_until_the_newest_sync():
    marts = MadeUpMarts()
    report = make_report(marts, ReportRequest(tag="tier1"))
    assert report["period"] == {
        "since": "2026-10-16T06:20:00+00:00",
        "until": "2026-11-13T06:20:00+00:00",
        "days": 28,
    }
    assert [e["environment_slug"] for e in report["environments"]] == ["analytics", "production"]
    assert report["filter"] == {"team": None, "tag": "tier1"}
    assert datetime.fromisoformat(report["made_at"]).tzinfo
    (_, asked) = marts.asked[-1]
    assert asked["AUDIT_REPORT_UNTIL"] == "2026-11-13T06:20:00+00:00"
    assert asked["AUDIT_REPORT_TAG"] == "tier1"


def test_of_one_environment_its_own_newest_sync_counts():
    report = make_report(MadeUpMarts(), ReportRequest(environments=("analytics",)))
    assert [e["environment_slug"] for e in report["environments"]] == ["analytics"]
    assert report["period"]["until"] == "2026-11-12T06:20:00+00:00"


def test_an_environment_that_is_not_there():
    with pytest.raises(ReportSettingsError, match=r"no environment 'prod'\. They have: analytics"):
        make_report(MadeUpMarts(), ReportRequest(environments=("prod",)))


def test_marts_without_an_environment():
    with pytest.raises(MartsError, match="no environment in them"):
        make_report(MadeUpMarts(environments=[]), ReportRequest())


def test_every_figure_says_where_it_comes_from():
    report = make_report(MadeUpMarts(), ReportRequest())
    figures = [figure for section in report["sections"] for figure in section["figures"]]
    assert {f"report_{figure['name']}" for figure in figures} == FIGURES.keys()
    assert len(figures) == len(FIGURES)
    for shown in figures:
        assert (shown["marts"], shown["sql"]) == (["fct_dag_runs"], "select 1")


def test_a_column_says_what_it_is_and_what_counts():
    marts = MadeUpMarts({"report_failing_dags": answer(["success_share"], [[0.5]])})
    assert figure(make_report(marts, ReportRequest()), "failing_dags")["columns"] == [
        {
            "name": "success_share",
            "label": "Successful",
            "kind": "share",
            "meaning": "Of runs that are over, as they first ended.",
        }
    ]


def test_a_column_that_is_not_known_is_refused():
    marts = MadeUpMarts({"report_failing_dags": answer(["bearer_name"], [])})
    with pytest.raises(MartsError, match=r"column 'bearer_name'.*different versions"):
        make_report(marts, ReportRequest())


def test_every_column_is_declared_once_and_shown_somewhere():
    shown = {name for columns in COLUMNS.values() for name in columns.split()}
    assert set(columns.COLUMNS) == shown
    declared = [name for names in columns._DECLARED.values() for name in names]
    assert len(declared) == len(set(declared))
    # A kind is what the marts call it by.
    for name, column in columns.COLUMNS.items():
        ending = name.rpartition("_")[2]
        if ending in {"seconds", "hours", "share"}:
            assert column.kind == ending, name
        if ending in {"at", "on"}:
            assert column.kind == {"at": "moment", "on": "day"}[ending], name


ANSWERS = ["rule_name", "severity", "environment_slug", "subject", "sentence", "finding_count"]


def test_what_the_rules_found_is_told_by_rule():
    rows = [
        ["failing_dags", "high", "production", "sales", "sales failed", 6],
        ["failing_dags", "medium", "analytics", "crm", "crm failed", 6],
        ["of_my_own", "low", "production", "dana", "dana is on holiday", 1],
    ]
    report = make_report(MadeUpMarts({"report_answers": answer(ANSWERS, rows)}), ReportRequest())
    assert report["answers"] == [
        {
            "rule": "failing_dags",
            "severity": "high",
            "sentence": "sales failed",
            "environment_slug": "production",
            "others": [["crm", "analytics"]],
            "finding_count": 6,
            "section": "Reliability",
            "figure": "failing_dags",
        },
        {
            "rule": "of_my_own",
            "severity": "low",
            "sentence": "dana is on holiday",
            "environment_slug": "production",
            "others": [],
            "finding_count": 1,
            "section": "Findings",
            "figure": "all_findings",
        },
    ]


def test_every_rule_has_a_figure():
    rules = [rule for section in SECTIONS for f in section.figures for rule in f.rules]
    assert len(rules) == len(set(rules))
    files = Path(__file__).parents[2].glob("transform/models/rules/rule_*.sql")
    assert set(rules) == {file.stem.removeprefix("rule_") for file in files}


@pytest.mark.parametrize(("count", "shown", "is_cut"), [(200, 200, False), (201, 200, True)])
def test_more_rows_than_are_shown(count, shown, is_cut):
    assert SHOWN_ROWS == 200
    marts = MadeUpMarts(
        {"report_failing_dags": answer(["dag_id"], [[str(n)] for n in range(count)])}
    )
    made = figure(make_report(marts, ReportRequest()), "failing_dags")
    assert (len(made["rows"]), made["is_cut"]) == (shown, is_cut)


def test_a_chart_has_all_its_rows():
    days = [["production", "2026-01-01", n] for n in range(365)]
    names = ["environment", "started_on", "success_share"]
    marts = MadeUpMarts({"report_success_by_day": answer(names, days)})
    made = figure(make_report(marts, ReportRequest()), "success_by_day")
    assert (len(made["rows"]), made["is_cut"]) == (365, False)


def test_too_little_memory_names_the_setting():
    said = "Database Error\n  Out of Memory Error: failed to pin block of size 256.0 KiB"
    explained = _translated(said)
    assert type(explained) is MartsError
    assert "Out of Memory Error: failed to pin" in str(explained)
    assert "TARGET_DUCKDB_MEMORY_LIMIT" in str(explained)
