"""Runs the real dbt, in the environment that Meltano made for it, on the project."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "transform"
DBT = ROOT / ".meltano/utilities/dbt/venv/bin/dbt"


@dataclass(frozen=True)
class DbtRun:
    """What a run left behind.

    Attributes:
        exit_code: 0 if all went well, 1 if a model or test failed, 2 if it did not begin.
        output: What it printed.
    """

    exit_code: int
    output: str


@dataclass(frozen=True)
class DbtProject:
    """The project, with one place for the warehouse and for dbt's own files.

    Attributes:
        warehouse: The DuckDB file. Always the same one: with another, dbt would parse anew.
        artifacts: Folder for what dbt writes.
    """

    warehouse: Path
    artifacts: Path

    def run(self, *arguments: str, **environment: str) -> DbtRun:
        """Run dbt on the warehouse; `environment` adds environment variables."""
        done = self._start([str(DBT), *arguments], self.environment() | environment)
        return DbtRun(done.returncode, done.stdout + done.stderr)

    def objections(self, *environments: dict[str, str]) -> list[str | None]:
        """Return what dbt objects to a run in each environment, None if nothing."""
        python = str(DBT.with_name("python"))
        script = str(Path(__file__).with_name("many_runs.py"))
        done = self._start([python, script], self.environment(), json.dumps(environments))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def manifest(self) -> dict[str, Any]:
        """Return what dbt knows of the project since the last run."""
        return json.loads((self.artifacts / "target/manifest.json").read_text())

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

    def _start(
        self, command: list[str], environment: dict[str, str], given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        assert DBT.exists(), f"{DBT} is missing: run `make install` first"
        return subprocess.run(
            command,
            env=environment,
            cwd=self.artifacts,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
