"""Make the demo's snapshots: `make demo-data`, or `python -m demo.build [environment …]`.

Real Airflow migrates an empty database and fills in what it parses; the rest is simulated. Takes a
few minutes, most of them to install the two Airflows.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psycopg

from airflow_snapshot.database import connected, parse_address
from airflow_snapshot.manifest import Manifest
from airflow_snapshot.progress import Progress
from airflow_snapshot.store import Store
from airflow_snapshot.take import TakeRequest, take
from demo.company import Company, load
from demo.environments import ENVIRONMENTS, METADATA, Environment
from demo.present import EARLIER, NOW
from demo.real_airflow import make_metadata, upgrade_metadata
from demo.simulation.records import History, PlannedDag
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


def build(environment: Environment) -> Iterator[Manifest]:
    """Make an environment's database at both moments; give its new snapshots."""
    company = load(environment)
    with (
        throwaway_postgres() as postgres,
        tempfile.TemporaryDirectory(prefix="demo-airflow-") as workspace,
    ):
        # One comes of the other, so that what both have has the same numbers.
        url = postgres.create_database("parsed")
        before = replace(company, environment=environment.before_upgrade)
        plan, dags_folder = make_metadata(before, url, Path(workspace))
        for moment, then in ((EARLIER, before), (NOW, company)):
            url = postgres.create_database(f"until_{moment:%m_%d}", template="parsed")
            if then.environment != before.environment:
                upgrade_metadata(then, url, Path(workspace))
            history = simulate(company, plan, moment)
            with psycopg.connect(url) as connection:
                _write(connection, then, plan, history, dags_folder)
            yield take_snapshot(url, environment, moment)


def _write(
    connection: Connection,
    company: Company,
    plan: dict[str, PlannedDag],
    history: History,
    dags_folder: str,
) -> None:
    is_3, until = company.environment.is_airflow_3, history.until
    everything, company = company, company.as_of(until)
    # What the commands left of themselves belongs to another time.
    connection.execute("truncate job, log")
    move_paths(connection, dags_folder, is_airflow_3=is_3)
    settle_times(connection, until, is_airflow_3=is_3)
    write_access(connection, company, until)
    if is_3:
        versions = Versions(everything, until)
        jobs = _write_airflow_3(connection, company, history, versions)
    else:
        jobs = _write_airflow_2(connection, company, history)
    write_dag_states(connection, company, plan, history)
    write_dataset_events(connection, company, history)
    write_task_outputs(connection, company, history)
    write_settings(connection, company, until)
    write_log(connection, company, history, jobs)
    write_leftovers(connection, company.environment)
    advance_sequences(connection)


def take_snapshot(url: str, environment: Environment, moment: datetime) -> Manifest:
    """Take the environment's snapshot of its finished database, in place of the one before.

    Args:
        url: `postgresql://` URL of the database.
        environment: The database's.
        moment: When it is as if taken.
    """
    name = environment.snapshot_at(moment)
    address = f"postgresql://airflow@postgres.fernwick.example:5432/{environment.slug}"
    parameters = parse_address(url, "url")
    with connected(parameters) as connection:
        query = (
            "select distinct job_type || '@' || hostname from job where state = 'running'"
            " and job_type not in ('LocalTaskJob', 'BackfillJob') order by 1"
        )
        alive = tuple(component for (component,) in connection.execute(query))
    with tempfile.TemporaryDirectory(prefix="demo-snapshot-") as folder:
        wanted = TakeRequest(parameters, "public", environment.slug)
        taken = take(wanted, Store(folder), Progress("Taking"))
        # The company's present is not ours: at the moment at which this is really taken, its tasks
        # have run for days, and its schedulers are long dead. Its database has a place of its own.
        manifest = replace(
            taken,
            name=name,
            taken_at=moment,
            source=replace(taken.source, address=address),
            running=replace(taken.running, components=alive),
            archive=replace(taken.archive, file=f"{name}.dump"),
        )
        METADATA.mkdir(exist_ok=True)
        shutil.move(Path(folder) / taken.archive.file, METADATA / manifest.archive.file)
        Store(str(METADATA)).add(manifest)
    return manifest


def _write_airflow_2(connection: Connection, company: Company, history: History) -> list[Job]:
    settle_hashes(connection)
    hashes = look_up(connection, "select dag_id, dag_hash from serialized_dag")
    jobs = airflow_2_runs.write_runs(connection, company, history, hashes)
    write_sla_misses(connection, company, history)
    return jobs.components


def _write_airflow_3(
    connection: Connection, company: Company, history: History, versions: Versions
) -> list[Job]:
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
        for manifest in build(environment):
            size = manifest.archive.size / 1e6
            print(f"{manifest.name}: {size:.1f} MB, {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
