"""`dbt:freshness` fails when an environment's last sync is too old or incomplete, and says why."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import duckdb
import yaml

from tests.transform.conftest import BOTH
from tests.transform.environments import THREE, TWO
from tests.transform.raw_tables import default_tables, insert
from tests.transform.running_dbt import PROJECT, DbtProject, DbtRun


def freshness(project: DbtProject, slugs: str = BOTH) -> DbtRun:
    """Run what `meltano run freshness` runs."""
    plugins = yaml.safe_load((PROJECT / "transformers.meltano.yml").read_text())["plugins"]
    command = plugins["utilities"][0]["commands"]["freshness"]["args"]
    return project.run(*command.split(), ENVIRONMENT_SLUGS=slugs)


def sync_before(project: DbtProject, slug: str, hours: float) -> str:
    """Let the last sync have been so long ago; return its moment as it is told."""
    moment = datetime.now(timezone.utc) - timedelta(hours=hours)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        for table in default_tables():
            warehouse.execute(
                f'update "airflow_{slug}"."{table.name}" set _sdc_extracted_at = ?', [moment]
            )
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def test_syncs_of_the_last_day_are_fresh(project: DbtProject) -> None:
    yesterday = sync_before(project, TWO, hours=25.75)
    today = sync_before(project, THREE, hours=0.5)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        # What an earlier sync counted is of no account any more.
        earlier = datetime.now(timezone.utc) - timedelta(hours=100)
        row = {"sync_id": "earlier", "table_name": "dag", "source_rows": 99}
        row |= {"_sdc_extracted_at": earlier, "mode": "merge", "is_full_read": True}
        insert(warehouse, THREE, "_sync_manifest", [row])
    run = freshness(project)
    assert run.exit_code == 0, run.output
    assert f"Environment {TWO}: last sync {yesterday}, 25.8 hours ago, complete" in run.output
    assert f"Environment {THREE}: last sync {today}, 0.5 hours ago, complete" in run.output


def test_of_two_environments_the_old_one_is_named(project: DbtProject) -> None:
    old = sync_before(project, TWO, hours=26.25)
    sync_before(project, THREE, hours=1)
    run = freshness(project)
    assert run.exit_code == 1, run.output
    assert f"Environment {TWO}: last sync {old}, 26.3 hours ago, but at most 26" in run.output
    assert f"then run it with ENVIRONMENT_SLUG={TWO}" in run.output
    assert run.output.count("hours are allowed") == 1
    assert "incomplete" not in run.output
    assert freshness(project, THREE).exit_code == 0


def test_an_interrupted_sync_and_lost_rows_are_incomplete(project: DbtProject) -> None:
    for slug in (TWO, THREE):
        sync_before(project, slug, hours=1)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(f'update "airflow_{TWO}".dag set _sdc_extracted_at = now()')
        warehouse.execute(f'delete from "airflow_{THREE}".log where id = 1')
        gone = f'update "airflow_{TWO}".dag_tag set _sdc_deleted_at = now()'
        warehouse.execute(f"{gone} where name = 'money'")
    run = freshness(project)
    assert run.exit_code == 1, run.output
    assert "hours are allowed" not in run.output
    told = [line.strip() for line in run.output.splitlines() if "tables are incomplete" in line]
    assert [line.partition(", but ")[2].partition(" of")[0] for line in told] == ["2", "1"]
    assert f"with ENVIRONMENT_SLUG={THREE}, and if that does not help, with full refresh" in told[1]


def test_what_was_not_counted_is_not_called_complete(project: DbtProject) -> None:
    sync_before(project, TWO, hours=1)
    sync_before(project, THREE, hours=1)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(
            f'update "airflow_{TWO}"._sync_manifest set source_rows = null, is_full_read = false'
            " where table_name in ('dag', 'log')"
        )
    run = freshness(project)
    assert run.exit_code == 0, run.output
    told = {line.partition("hours ago, ")[2].strip() for line in run.output.splitlines()}
    assert told == {"", "complete", "complete but for 2 tables that it did not count"}


def test_an_environment_without_a_whole_sync_is_not_fresh(project: DbtProject) -> None:
    sync_before(project, THREE, hours=1)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(f'delete from "airflow_{TWO}"._sync_manifest')
    run = freshness(project)
    assert run.exit_code == 1, run.output
    assert f"Environment {TWO}: no sync came to its end" in run.output
    unknown = freshness(project, f"{THREE},staging")
    assert unknown.exit_code == 1, unknown.output
    assert "no Airflow environment 'staging'" in unknown.output


def test_an_old_copy_is_built_all_the_same(project: DbtProject) -> None:
    sync_before(project, TWO, hours=10_000)
    run = project.run("build", "--select", "+rpt_sync_health", ENVIRONMENT_SLUG=TWO)
    assert run.exit_code == 0, run.output
