"""A sync killed at any moment and run again gives what one clean run gives."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time

import duckdb
import psutil

from tests.pipeline.meltano_runs import Pipeline

SEED = 20261121
TRIES = 5
# One for each way in which a table is read and loaded; all would take longer.
TABLES = [
    "ab_user",
    "dag",
    "dag_run",
    "dag_tag",
    "job",
    "log",
    "serialized_dag",
    "task_instance",
    "task_instance_history",
    "xcom",
]


def _victims(group_leader: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        leader = psutil.Process(group_leader)
        return [leader, *leader.children(recursive=True)]
    return []


def _kill_something(process: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill Meltano, the tap or the loader, or all of them."""
    victims = _victims(process.pid)
    if chance.random() < 0.5:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    elif victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            chance.choice(victims).kill()
    process.communicate(timeout=120)
    # Whatever survives its parent ends before the next run, as it would for a user.
    psutil.wait_procs(victims, timeout=120)


def _differences(clean: Pipeline, other: Pipeline, table: str) -> list[tuple[object, ...]]:
    """Rows that only one of two warehouses has; when they were read does not count."""
    with duckdb.connect(str(other.warehouse), read_only=True) as connection:
        connection.execute(f"attach '{clean.warehouse}' as clean (read_only)")
        rows = [
            f'select * exclude (_sdc_extracted_at) from {database}"{pipe.schema}"."{table}"'
            for database, pipe in (("clean.", clean), ("", other))
        ]
        return connection.execute(
            f"({rows[0]} except all {rows[1]}) union all ({rows[1]} except all {rows[0]})"
        ).fetchall()


def test_killed_and_run_again_equals_one_clean_run(filled_database, pipeline):
    url = filled_database("3.3.2", rows=1000)
    some = {"TAP_AIRFLOW_METADATA_TABLES": json.dumps(TABLES)}
    clean = pipeline(url, "clean", **some)
    started = time.monotonic()
    clean.sync()
    seconds = time.monotonic() - started
    tables = clean.tables()
    assert tables == sorted(["_sync_manifest", *TABLES])
    for number in range(TRIES):
        chance = random.Random(SEED + number)
        moment = chance.uniform(0.1, 1.0) * seconds
        pipe = pipeline(url, f"killed{number}", **some)
        with pipe.start("run", "tap-airflow-metadata", "target-duckdb") as process:
            time.sleep(moment)
            _kill_something(process, chance)
        # Meltano itself keeps a killed run's lock for five minutes, and names this option.
        pipe.sync("--force")
        assert pipe.tables() == tables
        for table in tables:
            if table != "_sync_manifest":
                assert _differences(clean, pipe, table) == [], (table, number, moment)
