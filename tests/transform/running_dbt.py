"""The real dbt, in the environment that Meltano made for it, on the project."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.forked import ForkedCommand

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "transform"
DBT = ROOT / ".meltano/utilities/dbt/venv/bin/dbt"
# A build that only prepares for the next makes what that one goes on with.
WITHOUT_TESTS = ("--exclude-resource-type", "test", "unit_test")
WHAT_GOES_ON = ("--select", "+config.materialized:incremental", "+path:snapshots/airflow")


@dataclass(frozen=True)
class DbtRun:
    """What a run left behind.

    Attributes:
        exit_code: 0 if all went well, 1 if a model or test failed, 2 if it did not begin.
        output: What it printed.
    """

    exit_code: int
    output: str


class DbtProject:
    """The project, with one place for the warehouse and for dbt's own files.

    Attributes:
        warehouse: The DuckDB file; dbt names its database after it.
        artifacts: Folder for what dbt writes.
    """

    def __init__(self, warehouse: Path, artifacts: Path) -> None:
        self.warehouse = warehouse
        self.artifacts = artifacts
        self._dbt = ForkedCommand(
            DBT,
            "tests.transform.parsed_dbt:main",
            environment=self.environment() | {"PYTHONPATH": str(ROOT)},
        )

    def run(self, *arguments: str, **environment: str) -> DbtRun:
        """Run dbt on the warehouse; `environment` adds environment variables."""
        done = self._dbt.run(
            *arguments, environment=self.environment() | environment, folder=self.artifacts
        )
        return DbtRun(done.returncode, done.stdout + done.stderr)

    def manifest(self) -> dict[str, Any]:
        """Return what dbt knows of the project, once it has run."""
        return json.loads((self.artifacts / "target/manifest.json").read_text())

    def compiled(self, *arguments: str, **environment: str) -> dict[str, str]:
        """Return the SQL of what is selected by its name."""
        run = self.run("compile", *arguments, **environment)
        assert run.exit_code == 0, run.output
        results = json.loads((self.artifacts / "target/run_results.json").read_text())["results"]
        return {one["unique_id"].rpartition(".")[2]: one["compiled_code"] for one in results}

    def environment(self) -> dict[str, str]:
        """Return dbt's environment variables."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DBT_", "ENVIRONMENT_SLUG", "AIRFLOW_AUDIT_", "AUDIT_REPORT_"))
        }
        return inherited | {
            "DBT_PROJECT_DIR": str(PROJECT),
            "DBT_PROFILES_DIR": str(PROJECT / "profiles"),
            "DBT_TARGET_PATH": str(self.artifacts / "target"),
            "DBT_LOG_PATH": str(self.artifacts / "logs"),
            "TARGET_DUCKDB_PATH": str(self.warehouse),
        }
