"""`make demo`, with its results in another place than the user's own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
WAREHOUSE, REPORT = "demo.duckdb", "demo.html"
PRODUCTION, ANALYTICS = "production", "analytics"
_ELSEWHERE = f"""
import sys
from pathlib import Path
from demo import run
run.STATE = Path(sys.argv[1])
run.WAREHOUSE = run.STATE / "{WAREHOUSE}"
run.REPORT = run.STATE / "{REPORT}"
run.ANSWERS = run.STATE / "answers.txt"
run.MELTANO_STATE = run.STATE / "meltano.db"
run.MADE_FROM = run.STATE / "made-from.txt"
run.main()
"""


def run_demo(folder: Path) -> str:
    """Run the demo with its results in a folder; return what it prints."""
    # A setting for the user's own Airflow must not reach the demo.
    environment = os.environ | {
        "TAP_AIRFLOW_METADATA_TABLES": '["dag"]',
        "AIRFLOW_SNAPSHOT_IDENTITY": "no.key",
        "ENVIRONMENT_SLUG": "own",
    }
    done = subprocess.run(
        [PYTHON, "-c", _ELSEWHERE, folder],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout
