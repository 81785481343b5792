"""Let the real Airflow make what it can make itself: tables, roles, users, pools and DAGs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from demo import inside_airflow
from demo.company import Company
from demo.dag_files import write_dag_files
from demo.plan import read_plan
from demo.present import NOW, SINCE
from demo.simulation.records import PlannedDag
from tests.real_airflow.install import airflow_environ, install, migrate

BUNDLE = "analytics-dags"
"""Name of the bundle that holds the DAGs of Airflow 3."""

PARSE = ("dag-processor", "--num-runs", 1)
PLANNED_BEFORE = timedelta(days=150)
PLANNED_AFTER = timedelta(days=100)


def make_metadata(
    company: Company, database_url: str, workspace: Path
) -> tuple[dict[str, PlannedDag], str]:
    """Migrate an empty database and let Airflow fill in all that does not happen over time.

    Args:
        company: The environment.
        database_url: `postgresql://` URL of an empty database.
        workspace: Empty folder for Airflow's home and the DAG files.

    Returns:
        The DAGs as Airflow read them, and the folder in which it found their files.

    Raises:
        subprocess.CalledProcessError: A command of Airflow failed; its output is on the terminal.
    """
    migrate(company.environment.airflow_version, database_url)
    dags_folder = workspace / "dags"
    dags_folder.mkdir()
    write_dag_files(company, dags_folder)
    run = _commands(company, database_url, workspace)

    def run_import(what: str, entries: Any) -> None:  # noqa: ANN401 - any JSON
        path = workspace / f"{what}.json"
        path.write_text(json.dumps(entries))
        run("airflow", what, "import", path)

    run("airflow", "sync-perm")
    run_import("roles", _roles(company))
    run_import("pools", _pools(company))
    run_import("users", _users(company))
    run("airflow", *PARSE)
    plan = workspace / "plan.json"
    span = SINCE - PLANNED_BEFORE, NOW + PLANNED_AFTER
    run("python", inside_airflow.__file__, plan, *(moment.isoformat() for moment in span))
    return read_plan(plan, company), str(dags_folder)


def upgrade_metadata(company: Company, database_url: str, workspace: Path) -> None:
    """Bring a database that `make_metadata` made to another version, and let that parse the DAGs.

    Args:
        company: The environment, with the version.
        database_url: `postgresql://` URL of the database.
        workspace: The folder that `make_metadata` had.

    Raises:
        subprocess.CalledProcessError: A command of Airflow failed; its output is on the terminal.
    """
    migrate(company.environment.airflow_version, database_url)
    write_dag_files(company, workspace / "dags")
    run = _commands(company, database_url, workspace)
    run("airflow", "sync-perm")
    run("airflow", *PARSE)


def _commands(company: Company, database_url: str, workspace: Path) -> Callable[..., None]:
    """What runs a program of the environment's Airflow, with arguments."""
    version = company.environment.airflow_version
    binaries = install(version) / "bin"
    environ = airflow_environ(version, database_url, workspace / "home")
    environ |= _settings(company, workspace / "dags")

    def run(program: str, *arguments: object) -> None:
        command = [str(binaries / program), *map(str, arguments)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(done.stdout[-4000:], done.stderr[-4000:], sep="\n")
            done.check_returncode()

    return run


def _settings(company: Company, dags_folder: Path) -> dict[str, str]:
    bundle = {
        "name": BUNDLE,
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(dags_folder)},
    }
    # One process and a fixed order give every row the same number in every build.
    section = "DAG_PROCESSOR" if company.environment.is_airflow_3 else "SCHEDULER"
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR": "True",
        f"AIRFLOW__{section}__PARSING_PROCESSES": "1",
        f"AIRFLOW__{section}__FILE_PARSING_SORT_MODE": "alphabetical",
        "PYTHONHASHSEED": "0",
    }


def _roles(company: Company) -> list[dict[str, str]]:
    return [
        {"name": role, "resource": resource, "action": ",".join(actions)}
        for role, permissions in company.people["roles"].items()
        for resource, actions in permissions.items()
    ]


def _pools(company: Company) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "slots": pool["slots"],
            "description": pool["description"],
            "include_deferred": False,
        }
        for name, pool in company.people["pools"].items()
    }


def _users(company: Company) -> list[dict[str, Any]]:
    return [
        {
            "username": name,
            "firstname": user["first"],
            "lastname": user["last"],
            "email": f"{name}@fernwick.example",
            # The command asks for one at least; `write_access` takes it away again.
            "roles": user["roles"] or ["Public"],
        }
        for name, user in company.people["users"].items()
    ]
