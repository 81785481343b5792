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
CHANGING = {"rpt_sync_health": "exclude (lag_seconds, mode)"}


def marts(project: DbtProject) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        return {
            mart: warehouse.execute(
                f"select * {CHANGING.get(mart, '')} from airflow_audit.{mart} order by all"
            ).fetchall()
            for mart in MARTS
        }
