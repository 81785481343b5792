"""Make the demo's metadata databases: `make demo-data`, or `python -m demo.build [environment …]`.

Real Airflow migrates an empty database and fills in what it parses; the rest is simulated. Takes a
few minutes, most of them to install the two Airflows.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import psycopg

from demo.company import Company, load
from demo.environments import ENVIRONMENTS, METADATA, Environment
from demo.postgres import dump
from demo.real_airflow import make_metadata
from demo.simulation.records import History
from demo.simulation.simulate import simulate
from demo.tables import airflow_2_runs, airflow_3_runs
from demo.tables.access import write_access, write_favorites
from demo.tables.audit_log import write_log
from demo.tables.components import Job
from demo.tables.copying import Connection, advance_sequences, look_up
from demo.tables.dag_versions import (
    Versions,
    move_paths,
    settle_hashes,
    settle_times,
    write_dag_states,
    write_versions,
)
from demo.tables.datasets import write_dataset_events
from demo.tables.lateness import write_deadlines, write_sla_misses
from demo.tables.leftovers import write_leftovers
from demo.tables.settings import write_settings
from demo.tables.task_outputs import write_task_outputs
from tests.real_airflow.postgres import throwaway_postgres


def build(environment: Environment) -> None:
    """Make the database of one environment and write it into `demo/metadata/`."""
    company = load(environment)
    with (
        throwaway_postgres() as postgres,
        tempfile.TemporaryDirectory(prefix="demo-airflow-") as workspace,
    ):
        url = postgres.create_database(environment.slug)
        plan, dags_folder = make_metadata(company, url, Path(workspace))
        history = simulate(company, plan)
        with psycopg.connect(url) as connection:
            # What the commands left of themselves belongs to another time.
            connection.execute("truncate job, log")
            move_paths(connection, dags_folder, is_airflow_3=environment.is_airflow_3)
            settle_times(connection, is_airflow_3=environment.is_airflow_3)
            write_access(connection, company)
            if environment.is_airflow_3:
                jobs = _write_airflow_3(connection, company, history)
            else:
                jobs = _write_airflow_2(connection, company, history)
            write_dag_states(connection, company, plan, history)
            write_dataset_events(connection, company, history)
            write_task_outputs(connection, company, history)
            write_settings(connection, company)
            write_log(connection, company, history, jobs)
            write_leftovers(connection, environment)
            advance_sequences(connection)
        METADATA.mkdir(exist_ok=True)
        dump(url, METADATA / environment.dump_name)


def _write_airflow_2(connection: Connection, company: Company, history: History) -> list[Job]:
    settle_hashes(connection)
    hashes = look_up(connection, "select dag_id, dag_hash from serialized_dag")
    jobs = airflow_2_runs.write_runs(connection, company, history, hashes)
    write_sla_misses(connection, company, history)
    return jobs.components


def _write_airflow_3(connection: Connection, company: Company, history: History) -> list[Job]:
    versions = Versions(company)
    write_versions(connection, versions)
    settle_hashes(connection)
    runs = airflow_3_runs.write_runs(connection, company, history, versions)
    write_deadlines(connection, company, history)
    write_favorites(connection, history)
    return runs.components


def main(slugs: list[str]) -> None:
    """Build the named environments, or all."""
    for environment in ENVIRONMENTS:
        if slugs and environment.slug not in slugs:
            continue
        begun = time.monotonic()
        build(environment)
        size = (METADATA / environment.dump_name).stat().st_size / 1e6
        print(f"{environment.dump_name}: {size:.1f} MB in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
