"""``make bench-live``: what a live Airflow notices of a sync of its own database.

Airflow 3.3.2 runs a small DAG every minute on a database with many rows, first undisturbed, then
while ``meltano run`` copies everything with four connections, again and again. All of it shares
this machine, so that what is measured is more than a sync from elsewhere costs.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import psycopg

from bench.fill import AIRFLOW_VERSION, fill_tables
from bench.run import PEERS, Bench
from tests.real_airflow.install import migrate
from tests.real_airflow.postgres import throwaway_postgres
from tests.real_airflow.running import running_airflow

DAG = "every_minute"
DAG_FILE = f"""
from datetime import datetime, timezone

from airflow.sdk import dag, task


@dag(schedule="* * * * *", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), catchup=False)
def {DAG}():
    @task
    def work(number):
        return number

    previous = None
    for number in range(3):
        done = work.override(task_id=f"work_{{number}}")(number)
        if previous is not None:
            previous >> done
        previous = done


{DAG}()
"""
CONNECTIONS = 4
SECONDS = 300
# Once, for what starts with Airflow: its first runs, and tables that Postgres has not read yet.
SECONDS_TO_SETTLE = 120

_AGE = """
select extract(epoch from clock_timestamp() - max(latest_heartbeat)) from job
where job_type = 'SchedulerJob' and state = 'running'
"""
_DELAYS = f"""
select extract(epoch from end_date - run_after) from dag_run
where dag_id = '{DAG}' and end_date >= %s
"""


def observe(database_url: str, seconds: float) -> str:
    """Return how old the heartbeat was, and how long after its time each run had ended."""
    ages = []
    with psycopg.connect(database_url, autocommit=True) as connection:
        begun = datetime.now(timezone.utc)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ages += [float(age) for (age,) in connection.execute(_AGE).fetchall()]
            time.sleep(0.5)
        delays = [float(delay) for (delay,) in connection.execute(_DELAYS, [begun])]
    return (
        f"  heartbeat: median {statistics.median(ages):.1f} s old, at most {max(ages):.1f} s\n"
        f"  {len(delays)} runs of three tasks: ended {statistics.median(delays):.1f} s after their"
        f" time, at most {max(delays):.1f} s"
    )


def again_and_again(run: Callable[[], object], ended: threading.Event) -> list[float]:
    """Run something until that is ended; return the seconds of each."""
    seconds = []
    while not ended.is_set():
        begun = time.monotonic()
        run()
        seconds.append(time.monotonic() - begun)
    return seconds


def main() -> None:
    """Fill a database, run Airflow on it, and observe it with and without a sync."""
    parser = argparse.ArgumentParser(prog="make bench-live", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="task instances, and events")
    rows = parser.parse_args().rows
    PEERS.mkdir(parents=True, exist_ok=True)
    with throwaway_postgres(tcp=True) as postgres, tempfile.TemporaryDirectory() as folder:
        postgres.create_database("live")
        database_url = postgres.tcp_url("live")
        print(f"Filling an Airflow {AIRFLOW_VERSION} database …", flush=True)
        migrate(AIRFLOW_VERSION, database_url)
        fill_tables(database_url, runs=rows // 10, tasks_per_run=10, logs=rows)
        bench = Bench(Path(folder), database_url, connections=CONNECTIONS)
        with running_airflow(
            AIRFLOW_VERSION, database_url, {"every_minute.py": DAG_FILE}
        ) as airflow:
            airflow.wait_until("the DAG", lambda: not _is_known(database_url) and DAG, 120)
            airflow.api.set_paused(DAG, paused=False)
            time.sleep(SECONDS_TO_SETTLE)
            print(f"alone\n{observe(database_url, SECONDS)}", flush=True)
            ended = threading.Event()
            syncs: list[float] = []
            copying = threading.Thread(
                target=lambda: syncs.extend(again_and_again(bench.our_first_run, ended))
            )
            copying.start()
            seen = observe(database_url, SECONDS)
            ended.set()
            copying.join()
            print(f"while everything is copied with {CONNECTIONS} connections\n{seen}")
            each = f"{statistics.median(syncs):.0f} s each"
            print(f"  {len(syncs)} copies of {rows * 21 // 10:,} rows, {each}")


def _is_known(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        found = connection.execute("select 1 from dag where dag_id = %s", [DAG]).fetchone()
    return found is not None


if __name__ == "__main__":
    main()
