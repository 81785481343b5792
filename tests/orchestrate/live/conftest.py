"""An Airflow whose scheduler runs the operator, on its own metadata database."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg import sql

from tests.extract.tap_runs import run_tap
from tests.orchestrate.live import dag_files
from tests.orchestrate.provider import PROVIDER, provider_environ
from tests.pipeline.meltano_runs import ROOT
from tests.real_airflow.postgres import ThrowawayPostgres, execute
from tests.real_airflow.running import RunningAirflow, running_airflow

TAKES_LONG = [pytest.mark.live_airflow, pytest.mark.timeout(900)]
_SECONDS = 120
_READER = "audit_reader"


@dataclass(frozen=True)
class LiveAirflow:
    """A running Airflow with the provider, and a login that may just read.

    Attributes:
        version: Airflow's version.
        airflow: The running components.
        database_url: Its metadata database, as its owner.
        warehouse: The DuckDB file that the environment names.
        other_warehouse: The one that the connection `other_warehouse` names.
        canaries: Passwords, which must show nowhere.
        environ: Airflow's environment variables.
    """

    version: str
    airflow: RunningAirflow
    database_url: str
    warehouse: Path
    other_warehouse: Path
    canaries: tuple[str, ...]
    environ: dict[str, str]

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the metadata database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(statement, parameters).fetchall()

    def loaded(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Start a run of one of the DAGs."""
        self.airflow.api.trigger(dag_id, run_id)

    def states(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """State of each task of a run."""
        query = """
            select task_id, state from task_instance
            where dag_id = %s and run_id = %s order by try_number
        """
        return dict(self.query(query, dag_id, run_id))

    def task(self, dag_id: str, run_id: str) -> tuple[str | None, int]:
        """State and try number of a run's task."""
        query = """
            select state, try_number from task_instance
            where dag_id = %s and run_id = %s order by try_number desc
        """
        return next(iter(self.query(query, dag_id, run_id)), (None, 0))

    def unpause(self, dag_id: str) -> str:
        """Let a DAG run by its schedule, and return the run that is due at once."""
        query = "select run_id from dag_run where dag_id = %s"
        self.airflow.api.set_paused(dag_id, paused=False)
        self.wait_for(f"a run of {dag_id}", lambda: not self.query(query, dag_id))
        [(run_id,)] = self.query(query, dag_id)
        return str(run_id)

    def wait_for(self, what: str, missing: Callable[[], object], seconds: float = _SECONDS) -> None:
        """Wait until nothing is missing."""
        self.airflow.wait_until(what, missing, seconds)

    def wait_for_state(
        self, dag_id: str, run_id: str, *states: str, seconds: float = _SECONDS
    ) -> None:
        """Wait until the task of a run is in one of some states."""

        def missing() -> object:
            state, try_number = self.task(dag_id, run_id)
            log = self.log(dag_id, run_id)[-5000:]
            assert state in states or state not in {"success", "failed"}, f"{state}\n{log}"
            return None if state in states else (state, try_number, log)

        self.wait_for(f"{dag_id} to be {' or '.join(states)}", missing, seconds)

    def run(self, dag_id: str, run_id: str, *states: str) -> str:
        """Start a run, wait until its task is in one of some states, and return its log."""
        self.trigger(dag_id, run_id)
        self.wait_for_state(dag_id, run_id, *states)
        return self.log(dag_id, run_id)

    def log(self, dag_id: str, run_id: str) -> str:
        """The log of all tries of a run's task."""
        folder = self.airflow.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}"
        return "\n".join(path.read_text() for path in sorted(folder.rglob("*.log")))


@pytest.fixture(scope="module")
def live(
    live_version: str,
    postgres: ThrowawayPostgres,
    migrated_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiveAirflow]:
    folder = tmp_path_factory.mktemp("warehouse")
    url = migrated_database(live_version)
    password = f"canary/{secrets.token_hex(8)}"
    wrong = f"canary/{secrets.token_hex(8)}"
    environ = provider_environ() | {
        "ENVIRONMENT_SLUG": "live",
        "TARGET_DUCKDB_PATH": str(folder / "warehouse.duckdb"),
        "MELTANO_DATABASE_URI": f"sqlite:///{folder / 'meltano.db'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    compiled = folder / "schedules.json"
    subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "airflow_audit.compiled_schedules", compiled],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(PROVIDER)},
        check=True,
    )
    files = dag_files.files(str(folder / "stage"), compiled.read_text())
    with running_airflow(live_version, url, files, environ) as airflow:
        _create_reader(url, password, folder)
        source = {
            "conn_type": "postgres",
            "host": "127.0.0.1",
            "port": postgres.port,
            "schema": execute(url, "select current_database()").fetchall()[0][0],
            "login": _READER,
        }
        api = airflow.api
        api.create_connection("airflow_audit_source", **source, password=password)
        api.create_connection("wrong_password", **source, password=wrong)
        other = str(folder / "other.duckdb")
        api.create_connection("other_warehouse", conn_type="generic", host=other)
        live = LiveAirflow(
            version=live_version,
            airflow=airflow,
            database_url=url,
            warehouse=folder / "warehouse.duckdb",
            other_warehouse=folder / "other.duckdb",
            canaries=(password, wrong),
            environ=environ,
        )
        live.wait_for("the DAGs to be parsed", lambda: _not_parsed(live), 180)
        for dag_id in set(dag_files.ALL) - set(dag_files.SCHEDULED):
            api.set_paused(dag_id, paused=False)
        yield live


def _not_parsed(live: LiveAirflow) -> object:
    parsed = {dag_id for (dag_id,) in live.query("select dag_id from serialized_dag")}
    errors = live.query("select filename, stacktrace from import_error")
    return (set(dag_files.ALL) - parsed) and (set(dag_files.ALL) - parsed, errors)


def _create_reader(url: str, password: str, folder: Path) -> None:
    """Make the login that the tap's grants describe, whose password the server really checks."""
    reader = sql.Identifier(_READER)
    address = f"postgresql://{_READER}@db/airflow"
    execute(url, run_tap(folder, database_url=address, arguments=["--grants"]).output)
    execute(url, sql.SQL("alter role {} password {}").format(reader, sql.Literal(password)))
    hba = Path(execute(url, "show hba_file").fetchall()[0][0])
    rule = f"host all {_READER} 127.0.0.1/32 scram-sha-256\n"
    if rule not in hba.read_text():
        hba.write_text(rule + hba.read_text())
    execute(url, "select pg_reload_conf()")
    time.sleep(0.2)  # the server reads it when it comes to it


__all__ = ["TAKES_LONG", "LiveAirflow"]
