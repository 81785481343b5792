"""`make smoke` itself, in a warehouse that needs no account."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.warehouses.smoke import ROOT


@pytest.mark.stand_in
def test_smoke_builds_everything_and_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    done = subprocess.run(
        [sys.executable, "-m", "tests.warehouses.smoke", "duckdb"],
        cwd=ROOT,
        env=os.environ | {"TARGET_DUCKDB_PATH": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| duckdb |" in done.stdout
    assert "dbt-duckdb 1." in done.stdout
    assert re.search(r"; Report of all figures \d+ s; ", done.stdout)
    with duckdb.connect(str(file)) as warehouse:
        left = "select schema_name from duckdb_schemas() where schema_name like '%smoke%'"
        assert warehouse.execute(left).fetchall() == []
