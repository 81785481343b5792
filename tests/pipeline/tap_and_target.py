"""Tap and target without Meltano, for what it has no part in; it takes longest in a small sync."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.extract.tap_runs import TapRun, run_tap
from tests.forked import ForkedCommand
from tests.pipeline.loaded_environment import LoadedEnvironment

_TARGET = ForkedCommand(
    Path(sys.executable).with_name("target-duckdb"),
    "warehouse_targets.target_duckdb:main",
    "warehouse_targets.loader",
    "warehouse_targets.duckdb_warehouse",
)


@dataclass(frozen=True)
class TapAndTarget(LoadedEnvironment):
    """One Airflow environment and one warehouse; the state is kept beside it, as Meltano would.

    Attributes:
        settings: More of the tap's.
    """

    settings: dict[str, Any]

    def read(self, *, full_refresh: bool = False) -> TapRun:
        """Run the tap, on the state of the last sync unless all is to be read."""
        kept = self.folder / "kept_state.json"
        state = json.loads(kept.read_text()) if kept.exists() and not full_refresh else None
        own = {"database_url": self.database_url, "environment_slug": self.slug}
        return run_tap(self.folder, state, **own, **self.settings)

    def load(self, run: TapRun) -> subprocess.CompletedProcess[str]:
        """Run the target on what the tap sent, and keep the state that it passes on."""
        config = self.folder / "target.json"
        settings = {"path": str(self.warehouse), "default_target_schema": self.schema}
        config.write_text(json.dumps(settings))
        done = _TARGET.run("--config", str(config), given=run.output)
        if done.returncode == 0:
            (self.folder / "kept_state.json").write_text(done.stdout)
        return done

    def sync(self, *, full_refresh: bool = False) -> TapRun:
        """Run both, which have to end well."""
        run = self.read(full_refresh=full_refresh)
        assert run.exit_code == 0, run.log
        loaded = self.load(run)
        assert loaded.returncode == 0, loaded.stderr
        assert json.loads(loaded.stdout) == run.state
        return run
