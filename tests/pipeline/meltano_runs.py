"""Runs the pipeline as a user does, with a state and a warehouse of its own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.pipeline.loaded_environment import LoadedEnvironment

ROOT = Path(__file__).parents[2]
MELTANO = ROOT / ".venv" / "bin" / "meltano"
SYNC = ("run", "tap-airflow-metadata", "target-duckdb")
TIMEOUT_SECONDS = 300


@dataclass(frozen=True)
class Pipeline(LoadedEnvironment):
    """One Airflow environment and one warehouse; its folder holds Meltano's state, too.

    Attributes:
        settings: More environment variables.
    """

    settings: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        # Meltano's working files are the project's, and more than one of these may run.
        working = self.folder / "meltano"
        if not working.exists():
            working.mkdir()
            for plugins in ("extractors", "loaders", "utilities"):
                (working / plugins).symlink_to(ROOT / ".meltano" / plugins)
        return os.environ | {
            "MELTANO_SYS_DIR_ROOT": str(working),
            "DBT_TARGET_PATH": str(self.folder / "dbt"),
            "TAP_AIRFLOW_METADATA_DATABASE_URL": self.database_url,
            "ENVIRONMENT_SLUG": self.slug,
            "TARGET_DUCKDB_PATH": str(self.warehouse),
            "MELTANO_DATABASE_URI": f"sqlite:///{self.folder / 'meltano.db'}",
            **self.settings,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Meltano in a process group of its own."""
        assert MELTANO.exists(), "run: make install"
        return subprocess.Popen(
            [str(MELTANO), *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def meltano(self, *arguments: str) -> tuple[int, str]:
        """Run Meltano to its end; return its exit code and what it printed."""
        with self.start(*arguments) as process:
            output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        return process.returncode, output

    def sync(self, *arguments: str) -> str:
        """Run tap and target; return what they printed."""
        exit_code, output = self.meltano(SYNC[0], *arguments, *SYNC[1:])
        assert exit_code == 0, output
        return output
