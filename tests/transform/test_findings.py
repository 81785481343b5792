"""Findings from sync to sync: they begin, end, begin again, and can be silenced."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb

from tests.transform.conftest import BOTH
from tests.transform.environments import THREE, TWO
from tests.transform.raw_tables import SYNCED_AT, SourceChanges
from tests.transform.running_dbt import WITHOUT_TESTS, DbtProject

FIRST, SECOND, THIRD, LAST = (SYNCED_AT + timedelta(days=days) for days in (1, 2, 3, 4))
# What is a table on the way to the findings that these tests change; the views are there.
NEEDED = (
    *("dim_dags", "rpt_sync_health", "int_findings_unioned", "int_finding_triage_ranked"),
    *("snap_findings", "fct_findings"),
)


def sync(project: DbtProject, moment: datetime, *, owners: str) -> None:
    """Read a DAG that has these owners then."""
    with duckdb.connect(str(project.warehouse)) as warehouse:
        source = SourceChanges(warehouse, TWO, moment)
        source.change("dag", "dag_id = 'sales'", owners=owners)
        told = {"sync_id": str(moment), "table_name": "dag", "mode": "merge"}
        source.add("_sync_manifest", told | {"is_full_read": True, "cleaned_rows": 0})


def build(project: DbtProject, **environment: str) -> None:
    settings = {"ENVIRONMENT_SLUGS": BOTH} | environment
    run = project.run("build", *WITHOUT_TESTS, "--select", *NEEDED, **settings)
    assert run.exit_code == 0, run.output


def found(project: DbtProject, columns: str, where: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'")
        return warehouse.execute(
            f"select {columns} from airflow_audit.fct_findings where {where} order by all"
        ).fetchall()


def test_a_finding_begins_ends_and_begins_again(project: DbtProject) -> None:
    def ownerless() -> list[tuple[Any, ...]]:
        return found(
            project,
            "finding_key, is_open, first_seen_at, last_seen_at, resolved_at",
            f"rule_name = 'ownerless_dags' and dag_id = 'sales' and environment_slug = '{TWO}'",
        )

    assert ownerless() == []
    sync(project, FIRST, owners="airflow")
    build(project)
    [(key, *begun)] = ownerless()
    assert begun == [True, FIRST, FIRST, None]
    # Building twice is no other sync.
    build(project)
    assert ownerless() == [(key, *begun)]
    sync(project, SECOND, owners="airflow")
    build(project)
    assert ownerless() == [(key, True, FIRST, SECOND, None)]
    sync(project, THIRD, owners="finance")
    build(project)
    assert ownerless() == [(key, False, FIRST, SECOND, THIRD)]
    build(project)
    assert ownerless() == [(key, False, FIRST, SECOND, THIRD)]
    sync(project, LAST, owners="airflow")
    build(project)
    assert ownerless() == [(key, True, FIRST, LAST, None)]


def test_somebody_silences_and_assigns(project: DbtProject) -> None:
    sync(project, FIRST, owners="airflow")
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("create schema of_ours")
        warehouse.execute(
            "create table of_ours.triage as select null::varchar as finding_key,"
            f" 'ownerless_dags' as rule_name, '{TWO}' as environment_slug, 'sal*' as subject,"
            f" date '{FIRST:%Y-%m-%d}' as silenced_until_on, 'mara' as assigned_to,"
            " 'moves to another team' as reason, 'lena' as decided_by"
        )
    relation = {"AIRFLOW_AUDIT_FINDING_TRIAGE_RELATION": "of_ours.triage"}
    columns = "subject, is_silenced, assigned_to, triage_reason, decided_by"
    where = f"rule_name = 'ownerless_dags' and environment_slug = '{TWO}' and dag_id = 'sales'"
    build(project, **relation)
    assert found(project, columns, where) == [
        ("sales", True, "mara", "moves to another team", "lena")
    ]
    # A silence ends with its day; who looks after it stays.
    sync(project, SECOND, owners="airflow")
    build(project, **relation)
    assert found(project, columns, where) == [
        ("sales", False, "mara", "moves to another team", "lena")
    ]


def test_a_copy_that_lost_a_row_is_a_finding(project: DbtProject) -> None:
    columns, where = "environment_slug, subject, severity", "rule_name = 'unreconciled_tables'"
    assert found(project, columns, where) == []
    with duckdb.connect(str(project.warehouse)) as warehouse:
        SourceChanges(warehouse, THREE, FIRST).lose("slot_pool", "true")
    build(project)
    assert found(project, columns, where) == [(THREE, "slot_pool", "high")]
