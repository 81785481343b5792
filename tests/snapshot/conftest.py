"""Real metadata databases to take snapshots of, and the command as a user runs it."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from demo.environments import ENVIRONMENTS
from tests.conftest import thinned_out
from tests.forked import ForkedCommand
from tests.real_airflow.postgres import ThrowawayPostgres, execute, throwaway_postgres

PROGRAM = Path(sys.executable).with_name("airflow-snapshot")
_COMMAND = ForkedCommand(PROGRAM, "airflow_snapshot.cli:main", "s3fs")
_numbers = itertools.count()


@dataclass
class Snapshots:
    """The command, and where it keeps snapshots.

    Attributes:
        location: Of the snapshots.
        environ: More environment variables of every command.
    """

    location: str
    environ: dict[str, str]

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """Start a command and do not wait for it."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            env=self._environment(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0, **environ: str) -> str:
        """Run a command to its end, which has to be with an exit code; return what it printed."""
        done = _COMMAND.run(*arguments, environment=self._environment(environ))
        assert done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def take(self, source: str, *arguments: str, **environ: str) -> str:
        """Take a snapshot and return its name."""
        printed = self.run("take", *arguments, AIRFLOW_SNAPSHOT_SOURCE=source, **environ)
        return printed.splitlines()[0]

    def _environment(self, environ: dict[str, str]) -> dict[str, str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW", "ENVIRONMENT_SLUG", "PG"))
        }
        own = {"AIRFLOW_SNAPSHOT_LOCATION": self.location, "ENVIRONMENT_SLUG": "shop"}
        return clean | own | self.environ | environ


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(str(tmp_path / "snapshots"), {})


def by_major_version(names: dict[str, str]) -> dict[str, str]:
    """The demo's databases by the major version of their Airflow, not by environment."""
    return {one.airflow_version[0]: names[one.slug] for one in ENVIRONMENTS}


@pytest.fixture(scope="session")
def templates(postgres: ThrowawayPostgres, demo_databases: dict[str, str]) -> dict[str, str]:
    """Names of databases with all keys and some rows of a real Airflow, by its major version."""
    return {
        version: thinned_out(postgres, demo, keep_one_in=20)
        for version, demo in by_major_version(demo_databases).items()
    }


@pytest.fixture
def copy_database(postgres: ThrowawayPostgres) -> Iterator[Callable[[str], str]]:
    """Copy a database, and give the URL of the copy."""
    names: list[str] = []

    def copy(name: str) -> str:
        names.append(f"copied_{next(_numbers)}")
        return postgres.create_database(names[-1], template=name)

    yield copy
    for name in names:
        postgres.drop_database(name)


@pytest.fixture
def source(templates: dict[str, str], copy_database: Callable[[str], str]) -> str:
    """The URL of an Airflow 3 database that a test may change."""
    return copy_database(templates["3"])


def add_rows(url: str) -> None:
    """Add so many rows that a snapshot takes a while, and some space."""
    execute(
        url,
        "insert into log (dttm, event) select now(), md5(number::text)"
        " from generate_series(1, 400000) as number",
    )


@pytest.fixture(params=["2", "3"])
def each_source(
    request: pytest.FixtureRequest,
    templates: dict[str, str],
    copy_database: Callable[[str], str],
) -> str:
    """The same of Airflow 2 and of Airflow 3."""
    return copy_database(templates[request.param])


@pytest.fixture
def new_name(postgres: ThrowawayPostgres) -> Iterator[str]:
    """A name that no database has; one of that name is dropped at the end."""
    name = f"new_{next(_numbers)}"
    yield name
    identifier = sql.Identifier(name)
    execute(
        postgres.url("postgres"),
        sql.SQL("drop database if exists {} with (force)").format(identifier),
    )


@pytest.fixture(scope="session")
def tcp_postgres() -> Iterator[ThrowawayPostgres]:
    """A server that is reached by a port, with a password."""
    with throwaway_postgres(tcp=True) as server:
        yield server


def rows_of(url: str, *tables: str) -> dict[str, list[tuple]]:
    """All rows of some tables, in order."""
    with psycopg.connect(url) as connection:
        return {
            table: sorted(
                str(row) for row in connection.execute(f"select t::text from {table} as t")
            )
            for table in tables
        }


def tables_of(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        query = "select tablename from pg_tables where schemaname = 'public' order by 1"
        return [name for (name,) in connection.execute(query)]


def databases_of(postgres: ThrowawayPostgres) -> set[str]:
    with psycopg.connect(postgres.url("postgres")) as connection:
        return {name for (name,) in connection.execute("select datname from pg_database")}


def change(manifest: Path, *keys: str, value: object) -> None:
    """Change, or with None remove, what a manifest says under some keys."""
    content = json.loads(manifest.read_text())
    place = content
    for key in keys[:-1]:
        place = place[key]
    if value is None:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    manifest.write_text(json.dumps(content))
