"""Runs dbt on a warehouse, with the adapters of all of them in one environment."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.load.loaded_warehouse import LoadedWarehouse
from tests.transform.running_dbt import PROJECT, ROOT

DBT = ROOT / ".tools/dbt-warehouses/bin/dbt"
REPORT = ROOT / "report/airflow-audit-report"

_OURS = ("AIRFLOW_AUDIT_", "AUDIT_REPORT_", "DBT_", "ENVIRONMENT_SLUG", "TARGET_")


def run_dbt(warehouse: LoadedWarehouse, folder: Path, *arguments: str, **variables: str) -> str:
    """Run it to its end, with the variables that the loader takes its settings from too.

    Args:
        warehouse: The warehouse.
        folder: For what dbt writes.
        arguments: Of dbt.
        variables: More environment variables.
    """
    return _run([str(DBT), *arguments], warehouse, folder, variables)


def run_report(warehouse: LoadedWarehouse, folder: Path) -> dict[str, Any]:
    """Return the report of the marts as data.

    Args:
        warehouse: The warehouse, with the schema of the marts.
        folder: For what dbt writes.
    """
    code = (
        "import json; from airflow_audit_report.dbt_client import DbtClient;"
        " from airflow_audit_report.report import make_report;"
        " from airflow_audit_report.report_request import ReportRequest;"
        " print(json.dumps(make_report(DbtClient(), ReportRequest())))"
    )
    python = str(DBT.with_name("python"))
    printed = _run([python, "-c", code], warehouse, folder, {"PYTHONPATH": str(REPORT)})
    made: dict[str, Any] = json.loads(printed)
    return made


def _run(
    command: list[str], warehouse: LoadedWarehouse, folder: Path, variables: dict[str, str]
) -> str:
    assert DBT.exists(), f"{DBT} is missing: run the tests with `make test-warehouses`"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    done = subprocess.run(
        command,
        env=inherited
        | warehouse.environment
        | warehouse.variables
        | {
            "AIRFLOW_AUDIT_WAREHOUSE": warehouse.target.name.removeprefix("target-"),
            "DBT_PROJECT_DIR": str(PROJECT),
            "DBT_PROFILES_DIR": str(PROJECT / "profiles"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }
        | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
