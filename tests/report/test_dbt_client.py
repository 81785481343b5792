"""dbt still behaves as airflow_audit_report/dbt_client.py relies on.

Where one of these fails after an upgrade of dbt, look at that module first.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".meltano/utilities/audit-report/venv/bin/python"
PROJECT = {
    "dbt_project.yml": "{name: small, profile: small, analysis-paths: [analyses]}",
    "profiles.yml": """
        small: {target: dev, outputs: {dev: {
          type: duckdb, path: ':memory:', database: "{{ env_var('SMALL_DATABASE', 'memory') }}"}}}
    """,
    "models/fct_one.sql": "select 1 as one",
    "analyses/figures/all_kinds.sql": """
        -- depends_on: {{ ref("fct_one") }}
        select '{{ env_var("WORD", "at parsing") }}' as "Word", 1.50 as part, 2.0 as whole,
            'nan'::float as none,
            timestamp '2026-01-02 03:04:05' as at, date '2026-01-02' as day, true as flag
    """,
    "analyses/figures/many_rows.sql": "select i from range(1000) as numbers (i)",
    "analyses/missing.sql": "select * from {{ ref('fct_one') }}",
    "analyses/unset.sql": "select {{ env_var('NOT_SET') if execute else 0 }}",
}
SELECTIONS = ("path:analyses/figures", "many_rows", "missing", "unset")
# What the client gives for each selection; or the kind of error, its text and its cause's kind.
SCRIPT = """
import dataclasses, json, sys
from airflow_audit_report.dbt_client import DbtClient
from airflow_audit_report.errors import ReportError
client, given = DbtClient(), {}
for selection in sys.argv[1:]:
    try:
        results = client.run_analyses(selection, {"WORD": "given"})
        given[selection] = {name: dataclasses.asdict(result) for name, result in results.items()}
    except ReportError as error:
        given[selection] = [type(error).__name__, str(error), type(error.__cause__).__name__]
print(json.dumps(given))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def given(project: Path) -> dict:
    """What the client gives, by selection; it would be no JSON if dbt printed anything besides."""
    assert PYTHON.exists(), f"{PYTHON} is missing: run `make install`"
    done = subprocess.run(
        [str(PYTHON), "-c", SCRIPT, *SELECTIONS],
        cwd=project,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT / "report/airflow-audit-report"),
            "TARGET_DUCKDB_PATH": str(project),
            "DBT_PROJECT_DIR": str(project),
            "DBT_PROFILES_DIR": str(project),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_results_have_columns_rows_query_and_models(given):
    results = given["path:analyses/figures"]
    assert results.keys() == {"all_kinds", "many_rows"}
    kinds = results["all_kinds"]
    assert dict(zip(kinds["columns"], kinds["rows"][0], strict=True)) == {
        "word": "given",
        "part": 1.5,
        "whole": 2,
        "none": None,
        "at": "2026-01-02T03:04:05+00:00",
        "day": "2026-01-02",
        "flag": True,
    }
    assert "select 'given' as \"Word\"" in kinds["sql"]
    assert kinds["marts"] == ["fct_one"]
    assert len(results["many_rows"]["rows"]) == 1000


def test_dbt_leaves_no_results_and_no_log(given, project):
    assert given
    assert not (project / "target/run_results.json").exists()
    assert list(project.glob("logs/*")) == []


def test_a_selection_may_be_a_name(given):
    """Of which dbt would print a preview."""
    assert given["many_rows"]["many_rows"]["columns"] == ["i"]


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ("missing", ("A mart is missing", "in analysis missing", "fct_one does not exist")),
        ("unset", ("Env var required but not provided: 'NOT_SET'", "Check the settings")),
    ],
)
def test_a_failure_is_an_exception_with_these_words(given, selection, words):
    kind, text, cause = given[selection]
    assert (kind, cause) == ("MartsError", "DbtRuntimeError")
    assert [word for word in words if word not in text] == []
