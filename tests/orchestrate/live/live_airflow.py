"""An Airflow whose scheduler runs the operators, on its own metadata database."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg import sql

from tests.extract.tap_runs import run_tap
from tests.real_airflow.postgres import ThrowawayPostgres, execute
from tests.real_airflow.running import RunningAirflow

TAKES_LONG = [pytest.mark.live_airflow, pytest.mark.timeout(900)]
_SECONDS = 120
_READER = "audit_reader"


@dataclass(frozen=True)
class LiveAirflow:
    """A running Airflow with the provider.

    Attributes:
        version: Airflow's version.
        airflow: The running components.
        database_url: Its metadata database, as its owner.
        environ: Airflow's environment variables.
    """

    version: str
    airflow: RunningAirflow
    database_url: str
    environ: dict[str, str]

    def wait_for_dags(self, *dag_ids: str) -> None:
        """Wait until all of these are parsed."""

        def missing() -> object:
            parsed = {dag_id for (dag_id,) in self.query("select dag_id from serialized_dag")}
            errors = self.query("select filename, stacktrace from import_error")
            return (set(dag_ids) - parsed) and (set(dag_ids) - parsed, errors)

        self.wait_for("the DAGs to be parsed", missing, 180)

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Ask the metadata database."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(statement, parameters).fetchall()

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

    def wait_for_success(
        self, dag_id: str, run_id: str, tasks: int, seconds: float = 2 * _SECONDS
    ) -> None:
        """Wait until this many tasks of a run have succeeded."""

        def missing() -> object:
            states = self.states(dag_id, run_id)
            assert "failed" not in states.values(), self.log(dag_id, run_id)[-5000:]
            return tasks - sum(state == "success" for state in states.values()) and states

        self.wait_for(f"all tasks of {dag_id}", missing, seconds)

    def run(self, dag_id: str, run_id: str, *states: str) -> str:
        """Start a run, wait until its task is in one of some states, and return its log."""
        self.trigger(dag_id, run_id)
        self.wait_for_state(dag_id, run_id, *states)
        return self.log(dag_id, run_id)

    def log(self, dag_id: str, run_id: str) -> str:
        """The log of all tries of a run's task."""
        folder = self.airflow.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}"
        return "\n".join(path.read_text() for path in sorted(folder.rglob("*.log")))

    def processes(self) -> list[psutil.Process]:
        """The one that supervises a running Meltano, a child of the worker, and all below it."""
        [leader] = [
            process
            for process in psutil.process_iter(["cmdline"])
            if any("supervisor.py" in part for part in process.info["cmdline"] or ())
            and process.environ().get("MELTANO_DATABASE_URI")
            == self.environ["MELTANO_DATABASE_URI"]
        ]
        return [leader, *leader.children(recursive=True)]


def wait_for_end(family: Collection[psutil.Process]) -> None:
    """Wait until none of these processes is there any more."""
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive, alive


def create_reader(
    postgres: ThrowawayPostgres,
    url: str,
    password: str,
    folder: Path,
    additional_tables: Collection[str] = (),
) -> dict[str, Any]:
    """Make the login that the tap's grants describe, whose password the server really checks.

    Args:
        postgres: The server.
        url: The metadata database, as its owner.
        password: To be set.
        folder: For what the tap needs.
        additional_tables: That it reads beside the default ones.

    Returns:
        The fields of an Airflow connection, without the password.
    """
    reader = sql.Identifier(_READER)
    address = f"postgresql://{_READER}@db/airflow"
    tables = {"additional_tables": list(additional_tables)}
    granted = run_tap(folder, database_url=address, arguments=["--grants"], **tables)
    execute(url, granted.output)
    execute(url, sql.SQL("alter role {} password {}").format(reader, sql.Literal(password)))
    hba = Path(execute(url, "show hba_file").fetchall()[0][0])
    rule = f"host all {_READER} 127.0.0.1/32 scram-sha-256\n"
    if rule not in hba.read_text():
        hba.write_text(rule + hba.read_text())
    execute(url, "select pg_reload_conf()")
    time.sleep(0.2)  # the server reads it when it comes to it
    return {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": postgres.port,
        "schema": execute(url, "select current_database()").fetchall()[0][0],
        "login": _READER,
    }
