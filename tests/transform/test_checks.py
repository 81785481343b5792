"""What a build refuses, and what it says then."""

from __future__ import annotations

import re
from datetime import timedelta

import duckdb

from tap_airflow_metadata.catalogue import load_catalogue
from tests.transform.conftest import BOTH
from tests.transform.environments import THREE, TWO
from tests.transform.raw_tables import SYNCED_AT, create_table, insert
from tests.transform.running_dbt import DbtProject


def test_every_difference_is_told_with_table_numbers_and_advice(project: DbtProject) -> None:
    later = SYNCED_AT + timedelta(hours=1)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        # Read by changes: a row less is lost, a row more is one that Airflow has deleted since.
        warehouse.execute(f'delete from "airflow_{TWO}".log where id = 1')
        insert(warehouse, THREE, "log", [{"id": 99, "event": "trigger"}])
        # Read whole: neither less nor more.
        warehouse.execute(f"delete from \"airflow_{TWO}\".dag_tag where name = 'money'")
        insert(warehouse, TWO, "ab_role", [{"id": 99, "name": "spare"}])
        # Read on demand.
        create_table(warehouse, TWO, load_catalogue()["log_template"])
        expected = {"sync_id": "later", "table_name": "log_template", "mode": "merge"}
        flags = {"is_full_read": True, "is_table_at_source": True}
        counts = {"source_rows": 7, "sent_rows": 7}
        insert(warehouse, TWO, "_sync_manifest", [expected | flags | counts])
        # Loaded by a sync that did not come to its end.
        warehouse.execute(f"update \"airflow_{THREE}\".dag set _sdc_extracted_at = '{later}'")

    run = project.run(
        "build", "--select", "+assert_warehouse_holds_all_source_rows", ENVIRONMENT_SLUGS=BOTH
    )

    assert run.exit_code == 1, run.output
    told = re.findall(r"Environment (\S+), table (\w+): (\d+) rows .*?, (\d+) at", run.output)
    assert sorted(told) == [
        (THREE, "dag", "2", "2"),
        (TWO, "ab_role", "3", "2"),
        (TWO, "dag_tag", "1", "2"),
        (TWO, "log", "4", "5"),
        (TWO, "log_template", "0", "7"),
    ]
    refresh = f"Read everything again, by a sync with full refresh, with ENVIRONMENT_SLUG={TWO}"
    assert run.output.count(refresh) == 4
    again = f"A later sync was interrupted; run it again, with ENVIRONMENT_SLUG={THREE}"
    assert run.output.count(again) == 1


def test_a_build_without_sense_is_refused(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(f'create schema "airflow_{TWO}__loading"')  # by a load that was killed

    def objection(**environment: str) -> str:
        """What is said to a small build, nothing if it goes well."""
        run = project.run("--quiet", "run", "--select", "stg_airflow__dags", **environment)
        return run.output if run.exit_code else ""

    assert objection(ENVIRONMENT_SLUG=TWO) == ""
    missing = objection(ENVIRONMENT_SLUGS=f"{BOTH},staging")
    assert "no Airflow environment 'staging'" in missing
    assert "Sync it with ENVIRONMENT_SLUG=staging" in missing
    assert f"There are: {THREE}, {TWO}." in missing
    assert "Set ENVIRONMENT_SLUG" in objection()
    malformed = objection(ENVIRONMENT_SLUGS=f"{TWO},prod' or true --")
    assert "'prod' or true --', which is no environment slug" in malformed
    for slug, schema in (("audit", "airflow_audit"), ("audit_history", "airflow_audit_history")):
        assert f"would share the schema {schema} with the marts" in objection(ENVIRONMENT_SLUG=slug)
    mode = objection(ENVIRONMENT_SLUG=TWO, AIRFLOW_AUDIT_MODE="upsert")
    assert "AIRFLOW_AUDIT_MODE is 'upsert'" in mode


def test_a_missing_table_is_named_and_may_count_as_empty(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(f'drop table "airflow_{TWO}".log')
    select = ["run", "--select", "stg_airflow__logs+1", "fct_audit_events"]
    refused = project.run(*select, ENVIRONMENT_SLUGS=BOTH)
    assert refused.exit_code != 0
    advice = f"AIRFLOW_AUDIT_TABLES_NOT_SYNCED={TWO}.log"
    assert f"Environment '{TWO}' lacks raw tables" in refused.output
    assert advice in refused.output

    name, _, value = advice.partition("=")
    accepted = project.run(*select, ENVIRONMENT_SLUGS=BOTH, **{name: value})
    assert accepted.exit_code == 0, accepted.output
    with duckdb.connect(str(project.warehouse)) as warehouse:
        counts = warehouse.execute(
            "select environment_slug, count(*) from airflow_audit.fct_audit_events group by 1"
        ).fetchall()
    assert counts == [(THREE, 3)]


def test_a_standby_that_was_far_behind_is_a_warning(project: DbtProject) -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        for slug, seconds in ((TWO, 899.5), (THREE, 3600.2)):
            manifest = f'"airflow_{slug}"._sync_manifest'
            warehouse.execute(f"update {manifest} set replay_lag_seconds = {seconds}")
    selected = ("--select", "+assert_standby_is_not_far_behind")
    run = project.run("build", *selected, ENVIRONMENT_SLUGS=BOTH)
    assert run.exit_code == 0, run.output
    assert f"Environment {THREE}: the last sync read a standby" in run.output
    assert "was 3600 seconds old" in run.output
    assert f"Environment {TWO}: the last sync read a standby" not in run.output
