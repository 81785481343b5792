"""Capture what real Airflows note of the commands that people type into them.

`python -m tests.real_airflow.typed [version …]` writes a data file for each version, or for all:
the rows of `log`, with a marker `CANARY-<command>-<argument>` as the value of every argument.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from tests.real_airflow import audit_events
from tests.real_airflow.install import RECIPES, airflow_environ, install, migrate, run_command
from tests.real_airflow.postgres import throwaway_postgres

FOLDER = Path(__file__).parent / "typed"

# What people type to name something, which may be read. Nothing else that they type may.
NAMES = {
    "conn_id",
    "conn_type",
    "dag_id",
    "dag_ids",
    "exclude_dag_ids",
    "key",  # of a variable
    "name",  # of an asset, or of a team
    "partition_key",
    "pool",
    "role",
    "run_id",
    "tables",
    "task_id",
    "team_name",
    "username",
}

# In small letters: Airflow writes the host of an address so.
_MARKER = re.compile(r"canary-([a-z0-9]+(?:_[a-z0-9]+)*)-([a-z0-9]+(?:_[a-z0-9]+)*)")
_SCRIPT = Path(__file__).with_name("type_in_cli.py")
_ROWS = "select event, owner, dag_id, task_id, extra from log where event like 'cli%' order by id"

Row = dict[str, str | None]


def path_of(version: str) -> Path:
    """The data file of an Airflow version."""
    return FOLDER / f"airflow-{version}.json"


def load(version: str) -> list[Row]:
    """Read the rows of an Airflow version, by column."""
    rows: list[Row] = json.loads(path_of(version).read_text(encoding="utf-8"))
    return rows


def markers(text: str) -> set[tuple[str, str]]:
    """Find the markers in a text: of each, what it was typed into, and as which argument."""
    return set(_MARKER.findall(text.lower()))


def type_commands(version: str, database_url: str) -> None:
    """Type markers into every command that Airflow `version` notes in a database of its own.

    Args:
        version: One of `RECIPES`.
        database_url: `postgresql://` URL of a metadata database of this version.

    Raises:
        PythonNotFoundError: No Python it runs on is on this machine.
        AirflowCommandError: It could not be installed, or its command line could not be read.
    """
    python = install(version) / "bin" / "python"
    with tempfile.TemporaryDirectory(prefix="airflow-home-") as home:
        environ = airflow_environ(version, database_url, Path(home)) | {"LOGNAME": "operator"}
        script = [str(python), str(_SCRIPT), str(audit_events.path_of(version))]
        run_command(script, environ, folder=Path(home))


def capture(version: str, database_url: str) -> list[Row]:
    """Let Airflow `version` note commands in a new database of its own, and read the rows.

    Raises:
        PythonNotFoundError: No Python it runs on is on this machine.
        AirflowCommandError: Airflow could not be installed, or its command line not be read.
    """
    type_commands(version, database_url)
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        return [row for row in connection.execute(_ROWS) if markers(str(row))]


def main(versions: list[str]) -> None:
    """Capture `versions` and write their data files."""
    FOLDER.mkdir(exist_ok=True)

    def migrated_and_captured(version: str) -> list[Row]:
        database_url = postgres.create_database(f"typed_{version}")
        migrate(version, database_url)
        return capture(version, database_url)

    with throwaway_postgres() as postgres, ThreadPoolExecutor(max_workers=2) as workers:
        captured = workers.map(migrated_and_captured, versions)
        for version, rows in zip(versions, captured, strict=True):
            lines = ",\n".join(f" {json.dumps(row)}" for row in rows)
            path_of(version).write_text(f"[\n{lines}\n]\n", encoding="utf-8")
            print(f"{path_of(version).name}: {len(rows)} rows")


if __name__ == "__main__":
    main(sys.argv[1:] or list(RECIPES))
