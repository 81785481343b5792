"""Marts that answer alike, and the data of a page, for tests of the report."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from airflow_audit_report.dbt_client import AnalysisResult
from airflow_audit_report.sections import SECTIONS

FIGURES = {figure.analysis: figure for section in SECTIONS for figure in section.figures}
ENVIRONMENTS = [
    ("analytics", "2026-11-12T06:20:00+00:00", "3.3.2", "hashed", 26),
    ("production", "2026-11-13T06:20:00+00:00", "2.11.0", "usernames", 26),
]


class MadeUpMarts:
    """Marts that answer every analysis alike, and note what they were asked."""

    def __init__(
        self, answers: Mapping[str, AnalysisResult] | None = None, environments=ENVIRONMENTS
    ):
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        names = [*FIGURES, "report_answers"]
        self._answers = {name: answer(["dag_id"], []) for name in names} | dict(answers or {})
        names = [
            "environment_slug",
            "synced_at",
            "airflow_schema_version",
            "pii",
            "longest_sync_age_hours",
        ]
        self._environments = {"report_environments": answer(names, environments)}

    def run_analyses(self, selection, variables):
        self.asked.append((selection, dict(variables)))
        return self._environments if selection == "report_environments" else self._answers


def answer(columns, rows):
    return AnalysisResult(tuple(columns), tuple(map(tuple, rows)), "select 1", ("fct_dag_runs",))


def data_of(text):
    """Return what the scripts of a page draw."""
    [found] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    return json.loads(found)
