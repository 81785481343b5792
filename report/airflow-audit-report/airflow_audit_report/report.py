"""The report as data: printed as JSON, or rendered as the page or the summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from airflow_audit_report.answers import read_answers
from airflow_audit_report.columns import column_of
from airflow_audit_report.dbt_client import AnalysisResult, DbtClient, Value
from airflow_audit_report.errors import MartsError, ReportSettingsError
from airflow_audit_report.report_request import Period, ReportRequest
from airflow_audit_report.sections import ALL_FINDINGS, SECTIONS, Figure, Section

# The analyses return one row more, which shows that there are more.
SHOWN_ROWS = 200


def make_report(dbt: DbtClient, request: ReportRequest) -> dict[str, Any]:
    """Run the analyses of all figures.

    Args:
        dbt: Runs them.
        request: Period and filters.

    Returns:
        The report, of JSON's types.

    Raises:
        ReportError: There is nothing to report, or the marts cannot be read.
    """
    environments = _environments(dbt, request)
    newest = max(environment["synced_at"] for environment in environments)
    period = request.period(datetime.fromisoformat(newest).astimezone(timezone.utc))
    results = dbt.run_analyses("path:analyses/report", request.variables(period))
    return {
        "title": "Airflow Audit",
        "made_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "period": _period_json(period),
        "filter": {"team": request.team, "tag": request.tag},
        "environments": environments,
        "answers": _answers(results["report_answers"]),
        "sections": [_section(section, results, request) for section in SECTIONS],
    }


def _environments(dbt: DbtClient, request: ReportRequest) -> list[dict[str, Any]]:
    """Return the environments of the report.

    Raises:
        MartsError: The marts have none.
        ReportSettingsError: The marts lack a requested one.
    """
    variables = {"AUDIT_REPORT_ENVIRONMENTS": ""}
    [result] = dbt.run_analyses("report_environments", variables).values()
    known = _by_column(result)
    if not known:
        msg = "The marts have no environment in them. Sync one, and build the marts"
        raise MartsError(msg)
    slugs = [environment["environment_slug"] for environment in known]
    for slug in request.environments:
        if slug not in slugs:
            names = ", ".join(slugs)
            msg = f"--environments: the marts have no environment {slug!r}. They have: {names}"
            raise ReportSettingsError(msg)
    return [
        environment
        for environment in known
        if not request.environments or environment["environment_slug"] in request.environments
    ]


def _by_column(result: AnalysisResult) -> list[dict[str, Any]]:
    return [dict(zip(result.columns, row, strict=True)) for row in result.rows]


def _answers(result: AnalysisResult) -> list[dict[str, Any]]:
    """Return what the rules found, each with the section and the figure that show more."""
    places = {
        rule: (section.name, figure.name)
        for section in SECTIONS
        for figure in section.figures
        for rule in figure.rules
    }
    answers = []
    for answer in read_answers(_by_column(result)):
        section, figure = places.get(answer["rule"], (SECTIONS[0].name, ALL_FINDINGS))
        answers.append(answer | {"section": section, "figure": figure})
    return answers


def _period_json(period: Period) -> dict[str, Value]:
    return {
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "days": period.days,
    }


def _section(
    section: Section, results: Mapping[str, AnalysisResult], request: ReportRequest
) -> dict[str, Any]:
    is_of_some_dags = bool(request.team or request.tag)
    return {
        "name": section.name,
        "question": section.question,
        # Of some DAGs, rules that know none say nothing.
        "is_judged": any(
            figure.rules and (figure.is_by_dag or not is_of_some_dags) for figure in section.figures
        ),
        "figures": [_figure(figure, results[figure.analysis]) for figure in section.figures],
    }


def _figure(figure: Figure, result: AnalysisResult) -> dict[str, Any]:
    # A chart needs all rows, of which its days and groups set the number.
    is_cut = figure.chart is None and len(result.rows) > SHOWN_ROWS
    rows = result.rows[:SHOWN_ROWS] if is_cut else result.rows
    return {
        "name": figure.name,
        "title": figure.title,
        "note": figure.note,
        "empty": figure.empty,
        "is_tiles": figure.is_tiles,
        "is_by_dag": figure.is_by_dag,
        "marts": list(result.marts),
        "sql": result.sql,
        "columns": [{"name": name, **asdict(column_of(name))} for name in result.columns],
        "rows": [list(row) for row in rows],
        "is_cut": is_cut,
        "chart": figure.chart,
    }
