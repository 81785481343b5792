"""The rows of all marts, to compare two builds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb

from tests.transform.running_dbt import PROJECT, DbtProject

# Gives the rows of a query.
Rows = Callable[[str], list[tuple[Any, ...]]]

MARTS = sorted(path.stem for path in PROJECT.glob("models/marts/**/*.sql"))

# What legitimately differs: the age of the last sync, and the mode.
CHANGING = {
    "rpt_sync_health": "exclude (lag_seconds, mode)",
    "fct_findings": (
        "replace (case when rule_name != 'late_syncs' then measured_value end as measured_value)"
    ),
}


def marts(project: DbtProject) -> dict[str, list[tuple[object, ...]]]:
    """Every mart's rows, to be compared with those of another build of the same data.

    Floats are given to twelve digits: DuckDB's threads add in any order, which the last bits
    of a sum of fractions follow.
    """
    with duckdb.connect(str(project.warehouse)) as warehouse:
        return {
            mart: [
                tuple(map(_without_last_bits, row))
                for row in warehouse.execute(
                    f"select * {CHANGING.get(mart, '')} from airflow_audit.{mart} order by all"
                ).fetchall()
            ]
            for mart in MARTS
        }


def _without_last_bits(value: object) -> object:
    return float(f"{value:.12g}") if isinstance(value, float) else value
