"""Mode append: the raw tables hold every version of a row, the marts the newest."""

from __future__ import annotations

from datetime import timedelta

import duckdb

from tests.transform.conftest import BOTH
from tests.transform.environments import THREE, TWO
from tests.transform.mart_rows import marts
from tests.transform.raw_tables import SYNCED_AT, default_tables
from tests.transform.running_dbt import DbtProject


def add_older_versions(project: DbtProject) -> None:
    """Put an older version of each row, and an even older one, before and after it."""
    with duckdb.connect(str(project.warehouse)) as warehouse:
        for slug in (TWO, THREE):
            for table in default_tables():
                name = f'"airflow_{slug}"."{table.name}"'
                if table.name == "_sync_manifest":
                    warehouse.execute(f"update {name} set mode = 'append'")
                    continue
                key = {column for alternative in table.key for column in alternative}
                blank = "".join(
                    f', null as "{column.name}"'
                    for column in table.raw_columns()
                    if column.name not in key
                )
                for days in (1, 2):
                    older = SYNCED_AT - timedelta(days=10 * days)
                    warehouse.execute(
                        f"insert into {name} by name select * replace ("
                        f"'{older}'::timestamptz as _sdc_extracted_at"
                        f"{blank}) from {name} where _sdc_extracted_at > '{older}'"
                    )


def test_the_newest_version_counts(project: DbtProject) -> None:
    expected = marts(project)
    add_older_versions(project)
    run = project.run("run", ENVIRONMENT_SLUGS=BOTH, AIRFLOW_AUDIT_MODE="append")
    assert run.exit_code == 0, run.output
    assert marts(project) == expected


def test_another_mode_than_the_syncs_is_told(project: DbtProject) -> None:
    add_older_versions(project)
    run = project.run(
        "build",
        "--select",
        "+assert_mode_is_that_of_the_sync",
        ENVIRONMENT_SLUGS=BOTH,
        AIRFLOW_AUDIT_MODE="mirror",
    )
    assert run.exit_code == 1, run.output
    assert f"Environment {TWO} was synced in mode append" in run.output
    assert "Set AIRFLOW_AUDIT_MODE=append" in run.output
