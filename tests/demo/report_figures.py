"""The figures of the report, asked of a warehouse as dbt compiles them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb

from demo.present import NOW
from demo.run import COST_PER_SLOT_HOUR
from tests.transform.running_dbt import DbtProject

SINCE = NOW - timedelta(days=28)
BEFORE = SINCE - timedelta(days=28)
# What is told by the day is of whole days.
FIRST_DAY = datetime(2026, 10, 17, tzinfo=timezone.utc)
TODAY = datetime(2026, 11, 13, tzinfo=timezone.utc)

Rows = list[dict[str, Any]]


class ReportFigures:
    """The analyses below `transform/analyses/report`.

    Args:
        project: Has the warehouse with the marts.
    """

    def __init__(self, project: DbtProject) -> None:
        self._project = project
        self._compiled: dict[str, dict[str, str]] = {}

    def ask(
        self, warehouse: Path | None = None, *, only: tuple[str, ...] = (), **asked: str
    ) -> dict[str, Rows]:
        """Return the rows of every figure by column.

        Args:
            warehouse: Another file of the same name, with the same marts.
            only: Of some figures; dbt compiles no others.
            asked: `since`, `until`, `environments`, `team` and `tag`; without them the last four
                weeks of everything.
        """
        compiled = self._sql(only, asked)
        with duckdb.connect(
            str(warehouse or self._project.warehouse), read_only=True
        ) as connection:
            # Sums of floats depend on the order, which is chance if several threads add.
            connection.execute("set TimeZone = 'UTC'; set threads = 1")
            answers = {}
            for name, sql in compiled.items():
                found = connection.execute(sql)
                columns = [column[0] for column in found.description]
                rows = found.fetchall()
                answers[name] = [dict(zip(columns, row, strict=True)) for row in rows]
            return answers

    def numbers(self, figure: str, **asked: str) -> dict[str, tuple[float | None, float | None]]:
        """Return now and before of every metric of a figure."""
        # Of everything, all figures are asked for anyway.
        only = (figure,) if asked else ()
        return {
            row["metric"]: (row["current_value"], row["previous_value"])
            for row in self.ask(only=only, **asked)[figure]
        }

    def _sql(self, only: tuple[str, ...], asked: dict[str, str]) -> dict[str, str]:
        settings = {
            "since": SINCE.isoformat(),
            "until": NOW.isoformat(),
            **dict.fromkeys(("environments", "team", "tag"), ""),
            **asked,
        }
        variables = {f"AUDIT_REPORT_{name.upper()}": text for name, text in settings.items()}
        selected = [f"report_{figure}" for figure in only] or ["path:analyses/report"]
        line = json.dumps([selected, variables])
        if line not in self._compiled:
            compiled = self._project.compiled(
                *("--quiet", "--select", *selected),
                *("--no-introspect", "--no-populate-cache"),
                ENVIRONMENT_SLUGS="production,analytics",
                AIRFLOW_AUDIT_COST_PER_SLOT_HOUR=str(COST_PER_SLOT_HOUR),
                **variables,
            )
            self._compiled[line] = {
                name.removeprefix("report_"): sql for name, sql in compiled.items()
            }
        return self._compiled[line]
