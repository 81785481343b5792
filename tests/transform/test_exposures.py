"""dbt's exposures are the report's sections, with the marts that their analyses read."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_audit_report.sections import SECTIONS


@pytest.fixture
def analyses(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What dbt knows of the report's analyses, by name."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "analysis" and node["name"].startswith("report_")
    }


def test_every_section_is_an_exposure_of_the_marts_that_it_shows(
    manifest: dict[str, Any], analyses: dict[str, dict[str, Any]]
) -> None:
    exposures = {
        exposure["label"]: (
            exposure["name"],
            exposure["type"],
            exposure["description"].partition("?")[0] + "?",
            set(exposure["depends_on"]["nodes"]),
        )
        for exposure in manifest["exposures"].values()
    }
    assert exposures == {
        f"Report: {section.name}": (
            f"report_{section.name.lower().replace(' ', '_')}",
            "dashboard",
            section.question,
            {
                mart
                for figure in section.figures
                for mart in analyses[figure.analysis]["depends_on"]["nodes"]
            },
        )
        for section in SECTIONS
    }
    assert all(exposure["owner"]["name"] for exposure in manifest["exposures"].values())


def test_every_analysis_of_the_report_is_shown_and_reads_marts_only(
    manifest: dict[str, Any], analyses: dict[str, dict[str, Any]]
) -> None:
    figures = {figure.analysis for section in SECTIONS for figure in section.figures}
    # These are for the head of the page.
    assert set(analyses) == figures | {"report_answers", "report_environments"}
    for name, analysis in analyses.items():
        assert analysis["depends_on"]["nodes"], name
        for read in analysis["depends_on"]["nodes"]:
            assert manifest["nodes"][read]["path"].startswith("marts/"), (name, read)


def test_filters_are_where_the_report_says_so(analyses: dict[str, dict[str, Any]]) -> None:
    for section in SECTIONS:
        for figure in section.figures:
            sql = analyses[figure.analysis]["raw_code"]
            assert "of_environments(" in sql, figure.name
            assert ("of_dags(" in sql) == figure.is_by_dag, figure.name


def test_tables_are_cut(analyses: dict[str, dict[str, Any]]) -> None:
    """All but tiles, and those whose rows the period or the pools limit."""
    limited = {name for name, node in analyses.items() if node["raw_code"].endswith("limit 201")}
    by_time = {"_by_day", "_by_hour", "_saturation", "_numbers", "_environments", "_answers"}
    assert set(analyses) - limited == {
        name
        for name in analyses
        if any(name.endswith(end) for end in by_time) and name != "report_runs_by_environment"
    }


def test_no_figure_reads_more_of_people_than_their_user_names(
    analyses: dict[str, dict[str, Any]],
) -> None:
    for name, node in analyses.items():
        for column in ("email", "first_name", "last_name"):
            assert column not in node["raw_code"], name
