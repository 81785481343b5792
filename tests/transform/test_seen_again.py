"""Rows that a later sync found unchanged: the marts know when they were last seen."""

from __future__ import annotations

import json
from datetime import timedelta

import duckdb
import pytest

from tests.transform.conftest import BOTH
from tests.transform.environments import THREE, TWO
from tests.transform.mart_rows import marts
from tests.transform.raw_tables import SYNCED_AT, default_tables
from tests.transform.running_dbt import DbtProject

LOADED_AT = SYNCED_AT - timedelta(days=3)


def load_earlier(project: DbtProject, mode: str) -> None:
    """Let all rows of the last sync be of an earlier one, which the last found unchanged."""
    with duckdb.connect(str(project.warehouse)) as warehouse:
        for slug in (TWO, THREE):
            for table in default_tables():
                name = f'"airflow_{slug}"."{table.name}"'
                changed = f"_sdc_extracted_at = '{LOADED_AT}'"
                if table.name == "_sync_manifest":
                    changed = f"unchanged_since_at = '{LOADED_AT}', mode = '{mode}'"
                warehouse.execute(
                    f"update {name} set {changed} where _sdc_extracted_at = '{SYNCED_AT}'"
                )


@pytest.mark.parametrize("mode", ["merge", "append"])
def test_the_marts_are_as_if_all_had_been_loaded_again(project: DbtProject, mode: str) -> None:
    expected = marts(project)
    load_earlier(project, mode)
    run = project.run("run", "--full-refresh", ENVIRONMENT_SLUGS=BOTH, AIRFLOW_AUDIT_MODE=mode)
    assert run.exit_code == 0, run.output
    assert marts(project) == expected


def test_rows_that_a_sync_did_not_load_again_are_counted_as_its(project: DbtProject) -> None:
    def counted() -> dict[str, int]:
        arguments = {
            "schema": f"airflow_{THREE}",
            "table_names": ["dag", "none"],
            "extracted_at": SYNCED_AT.isoformat(),
        }
        run = project.run(
            "--quiet", "run-operation", "count_loaded_rows", "--args", json.dumps(arguments)
        )
        assert run.exit_code == 0, run.output
        lines = [line for line in run.output.splitlines() if line.startswith("{")]
        return {row["table"]: row["rows_of_moment"] for row in map(json.loads, lines)}

    before = counted()
    assert before["dag"]
    assert before["none"] is None
    load_earlier(project, "merge")
    assert counted() == before
