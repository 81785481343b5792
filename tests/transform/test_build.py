"""`dbt:build`: everything when it has to be, else what changed, and tests of what was read."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta

import duckdb

from tests.transform.conftest import BOTH
from tests.transform.environments import THREE, TWO
from tests.transform.raw_tables import SYNCED_AT, SourceChanges
from tests.transform.running_dbt import DBT, PROJECT, DbtProject

PYTHON = str(DBT.with_name("python"))
BUILD = str(PROJECT / "build.py")
NEXT_SYNC = SYNCED_AT + timedelta(days=1)
MOST_NODES = 430


def build(
    project: DbtProject, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, BUILD, *arguments],
        env=project.environment() | {"ENVIRONMENT_SLUGS": BOTH} | environment,
        cwd=project.artifacts,
        capture_output=True,
        text=True,
        check=False,
    )


def fingerprint(project: DbtProject, **environment: str) -> str:
    script = f"import sys; sys.path.insert(0, {str(PROJECT)!r}); import build"
    done = subprocess.run(
        [PYTHON, "-c", f"{script}; print(build.fingerprint())"],
        env=project.environment() | {"ENVIRONMENT_SLUGS": BOTH} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def remember(project: DbtProject, fingerprint: str, tested_until: str = "") -> None:
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(
            "create view airflow_audit_staging.last_build as"
            f" select '{fingerprint}' as fingerprint, '{tested_until}' as tested_until"
        )


def last_build(project: DbtProject) -> dict[str, str]:
    said = project.run("run-operation", "say_last_build", ENVIRONMENT_SLUGS=BOTH)
    assert said.exit_code == 0, said.output
    return json.loads(re.findall(r"\{.*\}", said.output)[-1])


def repeat_an_event(project: DbtProject) -> None:
    """Put a row of a mart there twice, which only a test of its key notices."""
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute(
            "insert into airflow_audit.fct_audit_events from airflow_audit.fct_audit_events"
            " where environment_slug = ? and log_id = 2",
            [TWO],
        )


def test_what_changed_is_built_and_what_was_read_is_tested(project: DbtProject) -> None:
    # As a build leaves it that made everything.
    remember(project, fingerprint(project), f"{SYNCED_AT:%Y-%m-%d %H:%M:%S+00}")
    repeat_an_event(project)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        # A view that is made anew has no comment.
        warehouse.execute("comment on view airflow_audit_staging.stg_airflow__dags is 'kept'")
        for slug in (TWO, THREE):
            source = SourceChanges(warehouse, slug, NEXT_SYNC)
            source.change("_sync_manifest", "_sdc_deleted_at is null")
    first = build(project)
    assert "Build what changed" in first.stdout
    assert first.returncode == 0, first.stdout
    [nodes] = set(re.findall(r"of (\d+) START (?!hook)", first.stdout))
    assert int(nodes) <= MOST_NODES
    before = last_build(project)
    assert before["tested_until"].startswith(f"{NEXT_SYNC:%Y-%m-%d %H:%M:%S}")
    with duckdb.connect(str(project.warehouse)) as warehouse:
        kept = "select comment from duckdb_views() where view_name = 'stg_airflow__dags'"
        assert warehouse.execute(kept).fetchall() == [("kept",)]
        # As if the sync after that had brought them.
        warehouse.execute(
            "update airflow_audit.fct_audit_events set extracted_at = ?"
            " where environment_slug = ? and log_id = 2",
            [NEXT_SYNC + timedelta(days=1), TWO],
        )
    second = build(project)
    assert second.returncode == 1
    assert "Failure in test unique_fct_audit_events" in second.stdout
    # The next one tests the same again.
    assert last_build(project) == before


def test_when_everything_is_built(project: DbtProject) -> None:
    def said(**environment: str) -> str:
        # It says so before it notices that there is no such environment.
        return build(project, ENVIRONMENT_SLUGS="nowhere", **environment).stdout

    assert "Build everything: no build is known that made all views" in said()
    remember(project, fingerprint(project))
    assert "Build everything: the project or its settings changed" in said()
    assert "Build everything: everything was read" in said(MELTANO_RUN_FULL_REFRESH="true")


def test_all_tests_look_at_all_rows(project: DbtProject) -> None:
    repeat_an_event(project)
    run = project.run("test", "--select", "test_name:unique", ENVIRONMENT_SLUGS=BOTH)
    assert run.exit_code == 1
    assert "Failure in test unique_fct_audit_events" in run.output


def test_options_are_those_of_dbt_and_views_made_by_hand_are_not_trusted(
    project: DbtProject,
) -> None:
    marked = {"AIRFLOW_AUDIT_BUILD_FINGERPRINT": "as it is"}
    chosen = ("build", "--exclude-resource-type", "test", "unit_test", "--select")
    run = project.run(*chosen, "stg_airflow__dags", ENVIRONMENT_SLUGS=BOTH, **marked)
    assert run.exit_code == 0, run.output
    assert last_build(project)["fingerprint"] == "as it is"
    table = build(project, "--select", "dim_environments")
    assert table.returncode == 0, table.stdout
    assert "unit_test" not in table.stdout
    assert last_build(project)["fingerprint"] == "as it is"
    view = build(project, "--select", "stg_airflow__dags")
    assert view.returncode == 0, view.stdout
    assert last_build(project) == {}


def test_a_view_that_is_gone_is_noticed(project: DbtProject) -> None:
    remember(project, "as it is")
    assert last_build(project) == {"fingerprint": "as it is", "tested_until": ""}
    with duckdb.connect(str(project.warehouse)) as warehouse:
        warehouse.execute("drop view airflow_audit_staging.stg_airflow__dags")
    assert last_build(project) == {}


def test_what_cannot_begin_says_so(project: DbtProject) -> None:
    assert build(project, "--no-such-option").returncode == 2
    nobody = build(project, ENVIRONMENT_SLUGS="")
    assert nobody.returncode != 0
    assert "No Airflow environment is named" in nobody.stdout


def test_the_fingerprint_is_of_the_settings(project: DbtProject) -> None:
    known = fingerprint(project)
    assert fingerprint(project, AIRFLOW_AUDIT_BUILD_TESTED_UNTIL="2026-01-01") == known
    assert fingerprint(project, ENVIRONMENT_SLUGS=TWO) != known
    assert fingerprint(project, AIRFLOW_AUDIT_MODE="append") != known
