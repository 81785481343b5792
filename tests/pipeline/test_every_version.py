"""Tap and target together, without Meltano, for every captured Airflow version."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.extract.tap_runs import run_tap
from tests.forked import ForkedCommand
from tests.pipeline.comparison import assert_all_same_as_source
from tests.real_airflow import captured

TARGET = ForkedCommand(
    Path(sys.executable).with_name("target-duckdb"),
    "warehouse_targets.target_duckdb:main",
    "warehouse_targets.loader",
    "warehouse_targets.duckdb_warehouse",
)


@pytest.mark.parametrize("version", captured.versions())
def test_every_table_in_the_warehouse_is_as_the_source_has_it(
    version, filled_database, pipeline, tmp_path
):
    pipe = pipeline(filled_database(version, rows=25))
    run = run_tap(tmp_path, database_url=pipe.database_url, tables=[], pii="full")
    assert run.exit_code == 0, run.log
    config = tmp_path / "target.json"
    config.write_text(
        json.dumps({"path": str(pipe.warehouse), "default_target_schema": pipe.schema})
    )
    loaded = TARGET.run("--config", str(config), given=run.output)
    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout) == run.state
    assert_all_same_as_source(pipe, version)
    assert not list((tmp_path / "spool").iterdir()), "files were left behind"
