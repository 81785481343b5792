"""One build of two small environments, for tests to read, or to change in a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.transform.environments import AIRFLOW_2, AIRFLOW_3, THREE, TWO
from tests.transform.mart_rows import Rows
from tests.transform.raw_tables import load_environment
from tests.transform.running_dbt import DbtProject, DbtRun

BOTH = f"{TWO},{THREE}"


@dataclass(frozen=True)
class OneBuild:
    """What one build of both environments left.

    Attributes:
        project: The project; its warehouse is for a test to change.
        run: The build.
        warehouse: The warehouse as the build left it, which nobody changes.
    """

    project: DbtProject
    run: DbtRun
    warehouse: Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> OneBuild:
    folder = tmp_path_factory.mktemp("transform")
    project = DbtProject(folder / "warehouse.duckdb", folder)
    with duckdb.connect(str(project.warehouse)) as warehouse:
        load_environment(warehouse, TWO, "2.11.0", AIRFLOW_2)
        load_environment(warehouse, THREE, "3.3.2", AIRFLOW_3, reverse_columns=True)
    run = project.run("build", ENVIRONMENT_SLUGS=BOTH)
    assert run.exit_code == 0, run.output
    (folder / "built").mkdir()
    return OneBuild(project, run, shutil.copy(project.warehouse, folder / "built"))


@pytest.fixture
def project(built: OneBuild) -> DbtProject:
    """The project, with the warehouse as the build left it."""
    shutil.copy(built.warehouse, built.project.warehouse)
    return built.project


@pytest.fixture(scope="session")
def manifest(built: OneBuild) -> dict[str, Any]:
    """What dbt has parsed, and found valid as it did so."""
    return built.project.manifest()


@pytest.fixture(scope="session")
def warehouse(built: OneBuild) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse as the build left it, to be read."""
    with duckdb.connect(str(built.warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'; use airflow_audit")
        yield connection


@pytest.fixture
def rows_of(warehouse: duckdb.DuckDBPyConnection) -> Rows:
    """Return a function that gives the rows of a query."""
    return lambda query: warehouse.execute(query).fetchall()
