"""Random changes in every warehouse's SQL: building on gives the rows that building anew gives.

Of the tests in tests/transform, which do this for all marts in DuckDB, this repeats what is built
incrementally, with whatever that reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tap_airflow_metadata.known_schema import merge_key
from tap_airflow_metadata.raw_shape import json_schema
from tests.load.loaded_warehouse import LoadedWarehouse
from tests.load.singer import STATE, record
from tests.stand_ins import CLOUD_WAREHOUSES
from tests.transform.random_airflow import SLUG, RandomAirflow
from tests.transform.raw_tables import default_tables
from tests.transform.running_dbt import WITHOUT_TESTS
from tests.warehouses.compared_rows import approximately, rows
from tests.warehouses.dbt_runs import run_dbt
from tests.warehouses.stand_ins import running_warehouse

SEED = 1
# Of builds in stand-ins, each of which takes half a minute or, in BigQuery's, longer.
ROUNDS = {"snowflake": 2, "redshift": 2, "bigquery": 1}
CHANGES = 12
INCREMENTAL = ("--select", "+config.materialized:incremental")
STAGING = "airflow_audit_staging"
MARTS = (
    *("fct_audit_events", "fct_dag_run_outcomes", "fct_dag_runs", "fct_task_attempts"),
    *("fct_task_instances", "agg_tasks_daily"),
)
STEPS = (
    "int_duration_baselines_averaged",
    "int_pool_slots_changed",
    "int_seconds_by_day_percentiles",
)

pytestmark = [pytest.mark.stand_in, pytest.mark.timeout(2400)]


def messages(warehouse: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The raw tables as they are, as a tap sends them: what is there is overwritten by key."""
    for table in default_tables():
        schema = json_schema(table.raw_columns())
        found = warehouse.execute(f'select * from "airflow_{SLUG}"."{table.name}"')
        columns = [name for name, *_ in found.description or []]
        described = {"type": "SCHEMA", "stream": table.name, "schema": schema | {"x-mode": "merge"}}
        yield json.dumps(described | {"key_properties": merge_key(table, columns)})
        for row in found.fetchall():
            yield record(table.name, dict(zip(columns, row, strict=True)))
    yield STATE


def built_rows(warehouse: LoadedWarehouse) -> dict[str, list[list[object]]]:
    """All rows of what is built incrementally; of steps in between but for when they were read.

    A day of which tries were only read again is left as it is.
    """
    marts, steps = (warehouse.with_schema(name) for name in ("airflow_audit", STAGING))
    return {mart: rows(marts, mart) for mart in MARTS} | {
        step: rows(steps, step, {"extracted_at"}) for step in STEPS
    }


@pytest.mark.parametrize("name", CLOUD_WAREHOUSES)
def test_a_full_refresh_gives_the_same_rows(name: str, tmp_path: Path) -> None:
    with running_warehouse(name, tmp_path) as warehouse, duckdb.connect() as life:
        folder = tmp_path / "built"
        folder.mkdir()
        raw = warehouse.with_schema(f"airflow_{SLUG}")
        life.execute("set timezone = 'UTC'")
        airflow = RandomAirflow(life, SEED)

        def build(*options: str) -> dict[str, list[list[object]]]:
            raw.load(*messages(life))
            run_dbt(
                warehouse,
                folder,
                "build",
                *WITHOUT_TESTS,
                *INCREMENTAL,
                *options,
                ENVIRONMENT_SLUGS=SLUG,
            )
            return built_rows(warehouse)

        before = build()
        assert len(before["fct_task_attempts"]) > 100
        for _ in range(ROUNDS[name]):
            airflow.live(life, CHANGES)
            incremental = build()
            assert incremental != before
            before = incremental
        refreshed = build("--full-refresh")
        for model, expected in refreshed.items():
            assert expected, model
            assert incremental[model] == [approximately(row) for row in expected], model
