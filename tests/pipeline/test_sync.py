"""`meltano run tap-airflow-metadata target-duckdb`, from real Postgres into a real DuckDB file."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import yaml

from tests.pipeline.comparison import (
    CATALOGUE,
    assert_all_same_as_source,
    assert_same_as_source,
)
from tests.pipeline.meltano_runs import ROOT, SYNC
from tests.real_airflow.postgres import execute

# Where one table shows what is asked: the loader takes its time for each.
TASK_INSTANCES = {"TAP_AIRFLOW_METADATA_TABLES": '["task_instance"]'}
ALL_TABLES = {"TAP_AIRFLOW_METADATA_TABLES": "[]", "TAP_AIRFLOW_METADATA_PII": "full"}


def test_every_table_arrives_and_a_second_run_follows_the_source(filled_database, pipeline):
    version = "3.3.2"
    url = filled_database(version, rows=30)
    pipe = pipeline(url, **ALL_TABLES)
    pipe.sync()
    assert_all_same_as_source(pipe, version)
    execute(
        url,
        "update task_instance set state = 'success', end_date = now() where try_number = 3",
        "update dag set owners = 'new' where ctid = (select min(ctid) from dag)",
        "delete from dag_tag where ctid = (select min(ctid) from dag_tag)",
    )
    pipe.sync()
    assert_all_same_as_source(pipe, version)
    assert sum(row["_sdc_deleted_at"] is not None for row in pipe.rows("dag_tag")) == 1


def test_records_arrive_as_files_do_to_the_last_digit(filled_database, tap_and_target):
    url = filled_database("3.3.2")
    numbers = '{"a": 1.23456789012345678901, "b": [1e400, 98765432109876543210, 2.50, -7e-330]}'
    execute(url, f"update dag_run set conf = '{numbers}'", f"update asset set extra = '{numbers}'")
    columns = {"dag_run": "conf", "asset": "extra"}
    named = [f"{table}.{column}" for table, column in columns.items()]
    settings = {"tables": list(columns), "include_columns": named}
    files = tap_and_target(url, "files", **settings)
    files.sync()
    records = tap_and_target(url, "records", **settings, records=True)
    records.sync()
    expected = json.loads(numbers, parse_float=Decimal)
    for table, column in columns.items():
        alike = f'* exclude (_sdc_extracted_at, "{column}")'
        assert sorted(records.rows(table, alike), key=str) == sorted(
            files.rows(table, alike), key=str
        )
        for pipe in (files, records):
            texts = {row[column] for row in pipe.rows(table)}
            assert [json.loads(text, parse_float=Decimal) for text in texts] == [expected]


def test_a_row_gone_from_a_large_table_is_marked_by_the_next_full_read(
    filled_database, tap_and_target
):
    pipe = tap_and_target(filled_database("3.3.2"), tables=["task_instance"])
    pipe.sync()
    execute(
        pipe.database_url,
        "delete from task_instance where ctid in (select min(ctid) from task_instance)",
    )
    pipe.sync()
    assert [row for row in pipe.rows("task_instance") if row["_sdc_deleted_at"]] == []
    pipe.sync(full_refresh=True)
    gone = [row for row in pipe.rows("task_instance") if row["_sdc_deleted_at"]]
    assert len(gone) == 1
    assert len(pipe.rows("task_instance")) == 20
    assert_same_as_source(pipe, CATALOGUE["task_instance"], "3.3.2")


def test_the_schedule_of_full_reads_reads_everything(filled_database, pipeline):
    file = yaml.safe_load((ROOT / "orchestrate" / "orchestrators.meltano.yml").read_text())
    [schedule] = [entry for entry in file["schedules"] if entry["name"] == "full-reconcile"]
    [tasks] = [job["tasks"] for job in file["jobs"] if job["name"] == schedule["job"]]
    assert tasks[0].split()[:2] == list(SYNC[1:])
    pipe = pipeline(filled_database("3.3.2"), **TASK_INSTANCES)
    pipe.sync()
    execute(
        pipe.database_url,
        "delete from task_instance where ctid in (select min(ctid) from task_instance)",
    )
    pipe.settings.update(schedule["env"])
    pipe.sync()
    assert sum(row["_sdc_deleted_at"] is not None for row in pipe.rows("task_instance")) == 1
    assert_same_as_source(pipe, CATALOGUE["task_instance"], "3.3.2")


def test_a_retry_in_airflow_3_keeps_one_row(filled_database, tap_and_target):
    pipe = tap_and_target(filled_database("3.3.2"), tables=["task_instance"])
    pipe.sync()
    execute(
        pipe.database_url,
        "update task_instance set id = gen_random_uuid(), try_number = 9, updated_at = now()",
    )
    pipe.sync()
    assert {row["try_number"] for row in pipe.rows("task_instance")} == {9}
    assert len(pipe.rows("task_instance")) == 20


def test_two_environments_share_a_warehouse_and_no_state(filled_database, pipeline):
    tables = {"TAP_AIRFLOW_METADATA_TABLES": '["dag", "log"]'}
    first = pipeline(filled_database("2.11.0"), "production", **tables)
    second = pipeline(filled_database("3.3.2"), "analytics", **tables)
    shared = {
        "TARGET_DUCKDB_PATH": str(first.warehouse),
        "MELTANO_DATABASE_URI": f"sqlite:///{first.folder / 'meltano.db'}",
    }
    second.settings.update(shared)
    first.sync()
    second.sync()
    again = first.sync()
    assert "log: 0 of 20 rows" not in again  # generated rows lack times, so some are read again
    assert first.rows("_sync_manifest", "count(distinct sync_id) as n") == [{"n": 2}]
    marks = first.rows("_sync_manifest", "bool_or(not is_full_read) as is_incremental")
    assert marks == [{"is_incremental": True}]


@pytest.mark.parametrize("mode", ["mirror", "append"])
def test_the_other_modes(mode, filled_database, pipeline, tap_and_target):
    url = filled_database("2.11.0")
    # One of them as users set it, for the build as well.
    if mode == "mirror":
        pipe = pipeline(url, AIRFLOW_AUDIT_MODE=mode, TAP_AIRFLOW_METADATA_TABLES='["dag"]')
    else:
        pipe = tap_and_target(url, mode=mode, tables=["dag"])
    pipe.sync()
    execute(
        pipe.database_url,
        "delete from dag where ctid = (select min(ctid) from dag)",
        "update dag set owners = 'new'",
    )
    pipe.sync()
    owners = [row["owners"] for row in pipe.rows("dag")]
    if mode == "mirror":
        assert owners == ["new"] * 19
    else:
        assert owners.count("new") == 19
        assert len(owners) == 39


def test_a_wrong_setting_fails_the_run_and_writes_nothing(filled_database, pipeline):
    pipe = pipeline(filled_database("3.3.2"), TAP_AIRFLOW_METADATA_TABLES='["dags"]')
    exit_code, output = pipe.meltano("run", "tap-airflow-metadata", "target-duckdb")
    assert exit_code != 0
    assert "Did you mean dag" in output
    assert not pipe.warehouse.exists() or pipe.tables() == []
