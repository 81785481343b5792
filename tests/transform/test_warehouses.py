"""The project compiles for every cloud warehouse, into SQL that is understood there.

No warehouse is asked: that it also does there what it does in DuckDB, where other tests build it,
is not proven by this.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.stand_ins import CLOUD_WAREHOUSES
from tests.transform.replaced_macros import misfits
from tests.transform.running_dbt import PROJECT, ROOT
from tests.transform.sql_dialects import objections

PYTHON = ROOT / ".tools/dbt-warehouses/bin/python"
SETTINGS = (
    "TARGET_SNOWFLAKE_ACCOUNT",
    "TARGET_SNOWFLAKE_USER",
    "TARGET_SNOWFLAKE_PRIVATE_KEY",
    "TARGET_SNOWFLAKE_ROLE",
    "TARGET_SNOWFLAKE_WAREHOUSE",
    "TARGET_SNOWFLAKE_DATABASE",
    "TARGET_REDSHIFT_HOST",
    "TARGET_REDSHIFT_USER",
    "TARGET_REDSHIFT_PASSWORD",
    "TARGET_REDSHIFT_DATABASE",
    "TARGET_BIGQUERY_PROJECT",
    "TARGET_BIGQUERY_LOCATION",
)
# What is in no node: what the materialisations make of contracts, and what `dbt:freshness` asks.
MACROS = """
{%- for node in graph.nodes.values() if node.config.contract and node.config.contract.enforced %}
create table {{ node.name }} {{ column_definitions(node.columns, node.primary_key) }};
{{ get_empty_schema_sql(node.columns) }};
{%- endfor %}
{{ last_syncs() }};
"""
HOSTILE_TEAM = r"o'clock\' or 1 = 1 --"
# BigQuery's client wants to know who asks before it asks anything.
NOBODY = {"type": "authorized_user", "client_id": "x", "client_secret": "x", "refresh_token": "x"}


@dataclass(frozen=True)
class Compiled:
    """The project in the SQL of one warehouse.

    Attributes:
        nodes: What dbt knows of models, snapshots, tests and analyses, by unique id.
        sql: Their SQL, by unique id.
        incremental: That of incremental models from the second build on.
        macros: The tables' definitions, and the last syncs of all environments.
        known_macros: What dbt knows of all macros, its own and the adapter's among them.
    """

    nodes: dict[str, Any]
    sql: dict[str, str]
    incremental: dict[str, str]
    macros: str
    known_macros: list[dict[str, Any]]


def _compiled(folder: Path) -> dict[str, str]:
    """SQL by unique id."""
    run = json.loads((folder / "run_results.json").read_text())
    return {result["unique_id"]: result["compiled_code"] for result in run["results"]}


def _compile_offline(warehouse: str, folder: Path) -> None:
    assert PYTHON.exists(), f"{PYTHON} is missing: run the tests with `make test`"
    credentials = folder / "nobody.json"
    credentials.write_text(json.dumps(NOBODY))
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBT_", "ENVIRONMENT_SLUG", "AIRFLOW_AUDIT_", "TARGET_"))
    }
    program = Path(__file__).with_name("compile_offline.py")
    done = subprocess.run(
        [PYTHON, program, warehouse, folder],
        env=inherited
        | dict.fromkeys(SETTINGS, "nothing")
        | {
            "DBT_PROJECT_DIR": str(PROJECT),
            "DBT_PROFILES_DIR": str(PROJECT / "profiles"),
            "DBT_TARGET_PATH": str(folder / "rest"),
            "DBT_LOG_PATH": str(folder / "logs"),
            "ENVIRONMENT_SLUGS": "prod-eu,analytics",
            "AIRFLOW_AUDIT_TABLES_NOT_SYNCED": "prod-eu.dag",
            # So that the filters of the report compile, too.
            "AUDIT_REPORT_ENVIRONMENTS": "prod-eu,analytics",
            "AUDIT_REPORT_TEAM": HOSTILE_TEAM,
            "AUDIT_REPORT_TAG": "tier-1",
            "GOOGLE_APPLICATION_CREDENTIALS": str(credentials),
        },
        cwd=folder,
        input=MACROS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{warehouse}: {done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Compiled]:
    """The project in the SQL of every warehouse."""
    results = {}
    for warehouse in CLOUD_WAREHOUSES:
        folder = tmp_path_factory.mktemp(warehouse)
        _compile_offline(warehouse, folder)
        manifest = json.loads((folder / "project/manifest.json").read_text())
        results[warehouse] = Compiled(
            {
                unique_id: node
                for unique_id, node in manifest["nodes"].items()
                if node["resource_type"] not in ("seed", "operation")
            },
            _compiled(folder / "project"),
            _compiled(folder / "incremental"),
            (folder / "inline.sql").read_text(),
            list(manifest["macros"].values()),
        )
    return results


@pytest.mark.parametrize("warehouse", CLOUD_WAREHOUSES)
def test_everything_compiles_into_sql_that_is_understood(
    warehouse: str, compiled: dict[str, Compiled]
) -> None:
    project = compiled[warehouse]
    assert len(project.nodes) > 200
    wrong = {
        node["name"]: said
        for unique_id, node in project.nodes.items()
        if (said := objections(project.sql[unique_id], warehouse))
    }
    assert wrong == {}


@pytest.mark.parametrize("warehouse", CLOUD_WAREHOUSES)
def test_incremental_models_are_understood_from_the_second_build_on(
    warehouse: str, compiled: dict[str, Compiled]
) -> None:
    project = compiled[warehouse]
    assert len(project.incremental) >= 3
    for unique_id, sql in project.incremental.items():
        assert sql != project.sql[unique_id], unique_id
        assert objections(sql, warehouse) == [], unique_id


@pytest.mark.parametrize("warehouse", CLOUD_WAREHOUSES)
def test_contracts_and_the_check_of_syncs_are_understood(
    warehouse: str, compiled: dict[str, Compiled]
) -> None:
    macros = compiled[warehouse].macros
    marts = len(list(PROJECT.glob("models/marts/**/*.sql")))
    assert macros.count("create table") == macros.count(", primary key (") == marts
    assert "incomplete_tables" in macros
    assert objections(macros, warehouse) == []


def test_redshift_keeps_long_texts(compiled: dict[str, Compiled]) -> None:
    macros = compiled["redshift"].macros
    assert macros.count(" varchar") == macros.count(" varchar(65535)") > 100


@pytest.mark.parametrize("warehouse", CLOUD_WAREHOUSES)
def test_dbt_still_has_the_macros_that_are_replaced(
    warehouse: str, compiled: dict[str, Compiled]
) -> None:
    assert misfits(compiled[warehouse].known_macros, warehouse) == []


@pytest.mark.parametrize(
    ("warehouse", "sql"),
    [
        ("snowflake", "select 1 from airflow_prod-eu.dag as dags"),
        ("snowflake", "select string_agg(a, ',') from b"),
        ("snowflake", "select strftime(a, '%Y') from b"),
        ("snowflake", "select a as trigger from b"),
        ("redshift", "with permissions as (select 1 as a) select * from permissions"),
        ("redshift", "select cast(a as string) from b"),
        ("redshift", "select string_agg(a, ',') from b"),
        ("bigquery", "select a like '%''b''%' from c"),
        ("bigquery", "select cast(a as varchar) from b"),
        ("bigquery", "select listagg(a, ',') from b"),
        ("bigquery", "select made_up(a) from b"),
    ],
)
def test_what_a_warehouse_does_not_understand_is_noticed(warehouse: str, sql: str) -> None:
    assert objections(sql, warehouse) != []
