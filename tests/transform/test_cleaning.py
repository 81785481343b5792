"""What a build says of values that were loaded before they were cleaned, and how they go."""

from __future__ import annotations

from datetime import timedelta

import duckdb

from tests.transform.conftest import BOTH
from tests.transform.environments import THREE, TWO
from tests.transform.raw_tables import SYNCED_AT, insert
from tests.transform.running_dbt import DbtProject

TESTS = "assert_all_values_are_cleaned assert_cleaning_knows_all_values"


def test_values_from_before_cleaning_are_told_and_emptied(project: DbtProject) -> None:
    before = SYNCED_AT - timedelta(days=30)
    old = {"id": 98, "event": "cli_variables_set", "extra": "hunter2", "_sdc_extracted_at": before}
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(f'update "airflow_{TWO}"._sync_manifest set cleaned_rows = 0')
        warehouse.execute(f'alter table "airflow_{TWO}".connection add column description varchar')
        warehouse.execute(f"update \"airflow_{TWO}\".connection set description = 'hunter2'")
        insert(warehouse, TWO, "log", [old])
        insert(warehouse, TWO, "connection", [{"id": 98, "conn_id": "old", "host": "u:hunter2@h",
            "description": "hunter2", "_sdc_extracted_at": before}])  # fmt: skip
        kept = warehouse.execute(
            f'select count(extra) from "airflow_{TWO}".log where id <> 98'
        ).fetchone()

    told = project.run("test", "--select", *TESTS.split(), ENVIRONMENT_SLUGS=TWO)
    emptied = project.run("run-operation", "forget_uncleaned", ENVIRONMENT_SLUGS=TWO)
    again = project.run("test", "--select", *TESTS.split(), ENVIRONMENT_SLUGS=TWO)

    assert f"Environment {TWO}: 1 rows of log were loaded before extra was cleaned" in told.output
    assert f"Environment {TWO}: 1 rows of connection were loaded before host" in told.output
    assert f"airflow_{TWO}.log.extra: 1 values emptied" in emptied.output
    assert f"airflow_{TWO}.connection.description: 1 values emptied" in emptied.output
    assert "was cleaned" not in again.output
    with duckdb.connect(str(project.warehouse)) as warehouse:
        assert warehouse.execute(f'select count(extra) from "airflow_{TWO}".log').fetchone() == kept
        rows = warehouse.execute(f'from "airflow_{TWO}".connection where id = 98').fetchall()
    assert "hunter2" not in str(rows)


def test_what_the_allow_list_does_not_know_is_told(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(
            f'update "airflow_{THREE}"._sync_manifest set cleaned_rows = 5, unknown_rows = 3'
            " where table_name = 'log'"
        )
    select = "+rpt_sync_health assert_cleaning_knows_all_values"
    run = project.run("build", "--select", *select.split(), ENVIRONMENT_SLUGS=BOTH)
    assert run.exit_code == 0, run.output
    assert f"Environment {THREE}, table log: 3 rows of the last sync noted something" in run.output
