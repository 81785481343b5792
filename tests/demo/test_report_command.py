"""`audit-report` as Meltano runs it, on the demo's marts: what it writes, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen
from urllib.parse import urlsplit

import duckdb
import psutil
import pytest

from tests.demo.demo_runs import ROOT, WAREHOUSE
from tests.forked import ForkedCommand
from tests.report.made_up_reports import COLUMNS

COMMAND = ROOT / ".meltano/utilities/audit-report/venv/bin/audit-report"
_COMMAND = ForkedCommand(COMMAND, "airflow_audit_report.cli:main", "dbt.cli.main")


@pytest.fixture
def warehouse(first_demo: tuple[Path, str]) -> Path:
    return first_demo[0] / WAREHOUSE


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt keeps what it read of the project, which takes it a while."""
    return tmp_path_factory.mktemp("parsed")


@pytest.fixture
def serving(parsed: Path, tmp_path: Path, warehouse: Path) -> Iterator[tuple[str, Popen[str]]]:
    """The address of the report while it is served, and the process."""
    command = [str(COMMAND), "--serve", "--port=0"]
    settings = _settings(parsed, warehouse)
    with Popen(command, cwd=tmp_path, env=settings, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        yield process.stderr.readline().split()[0], process
        process.kill()


@pytest.fixture
def run(parsed: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in a folder of its own."""
    return partial(_run, parsed, tmp_path)


def _run(
    parsed: Path, folder: Path, warehouse: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = _settings(parsed, warehouse) | variables
    return _COMMAND.run(*arguments, environment=environment, folder=folder)


def _settings(parsed: Path, warehouse: Path) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW_AUDIT_", "AUDIT_REPORT_", "DBT_", "TARGET_"))
    }
    return inherited | {
        "DBT_PROJECT_DIR": str(ROOT / "transform"),
        "DBT_PROFILES_DIR": str(ROOT / "transform/profiles"),
        "DBT_TARGET_PATH": str(parsed),
        "TARGET_DUCKDB_PATH": str(warehouse),
    }


def test_json_of_a_part(run, warehouse):
    variables = {
        "AIRFLOW_AUDIT_COST_PER_SLOT_HOUR": "0.8",
        "AUDIT_REPORT_TAG": "finance",
        "AUDIT_REPORT_DAYS": "7",
    }
    done = run(warehouse, "--format=json", "--environments=production", **variables)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [e["environment_slug"] for e in report["environments"]] == ["production"]
    assert report["period"]["since"] == "2026-11-06T06:20:00+00:00"
    assert report["filter"] == {"team": None, "tag": "finance"}
    figures = {f["name"]: f for section in report["sections"] for f in section["figures"]}
    for name, figure in figures.items():
        # What the tests of the page make up has these columns too.
        assert [column["name"] for column in figure["columns"]] == COLUMNS[name].split()
        assert "chart" not in figure
        assert figure["marts"], figure["name"]
        assert figure["sql"].lower().startswith(("--", "with", "select")), figure["name"]
        for mart in figure["marts"]:
            assert mart in figure["sql"], figure["name"]
    with duckdb.connect(str(warehouse), read_only=True) as marts:
        dags = marts.execute(
            "select dag_id from airflow_audit.dim_dags where environment_slug = 'production'"
            " and list_contains(string_split(tag_names, ', '), 'finance')"
        ).fetchall()
        # What the report says is the query that made it.
        again = marts.execute(figures["late_dags"]["sql"]).fetchall()
    rows = figures["late_dags"]["rows"]
    assert {row[1] for row in rows} <= {dag_id for (dag_id,) in dags}
    assert [list(row) for row in again] == rows != []


def test_summary_and_file(run, warehouse, tmp_path):
    done = run(warehouse, "--format", "markdown", "--output", "new/summary.md")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "new/summary.md").read_text()
    assert text.startswith("Airflow Audit: analytics, production, 2026-10-16 to 2026-11-13\n")
    assert "- high: otto left on 2026-09-04 and can still log in, as " in text
    # The terminal says the same.
    assert done.stdout.startswith("56 things to look at, of 20 kinds, 7 of them urgent.\n")
    assert done.stdout in text


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        ((), {"TARGET_DUCKDB_PATH": "none.duckdb"}, "There is no none.duckdb"),
        ((), {"TARGET_DUCKDB_PATH": ""}, "TARGET_DUCKDB_PATH is not set"),
        (("--environments=prod",), {}, "no environment 'prod'. They have: analytics, production"),
        (("--since=2027-01-01",), {}, "Change --since or --until"),
        ((), {"AIRFLOW_AUDIT_SCHEMA": "none"}, "Build the marts first: meltano invoke dbt:build"),
        ((), {"AIRFLOW_AUDIT_WAREHOUSE": "redshift"}, "'TARGET_REDSHIFT_HOST'"),
        # Before the marts are asked.
        (("--output=/dev/null/a",), {"TARGET_DUCKDB_PATH": ""}, "--output /dev/null/a cannot be"),
    ],
    ids=["no-file", "no-path", "no-environment", "no-period", "no-marts", "no-login", "no-place"],
)
def test_what_has_to_change_first(run, warehouse, tmp_path, arguments, variables, said):
    done = run(warehouse, *arguments, **variables)
    assert done.returncode == 78, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_option_is_said_before_anything_is_asked(run, tmp_path):
    done = run(tmp_path / "none.duckdb", "--environments=a,B'")
    assert done.returncode == 2
    assert "no environment's slug" in done.stderr


def test_a_file_that_is_being_written_may_be_free_later(run, warehouse):
    with duckdb.connect(str(warehouse)):
        done = run(warehouse)
    assert done.returncode == 75, done.stderr
    assert "Try again later" in done.stderr


def test_between_two_visits_a_sync_may_write(serving, warehouse):
    address, process = serving
    connection = HTTPConnection(urlsplit(address).netloc, timeout=120)
    connection.request("GET", "/")
    assert connection.getresponse().read().startswith(b"<!doctype html>")
    connection.close()
    with duckdb.connect(str(warehouse)) as sync:
        assert sync.execute("select count(*) from airflow_audit.dim_dags").fetchone()
    process.terminate()
    assert process.wait(10) == 0
    assert process.stderr.read().strip() == ""


def test_a_page_whose_process_is_killed_is_an_error_and_not_awaited(serving):
    address, process = serving
    connection = HTTPConnection(urlsplit(address).netloc, timeout=120)
    connection.request("GET", "/")
    made_by = []
    while not made_by:
        time.sleep(0.05)
        children = psutil.Process(process.pid).children()
        made_by = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    made_by[0].kill()
    response = connection.getresponse()
    assert response.status == 503
    assert response.read().endswith(b"Try again\n")
    connection.close()
