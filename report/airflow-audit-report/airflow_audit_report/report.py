"""The report as data: printed as JSON, or rendered as the page or the summary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from airflow_audit_report.dbt_client import AnalysisResult, DbtClient, Value
from airflow_audit_report.errors import MartsError, ReportSettingsError
from airflow_audit_report.report_request import Period, ReportRequest, parse_moment
from airflow_audit_report.sections import SECTIONS, Figure, Section

# The analyses return one row more, which shows that there are more.
SHOWN_ROWS = 200
_KINDS = {
    "_at": "moment",
    "_on": "day",
    "_seconds": "seconds",
    "_hours": "hours",
    "_share": "share",
}
_FLAGS = ("is_", "has_", "was_")
# From a column's name to a heading.
_WORDS = (
    (r"y_count$", "ies"),
    (r"_count$", "s"),
    (r"_(slug|id|name)$", ""),
    (r"_names$", "s"),
    (r"(.*)_p50$", r"median \1"),
    (r"(.*)_(p95|max)$", r"\2 \1"),
    (r"_", " "),
    (r"\bdag(?=s?\b)", "DAG"),
    (r"\buri\b", "URI"),
)


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
    period = request.period(parse_moment(newest))
    results = dbt.run_analyses("path:analyses/report", request.variables(period))
    return {
        "title": "Airflow Audit",
        "made_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "period": _period_json(period),
        "filter": {"team": request.team, "tag": request.tag},
        "environments": environments,
        "sections": [_section(section, results) for section in SECTIONS],
    }


def _environments(dbt: DbtClient, request: ReportRequest) -> list[dict[str, Any]]:
    """Return the environments of the report.

    Raises:
        MartsError: The marts have none.
        ReportSettingsError: The marts lack a requested one.
    """
    variables = {"AUDIT_REPORT_ENVIRONMENTS": ""}
    [result] = dbt.run_analyses("report_environments", variables).values()
    known: list[dict[str, Any]] = [
        dict(zip(result.columns, row, strict=True)) for row in result.rows
    ]
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


def _period_json(period: Period) -> dict[str, Value]:
    return {
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
        "days": period.days,
    }


def _section(section: Section, results: Mapping[str, AnalysisResult]) -> dict[str, Any]:
    return {
        "name": section.name,
        "question": section.question,
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
        "is_tiles": figure.is_tiles,
        "is_by_dag": figure.is_by_dag,
        "marts": list(result.marts),
        "sql": result.sql,
        "columns": [
            _column(name, [row[place] for row in rows]) for place, name in enumerate(result.columns)
        ],
        "rows": [list(row) for row in rows],
        "is_cut": is_cut,
        "chart": figure.chart,
    }


def _column(name: str, values: list[Value]) -> dict[str, str]:
    """Describe a column by its name, which follows the conventions of the marts."""
    suffix = next((suffix for suffix in _KINDS if name.endswith(suffix)), None)
    prefix = next((prefix for prefix in _FLAGS if name.startswith(prefix)), None)
    if suffix:
        kind = _KINDS[suffix]
    elif prefix:
        kind = "flag"
    elif all(isinstance(value, int | float) or value is None for value in values):
        kind = "number"
    else:
        kind = "text"
    words = name.removesuffix(suffix or "").removeprefix(prefix or "")
    for pattern, instead in _WORDS:
        words = re.sub(pattern, instead, words)
    return {"name": name, "label": words[:1].upper() + words[1:], "kind": kind}
